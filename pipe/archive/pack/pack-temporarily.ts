/** Packs what patterns name into a temporary file, which can be read as often as it takes to send it. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import type { Places } from '../../io/select-files.ts';
import { selectTree, type TreeRules } from '../../io/select-tree.ts';
import type { ArrayValue } from '../../toolkit/environment.ts';
import { type PackedFile, packFile, type PackRules } from './pack-file.ts';

/** A packed file that is removed in the end. */
export interface TemporaryPack extends PackedFile {
  /** Removes the file. */
  readonly close: () => Promise<void>;
}

/**
 * Packs the tree of files that patterns name.
 *
 * @throws InputError as `selectTree` and `packFile`, or if there is no room for a temporary file
 * @throws FileChangedError if a file changes meanwhile; the signal's reason if it aborts
 */
export async function packTemporarily(
  patterns: ArrayValue,
  places: Places,
  rules: PackRules & TreeRules,
): Promise<TemporaryPack> {
  const tree = await selectTree(patterns, places, rules);
  const directory = await mkdtemp(join(tmpdir(), 'pipe-pack-')).catch((error: unknown) => {
    const { message } = error as Error;
    throw new InputError(`The archive has no place for its temporary file: ${message}`, {
      cause: error,
      advice: 'Set the variable TMPDIR to a directory that can be written to, such as one in the clone.',
    });
  });
  const close = async (): Promise<void> => await rm(directory, { recursive: true, force: true });
  try {
    return { ...(await packFile(tree, join(directory, 'packed'), rules)), close };
  } catch (error) {
    await close();
    throw error;
  }
}
