import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { runCompressionProgram, useCompressionProgram } from '../compression/compression-program.ts';
import { mebibyte } from '../compression/samples.ts';

const program = useCompressionProgram();

it.each(['gzip', 'zstd'])(
  'compressing 1 GiB with %s takes less than 160 MB of memory',
  async (format) => {
    const { size, peakBytes } = await runCompressionProgram(program.bundle, format, '1024', 'measure');
    expect(size).toBeGreaterThan(0.86 * 1024 * mebibyte);
    expect(peakBytes).toBeLessThan(160e6);
  },
  60_000,
);

it.each(['gzip', 'zstd'])(
  'checking a %s layer of 256 MiB takes less than 105 MB of memory',
  async (format) => {
    const program = join(__dirname, '..', 'oci', 'check-generated.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program, format, '256']);
    expect(Number(stdout)).toBeGreaterThan(20e6);
    expect(Number(stdout)).toBeLessThan(105e6);
  },
  60_000,
);
