/** Opens the files that a run publishes as soon as few enough are open. */

import { InputError } from '../errors.ts';
import { OpenFilesError, openPatiently } from '../toolkit/open-files.ts';

/**
 * Tries again while too many files are open.
 *
 * @param name of what is opened, printable
 * @throws InputError if it stays so; otherwise what `open` throws
 */
export async function whenFilesMayOpen<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await openPatiently(name, open);
  } catch (error) {
    throw error instanceof OpenFilesError ? new InputError(error.message, { cause: error.cause }) : error;
  }
}
