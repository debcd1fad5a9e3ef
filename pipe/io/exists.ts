/** Whether there is anything at a path, be it a link that leads nowhere. */

import { lstat } from 'node:fs/promises';

/** Whether there is anything at `path`, even a link that leads nowhere; false if that cannot be told. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
