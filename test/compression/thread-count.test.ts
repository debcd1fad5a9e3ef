import { describe, expect, it } from '@jest/globals';
import { resourcesOf, threadCount } from '../../pipe/compression/thread-count.ts';

const none = { processors: undefined, memory: undefined };
const MB = 1e6;

describe('the processors and the memory that may be used', () => {
  it.each([
    [1, none, 1, 160],
    [2, none, 2, 160],
    [4, none, 4, 160],
    [8, none, 8, 208],
    [16, none, 16, 304],
    [64, none, 64, 880],
    [16, { ...none, processors: 2 }, 2, 160],
    [16, { ...none, processors: 1.5 }, 2, 160],
    [16, { ...none, processors: 0.25 }, 1, 160],
    [2, { ...none, processors: 8 }, 2, 160],
    [16, { ...none, memory: 4096 * MB }, 16, 304],
    [16, { ...none, memory: 512 * MB }, 16, 256],
    [2, { ...none, memory: 256 * MB }, 2, 128],
    [16, { processors: 8, memory: 400 * MB }, 8, 200],
  ])('of %d processors with the limits %j are %d and %d MB', (parallelism, limits, processors, memory) => {
    expect(resourcesOf(parallelism, limits)).toEqual({ processors, memory: memory * MB });
  });
});

describe('the number of threads', () => {
  const bytesOf = (threads: number): number => 30 * MB + threads * 12 * MB;

  it.each([
    [1, 160, 1],
    [2, 160, 2],
    [4, 160, 3],
    [8, 208, 7],
    [2, 128, 1],
    // It cannot be none.
    [4, 60, 1],
  ])('for %d processors and %d MB is %d', (processors, megabytes, threads) => {
    expect(threadCount({ processors, memory: megabytes * MB }, bytesOf)).toBe(threads);
  });
});
