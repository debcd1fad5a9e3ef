/** Reads a directory as a source: an OCI image layout, or an extracted archive. */

import { lstat, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isForbidden, isInside } from '../../io/paths.ts';
import { fingerprintOf, rangeReader, readRange, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { pathProblem } from '../../archive/tar/paths.ts';
import { contentOf, headBytes } from '../../archive/content.ts';
import { readBytes } from './file-reader.ts';
import type { Entry, Source } from './source.ts';

/**
 * Opens a directory. Links must not lead out of it, except to `roots`: Bazel's layouts are links to its own directories.
 *
 * @param path names it in messages
 * @param roots real paths of the directories whose files may be published
 */
export async function openDirectory(
  path: string,
  absolutePath: string,
  roots: readonly string[] = [],
): Promise<Source> {
  const name = printable(path.replace(/\/+$/, '') || path);
  const root = await realpath(absolutePath);
  // Files have no order on disk: they are numbered as they are found.
  let position = 0;
  return {
    name,
    kind: 'directory',
    isForwardOnly: false,
    async find(inner) {
      const problem = pathProblem(inner);
      if (problem !== undefined) throw new InputError(`${name} refers to ${printable(inner)}, ${problem}`);
      const file = await findFile(name, root, inner, roots);
      return file === undefined ? undefined : entryOf(file, inner, position++);
    },
    earlier: () => [],
    paths: () => [],
    hint: '',
    close: () => Promise.resolve(),
  };
}

function entryOf(file: SourceFile, name: string, position: number): Entry {
  return {
    name,
    size: file.size,
    position,
    content: async () => contentOf(await readBytes(file, 0, Math.min(file.size, headBytes))),
    open: () => readRange(file, 0, file.size),
    read: () => rangeReader(file, 0, file.size),
  };
}

async function findFile(
  name: string,
  root: string,
  inner: string,
  roots: readonly string[],
): Promise<SourceFile | undefined> {
  const shown = `${name}/${printable(inner)}`;
  const absolute = join(root, inner);
  let real: string;
  try {
    real = await realpath(absolute);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new InputError(`${shown} cannot be read: ${code ?? message}`, { cause: error });
    if (await isLink(absolute))
      throw new InputError(`${shown} is a symbolic link to a file that does not exist`, { cause: error });
    return undefined;
  }
  const mayBeRead = isInside(real, root) || (!isForbidden(real) && roots.some((each) => isInside(real, each)));
  if (!mayBeRead) {
    const where = roots.length === 0 ? 'the directory' : [...new Set([root, ...roots])].map(printable).join(' and ');
    throw new InputError(`${shown} is a symbolic link to ${printable(real)}, which is outside ${where}`);
  }
  const stats = await stat(real, { bigint: true });
  if (!stats.isFile())
    throw new InputError(`${shown} is a ${stats.isDirectory() ? 'directory' : 'special file'}, not a file`);
  return { path: shown, absolutePath: real, size: Number(stats.size), fingerprint: fingerprintOf(stats) };
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch {
    return false;
  }
}
