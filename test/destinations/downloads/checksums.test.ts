import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { checksumsText } from '../../../pipe/destinations/downloads/checksums.ts';

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
