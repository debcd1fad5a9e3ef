/** Decides how many threads compress: as many as there are processors, within the memory that the pipe may use. */

import { availableParallelism } from 'node:os';
import { containerLimits, type ContainerLimits } from '../io/container-limits.ts';

const million = 1_000_000;

/** What the pipe may use. */
export interface Resources {
  /** At least 1. */
  readonly processors: number;
  /** Bytes. */
  readonly memory: number;
}

/** What a number of threads takes. */
export interface ThreadCosts {
  /** Bytes of one block's memory. */
  readonly blockBytes: number;
  /** Blocks for this many threads. */
  readonly blocks: (threads: number) => number;
  /** Bytes that the codec needs in each thread. */
  readonly codecBytes: number;
}

/** The promise to users: so much on up to four processors, and for each further one. */
const usualBytes = 160 * million;
const usualProcessors = 4;
const furtherProcessorBytes = 12 * million;

/**
 * Of a push of an image with six layers, without threads and blocks: Node.js, the bundle, and requests. Peaks of compression
 * alone, in MB, with 1, 2, 4, 8 and 16 threads on two cores and blocks most of which do not shrink: gzip 82, 96, 119, 164,
 * 252; zstd 89, 104, 133, 184, 276. The whole push takes up to 36 more: with 8 and 16 processors, gzip 201 and 286 on as many
 * threads, zstd 194 on 6 and 282 on 13.
 */
const processBytes = 90 * million;
/** A thread without a codec: V8, and what zlib's calls leave for its garbage collector. */
const threadBytes = 7 * million;

/** @param parallelism as `os.availableParallelism()`, which knows the processors that the process may run on */
export function resourcesOf(parallelism: number, limits: ContainerLimits): Resources {
  const processors = Math.max(1, Math.min(parallelism, Math.ceil(limits.processors ?? Infinity)));
  const furtherBytes = Math.max(0, processors - usualProcessors) * furtherProcessorBytes;
  return { processors, memory: Math.min(usualBytes + furtherBytes, (limits.memory ?? Infinity) / 2) };
}

/** One for each processor; fewer if they would need more memory, but at least one. */
export function threadCount({ processors, memory }: Resources, costs: ThreadCosts): number {
  const bytesOf = (threads: number): number =>
    processBytes + threads * (threadBytes + costs.codecBytes) + costs.blocks(threads) * costs.blockBytes;
  let threads = processors;
  while (threads > 1 && bytesOf(threads) > memory) threads--;
  return threads;
}

/** What this process may use. */
export function ownResources(): Resources {
  return resourcesOf(availableParallelism(), containerLimits());
}
