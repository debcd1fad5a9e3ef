/** Runs compress-generated.ts, from source or bundled like the pipe. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from '@jest/globals';

const run = promisify(execFile);
const sources = join(__dirname, 'compress-generated.ts');

export interface Printed {
  readonly codec: string;
  readonly isRight: boolean;
  readonly size: number;
  readonly peakBytes: number;
}

/** Bundles the program for the tests of a file. @returns the paths of the source and the bundle */
export function useCompressionProgram(): { readonly sources: string; readonly bundle: string } {
  let directory = '';
  /** In one file, as the pipe ships: minified, with function names kept. */
  let bundle = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'compression-test-'));
    bundle = join(directory, 'program.mjs');
    const options = { bundle: true, platform: 'node', format: 'esm', minify: true, keepNames: true, outfile: bundle };
    const script = `require('esbuild').buildSync(${JSON.stringify({ ...options, entryPoints: [sources] })})`;
    await run(process.execPath, ['--eval', script], { cwd: __dirname });
  });
  afterAll(async () => await rm(directory, { recursive: true }));
  return {
    sources,
    get bundle() {
      return bundle;
    },
  };
}

export async function runCompressionProgram(path: string, ...args: readonly string[]): Promise<Printed> {
  const { stdout, stderr } = await run(process.execPath, [path, ...args], { timeout: 60_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Printed;
}
