/** Which level the next block is compressed at: the strongest that is done before the block is needed. */

import type { Codec } from './formats.ts';

/** A level, and what it costs. */
export interface Level {
  readonly level: number;
  /** Instead, for blocks so dense that compressing them harder is hardly worth its time; without it, all are treated alike. */
  readonly denseLevel?: number;
  /** What it takes one core of the machine it was measured on to compress 1 MiB. */
  readonly ms: number;
}

/** Quickest first, never empty. */
export type Levels = readonly [Level, ...Level[]];

/**
 * The levels worth having: each makes less than the one before, at a price that is not absurd.
 *
 * Measured in blocks of 1 MiB: MB/s of one core, and the size relative to skopeo 1.9's.
 * - libdeflate 1.23 on 515 MB of system files (programs, libraries, texts, scripts): 1: 212, 1.035 (larger than
 *   skopeo's) · 2: 149, 0.999 (but 1.046 on C headers) · 3: 136, 0.983 (but 1.015 there) · 4: 127, 0.973 · 5: 108, 0.954 ·
 *   6: 89, 0.946 · 7: 67, 0.942 · 8: 41, 0.939 · 9: 32, 0.939 · 10: 12, 0.917 · 11: 7, 0.915. So 8 and 9 cost more than
 *   they save, and 10 is worth its price where the line is slow. 4, and 1 for dense blocks: 151, 0.994; that is at most
 *   1.006 on each of eight kinds of files, and the quickest that is.
 * - libdeflate 1.14: the same sizes, and 6 (level 1) to 19 % (level 5) more time.
 * - On 172 MB of system files, zlib 1: 98, 1.061 · 4: 70, 0.994 · 6: 40, 0.963.
 * - zstd 1: 341, 0.993 · 2: 267, 0.932 · 3: 207, 0.890 · 4: 178, 0.885 · 5: 93, 0.858 · 6: 76, 0.835 · 7: 68, 0.829 ·
 *   9: 51, 0.823; 2, and 1 for dense blocks: 298, 0.962. For its tables, a thread needs 1 MB at 3, 4 MB at 6, 7 MB at
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

/** The strongest that takes no longer than `msLeft` on a machine `slowness` times as slow as theirs was. */
export function strongestInTime(levels: Levels, msLeft: number, slowness: number): Level {
  return levels.findLast(({ ms }) => ms * slowness <= msLeft) ?? levels[0];
}

/** What lies before a block on its way to the consumer. */
export interface Ahead {
  /** Bytes compressed, up to the first block that is not: what the consumer can have at once. */
  readonly readyBytes: number;
  /** Further blocks, still to be compressed. */
  readonly uncompressedBlocks: number;
  /** What the consumer was given last, and how long ago; undefined where it waits for more. */
  readonly given?: { readonly bytes: number; readonly ms: number } | undefined;
}

/** Of the time until a block is needed, the part that compressing may plan with. */
const plannedPart = 0.6;
/** What a new observation counts for; consumers vary more, by what their socket's buffer swallows. */
const compressingWeight = 0.1;
const takingWeight = 0.05;

/**
 * Learns how fast the consumer takes bytes and how fast blocks are compressed: one line and one set of processors serve all
 * streams of a compressor, so they learn together, and a short layer begins where the one before left off.
 *
 * Simulated over lines of 1 to 1,000 MB/s with 2 and 4 threads: within 1 % of the quickest level's time where the
 * processors are the bottleneck, and within 1 % of the best fixed level's where the line is. Stepping up and down by how full the
 * output queue is took up to 1.8 times as long in between, because nothing told it what a step would cost.
 */
export class Pace {
  readonly #pinned: Levels | undefined;
  #slowness = 1;
  #msPerChunk = 0;
  #bytesPerChunk = 0;
  readonly #threads: number;
  /** Between one chunk that is taken, of whatever stream, and the next. */
  #msBetween = 0;
  #takenAt: number | undefined;

  constructor(threads: number, pinnedLevel?: number) {
    this.#threads = threads;
    this.#pinned = pinnedLevel === undefined ? undefined : [{ level: pinnedLevel, ms: 1 }];
  }

  /** With nothing ready, and nothing left to do with what it was given last, the consumer waits already, or is about to. */
  choose(codec: Codec, { readyBytes, uncompressedBlocks, given = { bytes: 0, ms: 0 } }: Ahead): Level {
    const msPerByte = this.#msPerChunk / Math.max(1, this.#bytesPerChunk);
    const msBusy = Math.max(0, given.bytes * msPerByte - given.ms) + readyBytes * msPerByte;
    const msAhead = msBusy === 0 ? 0 : msBusy + uncompressedBlocks * this.#msPerChunk;
    // All threads together may take that long for a block and keep up: with less than the whole of it they catch up, so
    // that compressing that holds up the line finds less time each time. Consumers that take several blocks at once, as a
    // socket's buffer makes them, need not be served at once.
    const ms = Math.max(msAhead, this.#threads * this.#msBetween);
    return strongestInTime(this.#pinned ?? levelsOf[codec], ms * plannedPart, this.#slowness);
  }

  /** A block took so long from when a thread had it at hand. */
  compressed(level: Level, ms: number): void {
    this.#slowness += (ms / level.ms - this.#slowness) * compressingWeight;
  }

  /** A consumer came back so long after it was given a chunk. @param at milliseconds since any one moment */
  taken(bytes: number, ms: number, at: number): void {
    if (this.#takenAt !== undefined) this.#msBetween += (at - this.#takenAt - this.#msBetween) * takingWeight;
    this.#takenAt = at;
    this.#msPerChunk += (ms - this.#msPerChunk) * takingWeight;
    this.#bytesPerChunk += (bytes - this.#bytesPerChunk) * takingWeight;
  }
}
