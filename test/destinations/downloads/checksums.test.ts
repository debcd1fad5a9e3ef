import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { checksumsText, parseChecksums } from '../../../pipe/destinations/downloads/checksums.ts';

it('is a list that the real sha256sum accepts, even with unusual names', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sums-'));
  const names = ['plain.zip', 'with space', 'back\\slash', 'new\nline', 'return\rhere', 'ünï', '*star', '-dash'];
  for (const name of names) writeFileSync(join(directory, name), name);
  const text = checksumsText(names.map((name) => ({ name, sha256: createHash('sha256').update(name).digest('hex') })));
  writeFileSync(join(directory, 'SHA256SUMS'), text);
  const checked = execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
    cwd: directory,
    encoding: 'utf8',
  });
  rmSync(directory, { recursive: true });
  expect(checked.match(/: OK$/gm)).toHaveLength(names.length);
});

it('does not depend on the order of the files', () => {
  const [a, b] = [
    { name: 'a', sha256: '1' },
    { name: 'b', sha256: '2' },
  ];
  expect(checksumsText([b, a])).toBe('1  a\n2  b\n');
});

const sha256 = 'ab'.repeat(32);

it.each<[string, string, Readonly<Record<string, string>>, number]>([
  ['text', `${sha256}  a.txt\n`, { 'a.txt': sha256 }, 0],
  ['binary', `${sha256} *a.txt\n`, { 'a.txt': sha256 }, 0],
  ['capitals', `${sha256.toUpperCase()}  A.txt\n`, { 'A.txt': sha256 }, 0],
  [
    'the line breaks of Windows',
    `${sha256}  a.txt\r\n\r\n${sha256}  b.txt\r\n`,
    { 'a.txt': sha256, 'b.txt': sha256 },
    0,
  ],
  ['escaped names', `\\${sha256}  a\\nb\\\\c\\rd\n`, { 'a\nb\\c\rd': sha256 }, 0],
  ['names that only look escaped', `${sha256}  a\\nb\n`, { 'a\\nb': sha256 }, 0],
  ['the last of two lines for a name', `${'0'.repeat(64)}  a\n${sha256}  a\n`, { a: sha256 }, 0],
  ['nothing', '', {}, 0],
  ['blank lines', '\n \n\t\n', {}, 0],
  [
    'lines of other formats',
    `# comment\nSHA256 (a) = ${sha256}\n${sha256}\n${sha256}  \n${sha256.slice(1)}  short\n${sha256}0  long\n${sha256}  a\n`,
    { a: sha256 },
    6,
  ],
])('a list is read that has %s', (_, text, lines, otherLines) => {
  expect(parseChecksums(text)).toEqual({ text, lines: new Map(Object.entries(lines)), otherLines });
});
