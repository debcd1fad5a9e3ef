import { describe, expect, it } from '@jest/globals';
import { type Level, type Levels, levelsOf } from '../../pipe/compression/levels.ts';
import { Pace, strongestInTime } from '../../pipe/compression/pace.ts';
import { simulate } from './line-simulation.ts';

const mebibyte = 1024 * 1024;

const levels: Levels = [
  { level: 3, ms: 10 },
  { level: 6, ms: 15 },
  { level: 10, ms: 100 },
];

describe('the strongest level in time', () => {
  it.each([
    [0, 1, 3],
    [9, 1, 3],
    [10, 1, 3],
    [14.9, 1, 3],
    [15, 1, 6],
    [99, 1, 6],
    [100, 1, 10],
    [Infinity, 1, 10],
    [100, 2, 6],
    [29, 2, 3],
    [50, 0.5, 10],
  ])('with %d ms left, on a machine %d times as slow, is %d', (msLeft, slowness, level) => {
    expect(strongestInTime(levels, msLeft, slowness).level).toBe(level);
  });

  it.each(Object.entries(levelsOf))('has levels sorted by time and by strength, for %s', (_, levels) => {
    expect([...levels].sort((a, b) => a.ms - b.ms)).toEqual(levels);
    expect([...levels].sort((a, b) => a.level - b.level)).toEqual(levels);
  });
});

describe('the level of the next block', () => {
  function learned(msPerChunk: number, compressingMs = 7): Pace {
    const pace = new Pace(2, mebibyte);
    for (let block = 0; block < 200; block++) {
      pace.taken(400_000, msPerChunk, block);
      pace.compressed(levelsOf.libdeflate[0], compressingMs, mebibyte);
    }
    return pace;
  }
  const full = { readyBytes: 2_000_000, uncompressedBlocks: 3 };

  const fastest = { level: 4, denseLevel: 1 };

  it.each<
    [string, Pace, { readonly readyBytes: number; readonly uncompressedBlocks: number }, Partial<Level> | number]
  >([
    ['the fastest while nothing is known', new Pace(2, mebibyte), full, fastest],
    ['the fastest if nothing is ready, even on the slowest line', learned(10_000), { ...full, readyBytes: 0 }, fastest],
    ['the fastest if the consumer takes everything immediately', learned(0), full, fastest],
    ['a medium one if the line is slightly slower than the threads', learned(3), full, 6],
    ['a strong one if the line is slow', learned(8), full, 7],
    ['the strongest if the line is very slow', learned(100), full, 10],
    ['a weaker one on a slow machine', learned(100, 60), full, 7],
  ])('is %s', (_, pace, ahead, level) => {
    expect(pace.choose('libdeflate', ahead)).toMatchObject(typeof level === 'number' ? { level } : level);
  });

  it.each([
    ['the fastest if each block is needed as soon as the threads have compressed it', 3.5, 1],
    ['a stronger one if blocks are needed less often, even if several at once and immediately', 20, 7],
  ])('is %s', (_, msBetween, level) => {
    const pace = new Pace(2, mebibyte);
    for (let block = 0; block < 300; block += 3)
      for (const each of [0, 1, 2]) pace.taken(300_000, each === 2 ? 3 * msBetween : 0.1, (block + each) * msBetween);
    const chosen = pace.choose('libdeflate', { readyBytes: 0, uncompressedBlocks: 0 });
    expect(level === 1 ? chosen.denseLevel : chosen.level).toBe(level);
  });

  it('considers the time that the consumer still needs for its last chunk', () => {
    const pace = learned(30);
    const givenFor = (ms: number): number =>
      pace.choose('libdeflate', { readyBytes: 0, uncompressedBlocks: 0, given: { bytes: 400_000, ms } }).level;
    expect([givenFor(1), givenFor(13), givenFor(29)]).toEqual([7, 5, 4]);
  });

  it("starts at the codec's fastest level", () => {
    expect(new Pace(2, mebibyte).choose('zlib', full)).toEqual({ level: 4, ms: expect.any(Number) });
    expect(new Pace(2, mebibyte).choose('zstd', full)).toMatchObject({ level: 2, denseLevel: 1 });
  });
});

describe('over a line', () => {
  // Seconds and bytes relative to the fastest level throughout.
  it.each([
    ['of 1 TB/s', 1e12, 2, 1.01, 1.001],
    ['of 1 Gbit/s', 125e6, 2, 1.01, 1.001],
    ['as fast as the threads', 70e6, 2, 1.02, 1.001],
    ['slightly slower than the threads', 50e6, 2, 1, 0.985],
    ['of 200 Mbit/s', 25e6, 2, 0.97, 0.965],
    ['of 100 Mbit/s', 12.5e6, 2, 0.965, 0.96],
    ['of 20 Mbit/s', 2.5e6, 2, 0.935, 0.93],
    ['of 500 Mbit/s with four threads', 62.5e6, 4, 0.98, 0.975],
    ['of 20 Mbit/s with four threads', 2.5e6, 4, 0.935, 0.93],
  ])('%s', (_, bytesPerSecond, threads, mostTime, mostBytes) => {
    const paced = simulate(new Pace(threads, mebibyte), bytesPerSecond, threads);
    const fixed = { choose: () => levelsOf.libdeflate[0], compressed: () => undefined, taken: () => undefined };
    const fastest = simulate(fixed, bytesPerSecond, threads);
    expect(paced.seconds / fastest.seconds).toBeLessThanOrEqual(mostTime);
    expect(paced.bytes / fastest.bytes).toBeLessThanOrEqual(mostBytes);
  });
});
