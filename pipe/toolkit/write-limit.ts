/** The time that writing one file may take. */

import { setTimeout as delay } from 'node:timers/promises';

/** A named pipe without a reader, or a directory such as /proc, would otherwise block for ever. */
const maxWriteMs = 10_000;

/** Waits for the work on a file. @throws Error if it takes too long; otherwise what `work` throws */
export async function withinLimit<T>(work: Promise<T>, path: string): Promise<T> {
  const late = delay(maxWriteMs, undefined, { ref: false }).then(() => {
    throw new Error(`${path} could not be written to within ${maxWriteMs / 1000} s`);
  });
  return await Promise.race([work, late]);
}
