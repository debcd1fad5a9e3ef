/** A release publishes the files that were tested, or nothing. */

import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Finished, runCommand } from './run-command.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tested-files-'));
  await cp(join(__dirname, '..', '..', 'ci-scripts'), join(directory, 'ci-scripts'), { recursive: true });
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function writeSbom(files: Readonly<Record<string, string>>): Promise<void> {
  const file = ([name, content]: [string, string]): object => ({ name, hashes: [{ alg: 'SHA-256', content }] });
  const [first, ...rest] = Object.entries(files).map(file);
  const sbom = { metadata: { component: { components: [first] } }, components: [{ components: rest }, { name: 'x' }] };
  await writeFile(join(directory, 'sbom.json'), JSON.stringify(sbom));
}

const run = async (program: string, ...words: readonly string[]): Promise<Finished> =>
  await runCommand(program, words, { cwd: directory });
const compare = async (): Promise<Finished> => await run('ci-scripts/compare-tested.sh', 'amd64', 'sbom.json');

it('compares nothing if no list was left', async () => {
  expect(await compare()).toEqual({ exitCode: 0, output: '' });
});

it('accepts a version of the same files, and refuses one with another file', async () => {
  const files = { 'usr/lib/libc.so': 'aaaa', 'dist/pipe.js': 'bbbb' };
  await writeSbom({ ...files, 'pipe.yml': 'version 1', 'dist/cache/v26/1': 'one processor' });
  const listed = await run('node', 'ci-scripts/list-image-files.mjs', 'sbom.json');
  expect(listed).toEqual({ exitCode: 0, output: 'aaaa  usr/lib/libc.so\nbbbb  dist/pipe.js\n' });
  await mkdir(join(directory, 'dist'));
  await writeFile(join(directory, 'dist/tested-amd64.txt'), listed.output);

  await writeSbom({ ...files, 'pipe.yml': 'version 2', 'dist/cache/v26/2': 'another processor' });
  expect(await compare()).toEqual({ exitCode: 0, output: 'The image for amd64 has the files that were tested.\n' });
  await writeSbom({ ...files, 'usr/lib/libc.so': 'cccc' });
  const { exitCode, output } = await compare();
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringContaining('✖ the image for amd64 differs'),
  });
  expect(output).toContain('> cccc  usr/lib/libc.so');
});
