import { expect, it } from '@jest/globals';
import { runCompressionProgram, useCompressionProgram } from './compression-program.ts';

const program = useCompressionProgram();

it.each([
  ['the source', 'gzip', () => program.sources],
  ['the source', 'zstd', () => program.sources],
  ['the bundle', 'gzip', () => program.bundle],
  ['the bundle', 'zstd', () => program.bundle],
])(
  '%s, for %s, runs as a process that ends by itself',
  async (_, format, path) => {
    expect((await runCompressionProgram(path(), format, '5', 'check')).isRight).toBe(true);
    await runCompressionProgram(path(), format, '5', 'stop');
  },
  60_000,
);
