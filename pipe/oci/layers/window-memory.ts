/** Bounds the memory of zstd decoders: each keeps as much of what it has decompressed as the layer's compressor chose. */

import { hasLargerWindow } from '../../archive/decompress.ts';
import { maxZstdWindowLog } from '../../compression/formats.ts';
import { MemoryBudget } from '../../io/memory-budget.ts';
import type { Layer } from '../image.ts';

/** 8 MiB: no compressor uses more unless it is asked for its highest levels, or for a long window. */
const usualWindowLog = 23;

/** One window of the largest size, or as many of the usual size as layers are sent at once by default. */
const budget = new MemoryBudget(2 ** maxZstdWindowLog);

/**
 * Does work that decompresses a layer once there is memory for it. To be called before a connection waits for the layer's bytes.
 *
 * @param work is repeated with the largest window if it turns out that the usual one is too small
 */
export async function withWindow<T>(
  { encoding, diffId }: Layer,
  work: (maxWindowLog: number) => Promise<T>,
): Promise<T> {
  if (encoding !== 'zstd' || diffId === undefined) return await work(maxZstdWindowLog);
  const workWith = async (log: number): Promise<T> => await budget.use(2 ** log, async () => await work(log));
  try {
    return await workWith(usualWindowLog);
  } catch (error) {
    if (!hasLargerWindow(error)) throw error;
    return await workWith(maxZstdWindowLog);
  }
}
