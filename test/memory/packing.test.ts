import { open, mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { tokens } from '../sandbox/tokens.ts';
import { useBundle } from '../run-bundle.ts';

const fixture = useBundle();

/** Without its blocks on the disk, which would be most of the time. */
async function makeSparse(path: string, mebibytes: number): Promise<void> {
  await (await open(join(fixture.directory, path), 'w')).close();
  await truncate(join(fixture.directory, path), mebibytes * 1024 ** 2);
}

it.each([
  ['packed', { ID: 'app', VERSION: '1.0.0', SOURCE_PATH: 'dist', OUTPUT_PATH: 'out' }],
  ['packed as a tar', { ID: 'app', VERSION: '1.0.0', SOURCE_PATH: 'dist', OUTPUT_PATH: 'out', FORMAT: 'tar.gz' }],
  ['sent', { TYPE: 'octopus', FILENAME: 'dist/large.1.0.0.zip' }],
])(
  'a package of 2 GiB takes at most 160 MB when it is %s',
  async (kind, env) => {
    await mkdir(join(fixture.directory, 'dist'));
    await makeSparse('dist/large.1.0.0.zip', 2048);
    const server = kind === 'sent' ? { REGISTRY: fixture.sandbox.octopusUrl, TOKEN: tokens.octopusKey } : {};
    const { exitCode, output, peakBytes } = await fixture.start({ ...env, ...server }).ended;
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
    expect(peakBytes).toBeLessThan(160e6);
  },
  300_000,
);
