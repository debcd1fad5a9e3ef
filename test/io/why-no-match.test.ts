import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { whyNoMatch } from '../../pipe/io/why-no-match.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'why-no-match-'));
  const files = [
    'dist/app-1.0.zip',
    'dist/notes.txt',
    'build/libs/core.jar',
    '.cache/app.tgz',
    'node_modules/x/app.tar',
  ];
  for (const path of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), '');
  }
  await mkdir(join(directory, 'out'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

it.each([
  ['dist/app-1.1.zip', ': did you mean dist/app-1.0.zip?'],
  ['DIST/app-1.0.zip', ': did you mean dist/app-1.0.zip? Upper and lower case differ'],
  ['app-1.0.zip', ': did you mean dist/app-1.0.zip?'],
  ['App-1.0.zip', ': did you mean dist/app-1.0.zip?'],
  ['target/core.jar', ': did you mean build/libs/core.jar?'],
  ['./dist/note.txt', ': did you mean dist/notes.txt?'],
  ['*.zip', ': did you mean dist/*.zip?'],
  ['dits/*', ': did you mean dist/*?'],
  ['build/*.jar', ': did you mean build/libs/*.jar?'],
  ['dist/*.ZIP', ': did you mean dist/app-1.0.zip? Upper and lower case differ'],
  [
    '$DIR/app.zip',
    ': $DIR was not expanded. Is DIR defined for this repository, workspace or deployment, or earlier in this step?',
  ],
  ["'dist/*'", ': the quotation marks are part of the name. Leave them out'],
  [
    'C:/build/app.zip',
    ': the pipe runs in a Linux container, which has no drives. Write a path relative to the clone, with /',
  ],
  ['dist\\x', ': the pipe runs on Linux. Write / instead of \\, as in dist/x'],
  ['a.zip,b.zip', ': the comma is part of the name. Write several names as an array'],
  ['a.zip,{b,c}', ': the comma is part of the name. Write several names as an array'],
  ['a.zip,', ': the comma is part of the name. Write several names as an array'],
  ['dist/notes.txt/', ': dist/notes.txt is not a directory. Leave out the slash at the end'],
  ['/elsewhere/app.zip', '. A pipe runs in its own container, which sees only the clone directory'],
])('%s%s', async (pattern, text) => {
  expect(await whyNoMatch(pattern, directory)).toEqual({ text, isMissing: false });
});

it.each([
  ['out/*.zip', ': out is empty'],
  ['out/**/*.exe', ': out is empty'],
  ['dist/*.exe', ': dist has only app-1.0.zip, notes.txt'],
  ['reports/coverage.xml', ': there is no directory reports, only .cache/, build/, dist/, node_modules/, out/'],
  ['out/linux/program', ': there is no directory out/linux'],
  ['dist/linux/x64/program', ': there is no directory dist/linux, only app-1.0.zip, notes.txt'],
  ['dist/{a,b}.exe', ': dist has only app-1.0.zip, notes.txt'],
  ['dist/notes.txt/*', ': dist/notes.txt is not a directory that can be read'],
  ['*.tgz', ', which has only .cache/, build/, dist/, node_modules/, out/'],
])('%s%s, so it may be missing', async (pattern, text) => {
  expect(await whyNoMatch(pattern, directory)).toEqual({ text, isMissing: true });
});

it('says that the working directory is empty', async () => {
  expect(await whyNoMatch('*.tgz', join(directory, 'out'))).toEqual({ text: ', which is empty', isMissing: true });
});
