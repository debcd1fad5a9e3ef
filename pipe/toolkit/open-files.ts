/** Opens files even if too many are open at the moment: those of this run are soon closed again. */

import { setTimeout } from 'node:timers/promises';

/** Three seconds in all: longer than a file of this run is open while nothing is sent of it. */
const waitsMs: readonly number[] = [50, 100, 200, 400, 800, 1_600];

/** EMFILE: too many for this process; ENFILE: for the whole machine. */
const codes: readonly unknown[] = ['EMFILE', 'ENFILE'];

/** What to do if too many files and connections are open. */
export const openFilesAdvice =
  'lower --concurrency, or raise the limit on open files: ulimit -n, or docker run --ulimit nofile=1024';

/** Too many files were open for too long. */
export class OpenFilesError extends Error {
  override readonly name = 'OpenFilesError';
}

/**
 * Tries again while too many files are open.
 *
 * @param name of what is opened
 * @throws OpenFilesError if it stays so; otherwise what `open` throws
 */
export async function openPatiently<T>(name: string, open: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!codes.includes(code)) throw error;
      const waitMs = waitsMs[attempt];
      if (waitMs === undefined)
        throw new OpenFilesError(
          `${name} cannot be opened, because too many files are open (${String(code)}): ${openFilesAdvice}`,
          { cause: error },
        );
      await setTimeout(waitMs);
    }
  }
}
