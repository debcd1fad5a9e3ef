/** OUTPUT_PATH: whether the package can be written there, which is known before it is packed, and writing it. */

import { copyFile, mkdir, mkdtemp, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PackedFile } from '../../archive/pack/pack-file.ts';
import { InputError } from '../../errors.ts';
import { exists } from '../../io/exists.ts';
import { measure } from '../../io/hashes.ts';
import { inspect } from '../../io/inspect-path.ts';
import type { Places } from '../../io/select-files.ts';
import { fileBody } from '../../io/source-file.ts';
import { fileSystemAdvice } from '../../toolkit/file-system-advice.ts';
import { printable } from '../../toolkit/stdout.ts';
import { withinLimit } from '../../toolkit/write-limit.ts';

/** Where a package is to be kept. */
export interface Output {
  /** Absolute. */
  readonly directory: string;
  /** OUTPUT_PATH, as the user wrote it. */
  readonly outputPath: string;
  /** The path of the package in it, as the user would write it. */
  readonly outputFile: string;
  /** The name of the package. */
  readonly name: string;
}

const advice = 'Set OUTPUT_PATH to a directory that can be written to, such as one in the clone.';
const partSuffix = '.pipe-part';

/** Whether a name is that of a package that is being written, or was when its run was killed. */
export function isPart(name: string): boolean {
  return name.startsWith('.') && name.endsWith(partSuffix);
}

/**
 * Finds out whether the package could be written, and leaves everything as it is: a directory that exists before the files are
 * listed might be packed with them.
 *
 * @throws InputError if it could not
 */
export async function checkOutputPath({ directory, outputPath, outputFile, name }: Output): Promise<void> {
  const shown = printable(outputPath);
  try {
    await withinLimit(tryWriting(directory, shown), shown);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unwritable(shown, error);
  }
  const stats = await stat(join(directory, name)).catch(() => undefined);
  if (stats?.isDirectory() === true)
    throw new InputError(`OUTPUT_PATH: ${printable(outputFile)} is a directory, and the package is to have this name`, {
      advice: 'Remove it, or write to another OUTPUT_PATH.',
    });
}

/** @throws InputError if it cannot be a directory; the file system's error if nothing can be made in it */
async function tryWriting(directory: string, shown: string): Promise<void> {
  let nearest = directory;
  let stats = await statIfThere(nearest);
  while (stats === undefined && nearest !== dirname(nearest)) {
    if (await exists(nearest))
      throw new InputError(`OUTPUT_PATH: ${printable(nearest)} is a symbolic link to a path that does not exist here`, {
        advice,
      });
    nearest = dirname(nearest);
    stats = await statIfThere(nearest);
  }
  if (stats?.isDirectory() === false)
    throw new InputError(
      `OUTPUT_PATH: ${nearest === directory ? shown : printable(nearest)} is a file, not a directory`,
      { advice },
    );
  // Permissions do not tell: root has them all, and yet nothing can be made in /proc.
  await rmdir(await mkdtemp(join(nearest, '.pipe-')));
}

async function statIfThere(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  return await stat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  });
}

/**
 * Copies the package to OUTPUT_PATH, unless it is there already.
 *
 * @throws InputError if it cannot be written, or exists with other content and may not be overwritten
 */
export async function keepPackage(
  { directory, outputFile, name }: Output,
  { file, sha256 }: PackedFile,
  { overwrites, places }: { readonly overwrites: boolean; readonly places: Places },
): Promise<void> {
  const path = join(directory, name);
  const part = join(directory, `.${name}${partSuffix}`);
  try {
    // If making a directory fails with ENOENT, as in /proc, Node.js tries for ever.
    await withinLimit(mkdir(directory, { recursive: true }), printable(outputFile));
    const isThere = await exists(path);
    if (isThere && (await sha256Of(path, places)) === sha256) return;
    if (isThere && !overwrites)
      throw new InputError(`${printable(outputFile)} exists with other content`, {
        advice: 'Give --overwrite to replace it, or write to another OUTPUT_PATH.',
      });
    await copyFile(file.absolutePath, part);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error instanceof InputError ? error : unwritable(printable(outputFile), error);
  }
}

function unwritable(shown: string, cause: unknown): InputError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const isFull = ['ENOSPC', 'EDQUOT'].includes(code);
  return new InputError(`OUTPUT_PATH: ${shown} cannot be written: ${message}`, {
    cause,
    advice: isFull ? fileSystemAdvice(cause) : advice,
  });
}

/** Hexadecimal; undefined if it is something that cannot be read. */
async function sha256Of(path: string, places: Places): Promise<string | undefined> {
  const found = await inspect(path, places.workingDirectory, ['/']);
  return found.kind === 'file' ? (await measure(fileBody(found.file).open())).sha256 : undefined;
}
