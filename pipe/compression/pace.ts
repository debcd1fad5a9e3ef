/** Which level the next block is packed at: the strongest that is done before the block is needed. */

import type { Engine } from './packing-worker.ts';

/** A level, and the milliseconds that it takes one core of the machine it was measured on to pack 1 MiB. */
export interface Rung {
  readonly level: number;
  readonly ms: number;
}

/** Quickest first, never empty. */
export type Ladder = readonly [Rung, ...Rung[]];

/**
 * The levels worth having: each makes less than the one before, at a price that is not absurd.
 *
 * Measured in blocks of 1 MiB on 172 MB of system files (programs, libraries, scripts, headers): MB/s of one core, and
 * the size relative to skopeo 1.9's.
 * - libdeflate 1: 183, 1.028 (larger than skopeo's) · 2: 121, 0.987 (but 1.028 on JavaScript) · 3: 108, 0.975 ·
 *   4: 97, 0.967 · 5: 79, 0.946 · 6: 69, 0.939 · 7: 49, 0.934 · 8: 23, 0.930 · 9: 16, 0.929 · 10: 10, 0.901 ·
 *   11: 8, 0.900. So 8 and 9 cost more than they save, and 10 is worth its price where the line is slow.
 * - zlib 1: 98, 1.061 · 4: 70, 0.994 · 6: 40, 0.963.
 * - zstd 1: 341, 0.993 · 2: 267, 0.932 · 3: 207, 0.890 · 4: 178, 0.885 · 5: 93, 0.858 · 6: 76, 0.835 · 7: 68, 0.829 ·
 *   9: 51, 0.823. For its tables, a thread needs 1 MB at 3, 4 MB at 6, 7 MB at 7, 14 MB at 9.
 */
export const ladders: Readonly<Record<Engine, Ladder>> = {
  libdeflate: [
    { level: 3, ms: 9.7 },
    { level: 4, ms: 10.8 },
    { level: 5, ms: 13.3 },
    { level: 6, ms: 15.2 },
    { level: 7, ms: 21.4 },
    { level: 10, ms: 105 },
  ],
  zlib: [
    { level: 4, ms: 15 },
    { level: 5, ms: 20 },
    { level: 6, ms: 26 },
  ],
  zstd: [
    { level: 2, ms: 3.9 },
    { level: 3, ms: 5.1 },
    { level: 5, ms: 11.3 },
    { level: 6, ms: 13.8 },
    { level: 7, ms: 15.4 },
  ],
};

/** The strongest level that takes no longer than `msLeft` on a machine `slowness` times as slow as the ladder's. */
export function strongestInTime(ladder: Ladder, msLeft: number, slowness: number): number {
  return (ladder.findLast(({ ms }) => ms * slowness <= msLeft) ?? ladder[0]).level;
}

/** What lies before a block on its way to the consumer. */
export interface Ahead {
  /** Bytes packed, up to the first block that is not: what the consumer can have at once. */
  readonly readyBytes: number;
  /** Further blocks, still to be packed. */
  readonly unpackedBlocks: number;
}

/** Of the time until a block is needed, what packing may plan with. */
const plannedShare = 0.6;
/** What a new observation counts for; consumers vary more, by what their socket's buffer swallows. */
const packingWeight = 0.1;
const takingWeight = 0.05;

/**
 * Learns how fast the consumer takes bytes and how fast blocks are packed: one line and one set of processors serve all
 * streams of a compressor, so they learn together, and a short layer begins where the one before left off.
 *
 * Simulated over lines of 1 to 1,000 MB/s with 2 and 4 threads: within 1 % of level 3's time where the processors are
 * the bottleneck, and within 1 % of the best fixed level's where the line is. Stepping up and down by how full the
 * output queue is took up to 1.8 times as long in between, because nothing told it what a step would cost.
 */
export class Pace {
  readonly #ladder: Ladder;
  #slowness = 1;
  #msPerChunk = 0;
  #bytesPerChunk = 0;

  constructor(engine: Engine, pinnedLevel?: number) {
    this.#ladder = pinnedLevel === undefined ? ladders[engine] : [{ level: pinnedLevel, ms: 1 }];
  }

  /** With nothing ready the consumer waits already, or is about to. */
  level({ readyBytes, unpackedBlocks }: Ahead): number {
    const bytesAhead = readyBytes === 0 ? 0 : readyBytes + unpackedBlocks * this.#bytesPerChunk;
    const msPerByte = this.#msPerChunk / Math.max(1, this.#bytesPerChunk);
    return strongestInTime(this.#ladder, bytesAhead * msPerByte * plannedShare, this.#slowness);
  }

  /** A block took so long from when a thread had it at hand, at this level. */
  packed(level: number, ms: number): void {
    const rung = this.#ladder.find((rung) => rung.level === level);
    if (rung !== undefined) this.#slowness += (ms / rung.ms - this.#slowness) * packingWeight;
  }

  /** The consumer came back so long after it was given a chunk. */
  taken(bytes: number, ms: number): void {
    this.#msPerChunk += (ms - this.#msPerChunk) * takingWeight;
    this.#bytesPerChunk += (bytes - this.#bytesPerChunk) * takingWeight;
  }
}
