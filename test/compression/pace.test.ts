import { describe, expect, it } from '@jest/globals';
import { defaultLevelOf, type Level, type Levels, levelsOf } from '../../pipe/compression/levels.ts';
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
  /** Two threads, a MiB that is taken every `msBetween`, and a machine `slowness` times as slow as the measured one. */
  function learned(msBetween: number, slowness = 1): Pace {
    const pace = new Pace(2);
    pace.choose('libdeflate');
    for (let block = 0; block < 200; block++) {
      pace.taken(mebibyte, block * msBetween);
      pace.compressed(levelsOf.libdeflate[0], levelsOf.libdeflate[0].ms * slowness, mebibyte);
    }
    return pace;
  }
  function nextOf(pace: Pace, count: number): readonly Level[] {
    return Array.from({ length: count }, () => pace.choose('libdeflate'));
  }
  const fastest: unknown = expect.objectContaining({ level: 4, denseLevel: 1 });

  it.each(['libdeflate', 'zlib', 'zstd'] as const)('is the default one of %s while nothing is known', (codec) => {
    const [first, ...others] = Array.from({ length: 20 }, () => new Pace(3)).map((pace) => pace.choose(codec));
    expect(first).toEqual({ level: defaultLevelOf[codec], ms: expect.any(Number) });
    expect(new Set(others)).toEqual(new Set([first]));
  });

  it.each<[string, number, number, unknown]>([
    ['the fastest if blocks are needed as soon as the threads have compressed them', 3.5, 1, fastest],
    ['the fastest if the consumer takes everything immediately', 0, 1, fastest],
    ['a medium one if the line is slightly slower than the threads', 7, 1, 6],
    ['a strong one if the line is slow', 10, 1, 7],
    ['the strongest if the line is very slow', 60, 1, 10],
    ['a weaker one on a slow machine', 10, 1.3, 6],
    ['a stronger one on a fast machine', 7, 0.7, 7],
  ])('is %s', (_, msBetween, slowness, level) => {
    const [chosen] = nextOf(learned(msBetween, slowness), 1);
    expect(chosen).toEqual(typeof level === 'number' ? expect.objectContaining({ level }) : level);
  });

  it('is the default one or a stronger one until 32 MiB are taken, however fast that was', () => {
    const pace = new Pace(2);
    const levels = Array.from({ length: 100 }, (_, block) => {
      const { level, denseLevel = level } = pace.choose('libdeflate');
      pace.taken(mebibyte, block * 0.1);
      return denseLevel;
    });
    expect(levels.slice(0, 32)).toEqual(Array.from({ length: 32 }, () => 5));
    expect(levels.slice(32)).toEqual(Array.from({ length: 68 }, () => 1));
  });

  it('is a stronger one now and then if the time left of several blocks is enough for it', () => {
    // 51 ms for a MiB, of which 15.6 or 90 are needed.
    const levels = nextOf(learned(30), 200).map(({ level }) => level);
    expect(new Set(levels)).toEqual(new Set([7, 10]));
    const strong = levels.filter((level) => level === 10).length;
    expect(strong / levels.length).toBeCloseTo((51 - 15.6) / (90 - 15.6), 1);
  });

  it('is soon a weaker one if the threads get slower, and not so soon a stronger one again', () => {
    const pace = learned(10);
    const after = (blocks: number, slowness: number): number | undefined => {
      for (let block = 0; block < blocks; block++) pace.compressed({ level: 7, ms: 15.6 }, 15.6 * slowness, mebibyte);
      return Math.max(...nextOf(pace, 3).map(({ denseLevel, level }) => denseLevel ?? level));
    };
    expect([after(10, 4), after(10, 1), after(200, 1)]).toEqual([1, 1, 7]);
  });

  it('saves no time while the levels cannot keep up', () => {
    const pace = learned(0.1);
    nextOf(pace, 1000);
    for (let block = 0; block < 100; block++) pace.taken(mebibyte, 1e6 + 4 * block);
    expect(nextOf(pace, 100)).toEqual(Array.from({ length: 100 }, () => fastest));
  });

  it('does not change by much after a pause, however long it was', () => {
    const pace = learned(4);
    pace.taken(mebibyte, 3_600_000);
    for (let block = 1; block < 60; block++) pace.taken(mebibyte, 3_600_000 + 4 * block);
    expect(nextOf(pace, 1)).toEqual([fastest]);
  });

  it('does not count the time between two streams', () => {
    const pace = learned(4);
    for (let time = 100_000; time < 2_000_000; time += 100_000) {
      pace.streams(1);
      pace.taken(mebibyte, time);
      pace.streams(1);
      pace.taken(mebibyte, time + 4);
      pace.streams(-1);
      pace.taken(mebibyte, time + 8);
      pace.streams(-1);
    }
    expect(nextOf(pace, 1)).toEqual([fastest]);
  });

  it('counts the time between two blocks if another stream begins or ends meanwhile', () => {
    const pace = learned(4);
    pace.streams(1);
    for (let block = 0; block < 100; block++) {
      pace.streams(1);
      pace.taken(mebibyte, 10_000 + block * 60);
      pace.streams(-1);
    }
    expect(nextOf(pace, 1)).toMatchObject([{ level: 10 }]);
  });

  it('depends on bytes, not on the number of blocks', () => {
    const [small, large] = [new Pace(2), new Pace(2)];
    for (const pace of [small, large]) pace.choose('libdeflate');
    for (let block = 0; block <= 64; block++) small.taken(mebibyte, block * 10);
    for (let block = 0; block <= 8; block++) large.taken(8 * mebibyte, block * 80);
    const levels = [small, large].map((pace) => nextOf(pace, 50).map(({ level }) => level));
    expect(levels[1]).toEqual(levels[0]);
    expect(levels[0]?.[0]).toBe(7);
  });
});

describe('over a line', () => {
  // Seconds and bytes of 400 MiB relative to the fastest level throughout. The first 32 MiB are at the default level.
  it.each([
    ['of 1 TB/s', 1e12, 2, 1.05, 0.996],
    ['of 1 Gbit/s', 125e6, 2, 1.05, 0.996],
    ['as fast as the threads', 70e6, 2, 1.02, 1.001],
    ['slightly slower than the threads', 50e6, 2, 1, 0.985],
    ['of 200 Mbit/s', 25e6, 2, 0.97, 0.965],
    ['of 100 Mbit/s', 12.5e6, 2, 0.965, 0.96],
    ['of 20 Mbit/s', 2.5e6, 2, 0.935, 0.93],
    ['of 500 Mbit/s with four threads', 62.5e6, 4, 0.98, 0.975],
    ['of 20 Mbit/s with four threads', 2.5e6, 4, 0.935, 0.93],
  ])('%s', (_, bytesPerSecond, threads, mostTime, mostBytes) => {
    const paced = simulate(new Pace(threads), bytesPerSecond, threads);
    const fixed = { choose: () => levelsOf.libdeflate[0], compressed: () => undefined, taken: () => undefined };
    const fastest = simulate(fixed, bytesPerSecond, threads);
    expect(paced.seconds / fastest.seconds).toBeLessThanOrEqual(mostTime);
    expect(paced.bytes / fastest.bytes).toBeLessThanOrEqual(mostBytes);
  });
});
