/** `--compression-level auto`: chooses for each block the strongest level that does not make the line wait. */

import type { Codec } from './formats.ts';
import { defaultLevelOf, type Level, type Levels, levelsOf } from './levels.ts';

const mebibyte = 1024 * 1024;

/** The strongest level that takes at most `msLeft` for 1 MiB on a machine `slowness` times as slow as the measured one. */
export function strongestInTime(levels: Levels, msLeft: number, slowness: number): Level {
  return levels.findLast(({ ms }) => ms * slowness <= msLeft) ?? levels[0];
}

/**
 * The part of the threads' time that compressing may take. They hash too, and the rest lets them catch up after a delay.
 * If compressing takes all of their time, this lowers the level.
 */
const plannedPart = 0.85;
/** The weight of a new observation of 1 MiB. It is low because consumers take several at once into their socket's buffer. */
const takingWeight = 0.05;
/**
 * The weights of a new observation of 1 MiB. Threads get slower while all of them are busy, if there are fewer processors than
 * it seemed. If they then counted as fast as soon as some of them wait, the level would rise again at once: 16 threads on two
 * processors took 1.6 times as long.
 */
const slowerWeight = 0.1;
const fasterWeight = 0.03;
/** MiB of the source that are compressed at the default level at least: a slow line looks fast until all buffers are full. */
const startSize = 32;
/** No line needs a stronger level because it is slower than 1 MiB in this time: a longer pause is not the line's speed. */
const longestMs = 250;

/**
 * Measures how fast the consumers take what 1 MiB of the source becomes, and how fast it is compressed. All streams of a
 * compressor share one line and the processors, so they share the measurements, and a short layer starts with those of the
 * layer before. What the level of a block leaves of its time is saved for later blocks, so that between two levels, both are used.
 *
 * Raising and lowering the level by how full the output queue is took up to 1.8 times as long in a simulation, because it
 * ignores the cost of each level.
 */
export class Pace {
  readonly #threads: number;
  #slowness = 1;
  /** For each MiB of the source. Until it is measured, the time in which the default level can keep up. */
  #msBetween: number | undefined;
  #savedMs = 0;
  #takenAt: number | undefined;
  /** In MiB. */
  #takenSize = 0;
  #streams = 0;

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Chooses the level for a block. */
  choose(codec: Codec): Level {
    const levels = levelsOf[codec];
    const defaultOne = levels.find((each) => each.level === defaultLevelOf[codec] && !each.denseLevel) ?? levels[0];
    this.#msBetween ??= defaultOne.ms / (this.#threads * plannedPart);
    const ms = this.#threads * this.#msBetween * plannedPart + this.#savedMs;
    const inTime = strongestInTime(levels, ms, this.#slowness);
    const level = this.#takenSize < startSize && inTime.ms < defaultOne.ms ? defaultOne : inTime;
    const { ms: mostMs } = levels.at(-1) ?? level;
    this.#savedMs = Math.min(Math.max(0, ms - level.ms * this.#slowness), mostMs * this.#slowness);
    return level;
  }

  /** Records that a thread took `ms` to compress a block of this many bytes. */
  compressed(level: Level, ms: number, bytes: number): void {
    const size = bytes / mebibyte;
    const slowness = ms / size / level.ms;
    this.#slowness +=
      (slowness - this.#slowness) * weightOf(slowness > this.#slowness ? slowerWeight : fasterWeight, size);
  }

  /** Records that a stream begins or ends: while there is none, nothing is taken. */
  streams(change: 1 | -1): void {
    if (this.#streams === 0) this.#takenAt = undefined;
    this.#streams += change;
  }

  /**
   * Records that a consumer has taken what became of this many bytes of its source.
   *
   * @param at the time in milliseconds, on any monotonic clock
   */
  taken(bytes: number, at: number): void {
    const size = bytes / mebibyte;
    if (this.#takenAt !== undefined && this.#msBetween !== undefined && size > 0) {
      const ms = Math.min((at - this.#takenAt) / size, longestMs);
      this.#msBetween += (ms - this.#msBetween) * weightOf(takingWeight, size);
    }
    this.#takenAt = at;
    this.#takenSize += size;
  }
}

/** The weight of an observation of this many MiB. */
function weightOf(weight: number, size: number): number {
  return 1 - (1 - weight) ** size;
}
