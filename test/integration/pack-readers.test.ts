/** Other programs read what the pipe packs: unzip, bsdtar, GNU tar, jar and Python's modules. */

import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PackFormat } from '../../pipe/archive/pack/format.ts';
import { packFile } from '../../pipe/archive/pack/pack-file.ts';
import { selectTree } from '../../pipe/io/select-tree.ts';
import { itIf } from '../skip-unless.ts';
import { hasProgram } from './has-program.ts';

const execute = promisify(execFile);

const content: Readonly<Record<string, string>> = {
  'a.txt': 'content of a',
  'bin/run': '#!/bin/sh\n',
  'ünï/cødé 漢字.txt': 'names',
  [`deep/${'d'.repeat(60)}/${'e'.repeat(60)}/long name.txt`]: 'long',
  empty: '',
  'large.bin': 'abcdefghijklmnop'.repeat(200_000),
};

let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pack-'));
  for (const [path, text] of Object.entries(content)) {
    mkdirSync(dirname(join(root, 'dist', path)), { recursive: true });
    writeFileSync(join(root, 'dist', path), text);
  }
  chmodSync(join(root, 'dist/bin/run'), 0o755);
  mkdirSync(join(root, 'dist/logs'));
  for (const format of ['zip', 'nupkg', 'tar', 'tar.gz'] as const) await pack(format);
});

afterAll(async () => await rm(root, { recursive: true, force: true }));

async function pack(format: PackFormat): Promise<void> {
  const tree = await selectTree({ form: 'string', value: 'dist' }, { workingDirectory: root });
  const identity = { id: 'app', version: '1.0' };
  const { signal } = new AbortController();
  const time = Date.UTC(2026, 0, 2, 3, 4, 6);
  await packFile(tree, join(root, `app.${format}`), { name: format, format, identity, time, signal });
}

const readers: readonly (readonly [program: string, format: PackFormat, words: readonly string[]])[] = [
  ['unzip', 'zip', ['-q']],
  ['bsdtar', 'zip', ['-xf']],
  ['bsdtar', 'tar', ['-xf']],
  ['bsdtar', 'tar.gz', ['-xf']],
  ['tar', 'tar', ['-xf']],
  ['tar', 'tar.gz', ['-xzf']],
  ['jar', 'zip', ['-xf']],
  ['python3', 'zip', ['-m', 'zipfile', '-e']],
  ['python3', 'tar', ['-m', 'tarfile', '-e']],
  ['python3', 'tar.gz', ['-m', 'tarfile', '-e']],
];

describe.each(readers)('%s unpacks a %s', (program, format, words) => {
  itIf(hasProgram(program), `${program} is not installed`)('with every file and directory', async () => {
    const directory = join(root, `${program}-${format}`);
    mkdirSync(directory);
    const archive = join(root, `app.${format}`);
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    await execute(program, [...words, archive, ...(program === 'python3' ? [directory] : [])], { cwd: directory, env });
    for (const [path, text] of Object.entries(content)) expect(readFileSync(join(directory, path), 'utf8')).toBe(text);
    expect(await readdir(join(directory, 'logs'))).toEqual([]);
    // jar and Python's zipfile restore neither rights nor times.
    if (program === 'jar' || (program === 'python3' && format === 'zip')) return;
    expect(statSync(join(directory, 'bin/run')).mode & 0o111).toBe(0o111);
    expect(statSync(join(directory, 'a.txt')).mode & 0o777).toBe(0o644);
  });
});

itIf(hasProgram('unzip'), 'unzip is not installed')('unzip finds no fault with a NuGet package', async () => {
  const { stdout } = await execute('unzip', ['-t', join(root, 'app.nupkg')]);
  expect(stdout).toContain('No errors detected');
  expect(stdout).toContain('app.nuspec');
});

it('tar states the time that is given', async () => {
  const { stdout } = await execute('tar', ['-tvf', join(root, 'app.tar'), '--utc', '--full-time']);
  expect(stdout).toMatch(/^-rw-r--r-- 0\/0 +12 2026-01-02 03:04:06 a\.txt$/m);
});
