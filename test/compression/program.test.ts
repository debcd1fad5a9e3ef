import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mebibyte } from './samples.ts';

const run = promisify(execFile);
const program = join(__dirname, 'pack-generated.ts');

interface Printed {
  readonly engine: string;
  readonly isRight: boolean;
  readonly size: number;
  readonly peakBytes: number;
}

let directory = '';
/** The program in one file, as the pipe ships: minified, with its functions' names kept. */
let bundle = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'compression-test-'));
  bundle = join(directory, 'program.mjs');
  const options = { bundle: true, platform: 'node', format: 'esm', minify: true, keepNames: true, outfile: bundle };
  const script = `require('esbuild').buildSync(${JSON.stringify({ ...options, entryPoints: [program] })})`;
  await run(process.execPath, ['--eval', script], { cwd: __dirname });
});
afterAll(async () => await rm(directory, { recursive: true }));

async function start(path: string, ...args: readonly string[]): Promise<Printed> {
  const { stdout, stderr } = await run(process.execPath, [path, ...args], { timeout: 60_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Printed;
}

it.each([
  ['the sources', 'gzip', () => program],
  ['the sources', 'zstd', () => program],
  ['a bundle', 'gzip', () => bundle],
  ['a bundle', 'zstd', () => bundle],
])(
  '%s, for %s, run as a process that ends on its own',
  async (_, format, path) => {
    expect((await start(path(), format, '5', 'check')).isRight).toBe(true);
    await start(path(), format, '5', 'stop');
  },
  60_000,
);

it.each(['gzip', 'zstd'])(
  '%s takes less than 160 MB of memory for 512 MiB',
  async (format) => {
    const { size, peakBytes } = await start(bundle, format, '512', 'measure');
    expect(size).toBeGreaterThan(0.86 * 512 * mebibyte);
    expect(peakBytes).toBeLessThan(160e6);
  },
  60_000,
);
