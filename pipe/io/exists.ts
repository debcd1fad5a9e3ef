/** Checks whether a path exists, even as a dangling link. */

import { lstat } from 'node:fs/promises';

/** Whether `path` exists, even as a dangling link; false if that cannot be determined. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
