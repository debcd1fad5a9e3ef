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

/** The promise to users: so much on up to four processors, and for each further one. */
const usualBytes = 160 * million;
const usualProcessors = 4;
const furtherProcessorBytes = 12 * million;

/**
 * Of a push of an image with six layers, without threads and blocks: Node.js, the bundle, and requests. Peaks of whole pushes
 * of what does not shrink, in MB, for 2, 8 and 16 processors: gzip 132, 206 and 291; zstd 133, 161 and 226. Compression alone
 * takes up to 28 less.
 */
const processBytes = 90 * million;
/** A thread without a codec: V8, and what its calls leave for the garbage collector. */
export const threadBytes = 7 * million;

/** @param parallelism as `os.availableParallelism()`, which knows the processors that the process may run on */
export function resourcesOf(parallelism: number, limits: ContainerLimits): Resources {
  const processors = Math.max(1, Math.min(parallelism, Math.ceil(limits.processors ?? Infinity)));
  const furtherBytes = Math.max(0, processors - usualProcessors) * furtherProcessorBytes;
  return { processors, memory: Math.min(usualBytes + furtherBytes, (limits.memory ?? Infinity) / 2) };
}

/**
 * One for each processor; fewer if they would need more memory, but at least one.
 *
 * @param bytesOf what this many threads need, in bytes
 */
export function threadCount({ processors, memory }: Resources, bytesOf: (threads: number) => number): number {
  let threads = processors;
  while (threads > 1 && processBytes + bytesOf(threads) > memory) threads--;
  return threads;
}

/** What this process may use. */
export function ownResources(): Resources {
  return resourcesOf(availableParallelism(), containerLimits());
}
