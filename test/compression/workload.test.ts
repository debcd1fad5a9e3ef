import { describe, expect, it } from '@jest/globals';
import { workloadOf } from '../../pipe/compression/workload.ts';

const mebibyte = 1024 * 1024;

describe('the work for gzip', () => {
  it('is small blocks, two at a time for each thread of ours', () => {
    expect(workloadOf({ format: 'gzip', threads: 4 })).toEqual({
      threads: 4,
      workers: 4,
      codecs: 4,
      blocksPerWorker: 2,
      blockBytes: mebibyte,
      blocks: { inputs: 15, outputs: 14, least: 3, leastAfterMs: 0 },
      lendsOutputs: true,
    });
  });
});

describe('the work for zstd', () => {
  it.each([1, 2, 8])('on %d threads is as many blocks of 8 MiB at a time, by one thread of ours', (threads) => {
    expect(workloadOf({ format: 'zstd', threads })).toEqual({
      threads,
      workers: 1,
      codecs: threads + 2,
      blocksPerWorker: threads,
      blockBytes: 8 * mebibyte,
      blocks: { inputs: threads, outputs: threads + 1, least: 1, leastAfterMs: 20_000 },
      lendsOutputs: false,
    });
  });

  it.each([
    [undefined, 8],
    ['auto', 8],
    [15, 8],
    [16, 2],
    [19, 2],
  ] as const)('at level %s is blocks of %d MiB', (level, mebibytes) => {
    expect(workloadOf({ format: 'zstd', level, threads: 2 }).blockBytes).toBe(mebibytes * mebibyte);
  });
});

it.each(['gzip', 'zstd'] as const)('takes at least one thread of this machine for %s', (format) => {
  expect(workloadOf({ format }).threads).toBeGreaterThanOrEqual(1);
});
