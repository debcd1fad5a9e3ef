/** Checks whether a path exists, even as a dangling link. */

import { lstat } from 'node:fs/promises';

/** Whether `path` exists, even as a dangling link; true if a directory forbids the look: who opens it then gets the reason. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}
