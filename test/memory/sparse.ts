/** Large files without their blocks on the disk, which would be most of the time of a test. */

import { open, truncate } from 'node:fs/promises';

/** Bytes at the beginning of a file, zeros, and bytes at its end. */
export interface SparseContent {
  readonly beginning?: Buffer;
  readonly zeros: number;
  readonly end?: Buffer;
}

export async function writeSparse(path: string, { beginning, zeros, end }: SparseContent): Promise<void> {
  const file = await open(path, 'w');
  try {
    const start = beginning?.length ?? 0;
    if (beginning !== undefined) await file.write(beginning, 0, start, 0);
    if (end === undefined) await truncate(path, start + zeros);
    else await file.write(end, 0, end.length, start + zeros);
  } finally {
    await file.close();
  }
}
