import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { tokens } from '../sandbox/tokens.ts';
import { useBundle } from '../run-bundle.ts';
import { writeSparse } from './sparse.ts';

const fixture = useBundle();

it.each([
  ['packed', { ID: 'app', VERSION: '1.0.0', SOURCE_PATH: 'dist', OUTPUT_PATH: 'out' }],
  ['packed as a tar', { ID: 'app', VERSION: '1.0.0', SOURCE_PATH: 'dist', OUTPUT_PATH: 'out', FORMAT: 'tar.gz' }],
  ['packed and sent', { ID: 'app', VERSION: '1.0.0', SOURCE_PATH: 'dist' }],
  ['sent', { TYPE: 'octopus', FILENAME: 'dist/large.1.0.0.zip' }],
])(
  'a package of 2 GiB takes at most 160 MB when it is %s',
  async (kind, env) => {
    await mkdir(join(fixture.directory, 'dist'));
    await writeSparse(join(fixture.directory, 'dist/large.1.0.0.zip'), { zeros: 2 * 1024 ** 3 });
    const server = kind.endsWith('sent') ? { REGISTRY: fixture.sandbox.octopusUrl, TOKEN: tokens.octopusKey } : {};
    const { exitCode, output, peakBytes } = await fixture.start({ ...env, ...server }).ended;
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
    expect(peakBytes).toBeLessThan(160e6);
  },
  300_000,
);
