/** The bundle as a process whose files must stay short, as on a disk that is almost full. */

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { useBundle } from '../run-bundle.ts';

const fixture = useBundle();

// By default, the signal would end the process.
const allow100Bytes = `
  process.on('SIGXFSZ', () => undefined);
  require('node:child_process').execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=100']);`;

it('leaves no part of a result behind', async () => {
  const preload = join(fixture.directory, 'preload.cjs');
  await writeFile(preload, allow100Bytes);
  await writeFile(join(fixture.directory, 'a.txt'), 'content');
  const env = { FILENAME: 'a.txt', BITBUCKET_PIPE_STORAGE_DIR: 'storage', EXTRA_ARGS: '--output=out.json' };
  const PATH = process.env['PATH'] ?? '';
  const { exitCode, output } = await fixture.start({ ...env, PATH, NODE_OPTIONS: `--require=${preload}` }).ended;
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/^✔ Uploaded 1 file/m) });
  expect(output).toMatch(/^WARNING: The result could not be written to \S+out\.json \(--output\): EFBIG/m);
  expect(output).toMatch(/^WARNING: The result could not be written to \S+ \(BITBUCKET_PIPE_STORAGE_DIR\): EFBIG/m);
  expect(await readdir(join(fixture.directory, 'storage'))).toEqual([]);
  expect((await readdir(fixture.directory)).toSorted()).toEqual(['a.txt', 'preload.cjs', 'storage']);
});
