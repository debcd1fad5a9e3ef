/** Finds and opens an image in a file or a directory. */

import { type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import { listPaths, type Places, realRoots, selectPaths } from '../io/select-files.ts';
import { fingerprintOf, type SourceFile } from '../io/source-file.ts';
import type { ArrayValue } from '../toolkit/environment.ts';
import { printable } from '../toolkit/stdout.ts';
import { readImage } from './formats/read-image.ts';
import type { Choice, Image } from './image.ts';
import { isCompression, isUnsupportedCompression, listCompressions } from '../compression/formats.ts';
import { contentOf, headBytes } from '../archive/content.ts';
import { openDirectory } from './sources/directory.ts';
import { readBytes } from './sources/file-reader.ts';
import { openCompressedTar } from './sources/compressed-tar.ts';
import type { Source } from './sources/source.ts';
import { openTarFile } from './sources/tar-file.ts';

/** The location of an image. */
export interface ImagePath {
  /** As the user knows it, for messages. */
  readonly path: string;
  readonly absolutePath: string;
  /** Real paths of the directories that links in a layout may lead to; otherwise only the layout itself. */
  readonly roots?: readonly string[];
}

/** The image's path, and what in its patterns matches nothing. */
export interface FoundImage extends ImagePath {
  readonly warnings: readonly string[];
}

/** Finds the one archive or layout that the patterns match, as other files are found. @throws InputError if none or several match */
export async function findImage(patterns: ArrayValue, places: Places): Promise<FoundImage> {
  const { found, warnings } = await selectPaths(patterns, places, { withDirectories: true });
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new InputError(
      `FILENAME matches ${found.length} files (${listPaths(found.map(({ path }) => path))}), but an image has one: name it. To publish several images, give IMAGE and FILENAME as arrays`,
    );
  return { path: first.path, absolutePath: first.absolutePath, roots: await realRoots(places), warnings };
}

/**
 * Opens a `docker save` or OCI archive, possibly compressed, or a directory with the contents of one. Nothing is
 * decompressed to disk. Layers are read when they are opened.
 *
 * @throws InputError if it is not an image, is damaged, or does not contain the image that `choice` selects
 * @throws FileChangedError if it changes while it is read
 */
export async function openImage(path: ImagePath, choice: Choice): Promise<Image> {
  const source = await openSource(path);
  try {
    return await readImage(source, choice);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openSource({ path, absolutePath, roots = [] }: ImagePath): Promise<Source> {
  const name = printable(path);
  const stats = await statusOf(absolutePath, name);
  if (stats.isDirectory()) return await openDirectory(path, absolutePath, roots);
  if (!stats.isFile())
    throw new InputError(
      `${name} is ${stats.isFIFO() ? 'a named pipe (FIFO)' : 'a special file'}: an image must be a file or a directory`,
    );
  const file: SourceFile = { path, absolutePath, size: Number(stats.size), fingerprint: fingerprintOf(stats) };
  const content = contentOf(await readBytes(file, 0, Math.min(file.size, headBytes)));
  if (isCompression(content)) return await openCompressedTar(file, content);
  if (isUnsupportedCompression(content))
    throw new InputError(
      `${name} is compressed with ${content}: only ${listCompressions('and')} are supported. Decompress it first`,
    );
  switch (content) {
    case 'tar':
      return await openTarFile(file);
    case 'empty':
      throw new InputError(`${name} is empty`);
    case 'zip':
      throw new InputError(`${name} is a zip archive, not an image: save images with docker save`);
    case 'json':
    case 'other':
      throw new InputError(
        `${name} is not an image: it is not a tar archive, plain or compressed with ${listCompressions('or')}`,
      );
    default:
      return content satisfies never;
  }
}

async function statusOf(path: string, name: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const isAbsent = code === 'ENOENT' || code === 'ENOTDIR';
    throw new InputError(`${name}: ${isAbsent ? 'no such file or directory' : code || message}`, {
      cause: error,
    });
  }
}
