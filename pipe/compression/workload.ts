/** Divides the work of a format: the size of its blocks, and how many of them are compressed at once, on how many threads. */

import type { BlockCounts } from './block-memory.ts';
import type { Compression } from './formats.ts';
import { codecBytesAt } from './levels.ts';
import { ownResources, threadBytes, threadCount } from './thread-count.ts';

/** What determines a workload. */
export interface WorkloadOptions {
  readonly format: Compression;
  readonly level?: number | 'auto' | undefined;
  /** Default: one for each processor, as far as memory permits. */
  readonly threads?: number | undefined;
}

/** How a compressor works. */
export interface Workload {
  /** Threads that compress. */
  readonly threads: number;
  /** Threads of ours: those of Node.js's own pool compress for them, if the codec uses it. */
  readonly workers: number;
  /** Codecs whose memory is kept at the same time. */
  readonly codecs: number;
  /** Blocks that a worker has at the same time. */
  readonly blocksPerWorker: number;
  /** Bytes of input in a block, except for the last one. */
  readonly blockBytes: number;
  readonly blocks: BlockCounts;
  /** Whether a stream may keep two outputs until it has the next ones. */
  readonly lendsOutputs: boolean;
}

const mebibyte = 1024 * 1024;

/** Layers that are compressed at once by default, and one that begins while another ends. */
const usualStreams = 5;

/**
 * Each block becomes a gzip member (RFC 1952, 2.2: a file is a series of members), so that no block depends on another.
 * Measured: gzip in 256 KiB is 0.5 % larger, in 2 MiB 0.1 % smaller, with the 32 KiB before each block as its dictionary 0.2 %
 * smaller.
 *
 * A thread has one block that it compresses and one that is queued, so that it need not wait for the main thread. Besides
 * there are one block being filled, two with the consumer, and three ready in between.
 */
function gzipWorkload(threads: number): Workload {
  const count = 2 * threads + 6;
  return {
    threads,
    workers: threads,
    codecs: threads,
    blocksPerWorker: 2,
    blockBytes: mebibyte,
    // Two that the consumer may still read, and one to fill and compress meanwhile: with fewer, nothing runs in parallel.
    blocks: { inputs: Math.max(count, usualStreams * 3), outputs: count, least: 3, leastAfterMs: 0 },
    lendsOutputs: true,
  };
}

/**
 * Each block becomes a zstd frame (RFC 8878, 3.1). Its window is the whole block, because files that occur twice are often some
 * MB apart. Bytes relative to skopeo's one frame with a window of 8 MiB, of 126 MB each of libraries, node_modules, /usr/share
 * and a mix with what does not shrink, at level 3, and the processor time for all of them:
 * - 1 MiB: 1.010, 1.114, 1.170, 1.015; 1.64 s.
 * - 6 MiB: 0.982, 1.015, 1.067, 0.988; 1.84 s.
 * - 8 MiB: 0.981, 1.003, 1.028, 0.985; 1.63 s. With 2^18 entries in the table of long matches: 0.971, 0.997, 1.020, 0.979;
 *   2.19 s. More than 8 MiB of window is refused by some decoders (RFC 8878, 3.1.1.1.2).
 * - At level 2 in 8 MiB: 1.037, 1.065, 1.064, 1.017; 1.11 s.
 *
 * From level 16 on, blocks are smaller, because they would take seconds each, which a run that is stopped must not wait for.
 */
function zstdWorkload(threads: number, level: WorkloadOptions['level']): Workload {
  const isSlow = typeof level === 'number' && level >= 16;
  return {
    threads,
    workers: 1,
    // Each thread of Node.js's pool keeps the memory of its last codec.
    codecs: threads + 2,
    // One more that is read meanwhile would take 5 % less wall time, 7 % more processor time, and 12 MB.
    blocksPerWorker: threads,
    blockBytes: (isSlow ? 2 : 8) * mebibyte,
    blocks: { inputs: threads, outputs: threads + 1, least: 1, leastAfterMs: 20_000 },
    lendsOutputs: false,
  };
}

/** Bytes that a workload needs if no block shrinks, of as many streams as usual, whose consumers may be slow but do not stall. */
function bytesOf({ workers, codecs, blockBytes, blocks }: Workload, codecBytes: number): number {
  const least = blocks.leastAfterMs === 0 ? usualStreams * blocks.least : 0;
  const outputs = Math.max(blocks.outputs, least);
  return workers * threadBytes + codecs * codecBytes + (blocks.inputs + outputs) * blockBytes;
}

/** The workload for this machine: a thread for each processor, as far as memory permits. */
export function workloadOf({ format, level, threads }: WorkloadOptions): Workload {
  const workloadWith = (count: number): Workload =>
    format === 'zstd' ? zstdWorkload(count, level) : gzipWorkload(count);
  const codecBytes = codecBytesAt(format, level);
  return workloadWith(threads ?? threadCount(ownResources(), (count) => bytesOf(workloadWith(count), codecBytes)));
}
