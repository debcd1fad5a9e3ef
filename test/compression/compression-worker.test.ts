import { expect, it } from '@jest/globals';
import { runCompressionProgram, useCompressionProgram } from './compression-program.ts';

const program = useCompressionProgram();

it.each([
  ['the sources', 'gzip', () => program.sources],
  ['the sources', 'zstd', () => program.sources],
  ['a bundle', 'gzip', () => program.bundle],
  ['a bundle', 'zstd', () => program.bundle],
])(
  '%s, for %s, run as a process that ends on its own',
  async (_, format, path) => {
    expect((await runCompressionProgram(path(), format, '5', 'check')).isRight).toBe(true);
    await runCompressionProgram(path(), format, '5', 'stop');
  },
  60_000,
);
