/** Compression levels: what each costs and saves, the default, and those that `auto` chooses from. */

import type { Codec, Compression } from './formats.ts';

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
 * - zstd in blocks of 1 MiB 1: 341, 0.993 · 2: 267, 0.932 · 3: 207, 0.890 · 4: 178, 0.885 · 5: 93, 0.858 · 6: 76, 0.835 · 7: 68,
 *   0.829 · 9: 51, 0.823; 2, with 1 for dense blocks: 298, 0.962. For its tables, a block needs 1 MB at 3, 4 MB at 6, 7 MB at
 *   7, 14 MB at 9. Blocks of 8 MiB take as long, and less space: see workload.ts.
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

/**
 * The level of all blocks unless the user asks for another one: the same on every machine and over any line.
 *
 * A push of 300 MB (programs, texts, and archives that hardly shrink) on two cores, as processor time and bytes relative to
 * skopeo's for the same format, and bytes of each kind relative to skopeo's gzip:
 * - gzip 4: 0.74, 0.985 · 5: 0.79, 0.977 (0.953, 0.967, 0.988) · 6: 0.96, 0.972, which leaves nothing for a busy machine.
 * - gzip by zlib 4: 1.04, 0.994.
 * - zstd, still in blocks of 1 MiB, 2: 0.55, 1.07 · 3: 0.65, 1.05 (0.929, 0.889, 0.983) · 4: 0.80, 1.05 · 5: 1.08, 1.035.
 */
export const defaultLevelOf: Readonly<Record<Codec, number>> = { libdeflate: 5, zlib: 4, zstd: 3 };

/**
 * Bytes that a block needs for a level while it is compressed, whichever of the format's codecs does it: for zstd the tables
 * as measured above; for libdeflate what it allocates, which from 10 on is much more.
 */
export function codecBytesAt(format: Compression, level: number | 'auto' | undefined): number {
  const million = 1_000_000;
  if (format === 'gzip') return (level === 'auto' || (level ?? 0) >= 10 ? 9 : 1.2) * million;
  const most = level === 'auto' ? 7 : (level ?? defaultLevelOf.zstd);
  return (most <= 4 ? 1.1 : most <= 12 ? 4 : 9) * million;
}
