/** `--compression-level auto`: chooses for the next block the strongest level that finishes before the block is needed. */

import type { Codec } from './formats.ts';
import { type Level, type Levels, levelsOf } from './levels.ts';

const mebibyte = 1024 * 1024;

/** The strongest level that takes at most `msLeft` for 1 MiB on a machine `slowness` times as slow as the measured one. */
export function strongestInTime(levels: Levels, msLeft: number, slowness: number): Level {
  return levels.findLast(({ ms }) => ms * slowness <= msLeft) ?? levels[0];
}

/** What the consumer receives before a block. */
export interface Ahead {
  /** Compressed bytes before the first uncompressed block: the consumer need not wait for them. */
  readonly readyBytes: number;
  /** The number of further blocks, still to be compressed. */
  readonly uncompressedBlocks: number;
  /** The output that the consumer is processing, and since when; undefined if it is waiting. */
  readonly given?: { readonly bytes: number; readonly ms: number } | undefined;
}

/** The part of the time until a block is needed that compressing it may take. */
const plannedPart = 0.6;
/** The weight of a new observation. It is lower for consumers, which vary more because of their socket's buffer. */
const compressingWeight = 0.1;
const takingWeight = 0.05;

/**
 * Measures how fast the consumer takes bytes and how fast blocks are compressed. All streams of a compressor share one line
 * and the processors, so they share the measurements, and a short layer starts with those of the layer before.
 *
 * Simulated over lines of 1 to 1,000 MB/s with 2 and 4 threads: within 1 % of the fastest level's time if the processors
 * are the bottleneck, and within 1 % of the best fixed level's time if the line is. Raising and lowering the level by how
 * full the output queue is took up to 1.8 times as long in between, because it ignores the cost of each level.
 */
export class Pace {
  #slowness = 1;
  #msPerBlock = 0;
  #outputBytesPerBlock = 0;
  readonly #threads: number;
  readonly #blockBytes: number;
  /** The time between two outputs taken, of any streams. */
  #msBetween = 0;
  #takenAt: number | undefined;

  constructor(threads: number, blockBytes: number) {
    this.#threads = threads;
    this.#blockBytes = blockBytes;
  }

  /** Chooses the level for a block. If nothing is ready and the last output is done, the consumer is waiting, or about to. */
  choose(codec: Codec, { readyBytes, uncompressedBlocks, given = { bytes: 0, ms: 0 } }: Ahead): Level {
    const msPerByte = this.#msPerBlock / Math.max(1, this.#outputBytesPerBlock);
    const msBusy = Math.max(0, given.bytes * msPerByte - given.ms) + readyBytes * msPerByte;
    const msAhead = msBusy === 0 ? 0 : msBusy + uncompressedBlocks * this.#msPerBlock;
    // All threads together keep up if each block takes no longer than this. They use only a part of it and thus catch up, so
    // the time does not grow when compression itself delays the line. A consumer that takes several blocks at once, because
    // of its socket's buffer, need not get them immediately.
    const ms = Math.max(msAhead, this.#threads * this.#msBetween);
    const msPerMebibyte = (ms * mebibyte) / this.#blockBytes;
    return strongestInTime(levelsOf[codec], msPerMebibyte * plannedPart, this.#slowness);
  }

  /** Records that compressing a block of this many bytes took `ms`, from when a thread received it. */
  compressed(level: Level, ms: number, bytes: number): void {
    const slowness = (ms * mebibyte) / (bytes * level.ms);
    this.#slowness += (slowness - this.#slowness) * compressingWeight;
  }

  /** Records that a consumer took `ms` for a block's output. @param at the time in milliseconds, on any monotonic clock */
  taken(bytes: number, ms: number, at: number): void {
    if (this.#takenAt !== undefined) this.#msBetween += (at - this.#takenAt - this.#msBetween) * takingWeight;
    this.#takenAt = at;
    this.#msPerBlock += (ms - this.#msPerBlock) * takingWeight;
    this.#outputBytesPerBlock += (bytes - this.#outputBytesPerBlock) * takingWeight;
  }
}
