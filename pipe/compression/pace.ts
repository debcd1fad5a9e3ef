/** Chooses the level for the next block: the strongest that finishes before the block is needed. */

import type { Codec } from './formats.ts';

/** A compression level and its cost. */
export interface Level {
  readonly level: number;
  /** The level for dense blocks, for which a higher level is hardly worth its time. Default: `level`. */
  readonly denseLevel?: number;
  /** The time to compress 1 MiB on one core of the machine it was measured on. */
  readonly ms: number;
}

/** Fastest first, never empty. */
export type Levels = readonly [Level, ...Level[]];

/**
 * The levels worth using: each compresses better than the one before, at a reasonable cost.
 *
 * Measured in blocks of 1 MiB: MB/s of one core, and the size relative to skopeo 1.9's.
 * - libdeflate 1.23 on 515 MB of system files (programs, libraries, texts, scripts): 1: 212, 1.035 (larger than
 *   skopeo's) · 2: 149, 0.999 (but 1.046 on C headers) · 3: 136, 0.983 (but 1.015 there) · 4: 127, 0.973 · 5: 108, 0.954 ·
 *   6: 89, 0.946 · 7: 67, 0.942 · 8: 41, 0.939 · 9: 32, 0.939 · 10: 12, 0.917 · 11: 7, 0.915. So 8 and 9 cost more than
 *   they save, and 10 is worth its cost on a slow line. 4, with 1 for dense blocks: 151, 0.994; this is at most 1.006 on
 *   each of eight kinds of files, and the fastest such combination.
 * - libdeflate 1.14: the same sizes, and 6 (level 1) to 19 % (level 5) more time.
 * - On 172 MB of system files, zlib 1: 98, 1.061 · 4: 70, 0.994 · 6: 40, 0.963.
 * - zstd 1: 341, 0.993 · 2: 267, 0.932 · 3: 207, 0.890 · 4: 178, 0.885 · 5: 93, 0.858 · 6: 76, 0.835 · 7: 68, 0.829 ·
 *   9: 51, 0.823; 2, with 1 for dense blocks: 298, 0.962. For its tables, a thread needs 1 MB at 3, 4 MB at 6, 7 MB at
 *   7, 14 MB at 9.
 */
export const levelsOf: Readonly<Record<Codec, Levels>> = {
  libdeflate: [
    { level: 4, denseLevel: 1, ms: 7 },
    { level: 4, ms: 8.3 },
    { level: 5, ms: 9.7 },
    { level: 6, ms: 11.7 },
    { level: 7, ms: 15.6 },
    { level: 10, ms: 90 },
  ],
  zlib: [
    { level: 4, ms: 15 },
    { level: 5, ms: 20 },
    { level: 6, ms: 26 },
  ],
  zstd: [
    { level: 2, denseLevel: 1, ms: 3.5 },
    { level: 2, ms: 3.9 },
    { level: 3, ms: 5.1 },
    { level: 5, ms: 11.3 },
    { level: 6, ms: 13.8 },
    { level: 7, ms: 15.4 },
  ],
};

/** The strongest level that takes at most `msLeft` on a machine `slowness` times as slow as the measured one. */
export function strongestInTime(levels: Levels, msLeft: number, slowness: number): Level {
  return levels.findLast(({ ms }) => ms * slowness <= msLeft) ?? levels[0];
}

/** What the consumer receives before a block. */
export interface Ahead {
  /** Compressed bytes before the first uncompressed block: the consumer need not wait for them. */
  readonly readyBytes: number;
  /** The number of further blocks, still to be compressed. */
  readonly uncompressedBlocks: number;
  /** The chunk that the consumer is processing, and since when; undefined if it is waiting. */
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
  readonly #pinned: Levels | undefined;
  #slowness = 1;
  #msPerChunk = 0;
  #bytesPerChunk = 0;
  readonly #threads: number;
  /** The time between two chunks taken, of any streams. */
  #msBetween = 0;
  #takenAt: number | undefined;

  constructor(threads: number, pinnedLevel?: number) {
    this.#threads = threads;
    this.#pinned = pinnedLevel === undefined ? undefined : [{ level: pinnedLevel, ms: 1 }];
  }

  /** Chooses the level for a block. If nothing is ready and the last chunk is done, the consumer is waiting, or about to. */
  choose(codec: Codec, { readyBytes, uncompressedBlocks, given = { bytes: 0, ms: 0 } }: Ahead): Level {
    const msPerByte = this.#msPerChunk / Math.max(1, this.#bytesPerChunk);
    const msBusy = Math.max(0, given.bytes * msPerByte - given.ms) + readyBytes * msPerByte;
    const msAhead = msBusy === 0 ? 0 : msBusy + uncompressedBlocks * this.#msPerChunk;
    // All threads together keep up if each block takes no longer than this. They use only a part of it and thus catch up, so
    // the time does not grow when compression itself delays the line. A consumer that takes several blocks at once, because
    // of its socket's buffer, need not get them immediately.
    const ms = Math.max(msAhead, this.#threads * this.#msBetween);
    return strongestInTime(this.#pinned ?? levelsOf[codec], ms * plannedPart, this.#slowness);
  }

  /** Records that compressing a block took `ms`, from when a thread received it. */
  compressed(level: Level, ms: number): void {
    this.#slowness += (ms / level.ms - this.#slowness) * compressingWeight;
  }

  /** Records that a consumer took `ms` for a chunk. @param at the time in milliseconds, on any monotonic clock */
  taken(bytes: number, ms: number, at: number): void {
    if (this.#takenAt !== undefined) this.#msBetween += (at - this.#takenAt - this.#msBetween) * takingWeight;
    this.#takenAt = at;
    this.#msPerChunk += (ms - this.#msPerChunk) * takingWeight;
    this.#bytesPerChunk += (bytes - this.#bytesPerChunk) * takingWeight;
  }
}
