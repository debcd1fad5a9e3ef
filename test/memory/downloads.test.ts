import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useBundle } from '../run-bundle.ts';

const fixture = useBundle();

describe('an upload takes constant memory', () => {
  it.each([
    ['streamed', {}],
    ['hashed', { EXTRA_ARGS: "['--checksums=each', '--concurrency', '8']" }],
  ])(
    'at most 120 MB for 256 MiB and for 1 GiB, %s, within 10 MB of each other',
    async (_, env) => {
      const peaks: number[] = [];
      for (const mebibytes of [256, 1024]) {
        await (await open(join(fixture.directory, 'large.bin'), 'w')).close();
        await truncate(join(fixture.directory, 'large.bin'), mebibytes * 1024 ** 2);
        const { exitCode, peakBytes } = await fixture.start({ FILENAME: 'large.bin', ...env }).ended;
        expect(exitCode).toBe(0);
        peaks.push(peakBytes / 1024 ** 2);
      }
      const [small = Infinity, large = Infinity] = peaks;
      expect(Math.max(small, large)).toBeLessThan(120);
      expect(Math.abs(large - small)).toBeLessThan(10);
    },
    60_000,
  );

  it('at most 150 MB for 64 files at once', async () => {
    for (let index = 0; index < 64; index++) {
      const path = join(fixture.directory, `${index}.bin`);
      await (await open(path, 'w')).close();
      await truncate(path, 16 * 1024 ** 2);
    }
    const env = { FILENAME: '*.bin', EXTRA_ARGS: "['--concurrency', '64']" };
    const { exitCode, peakBytes } = await fixture.start(env).ended;
    expect(exitCode).toBe(0);
    expect(peakBytes).toBeLessThan(150e6);
  }, 60_000);
});
