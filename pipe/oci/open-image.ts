/** Finds and opens an image that is a file or a directory. */

import { type BigIntStats } from 'node:fs';
import { glob, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { exists } from '../io/exists.ts';
import { fingerprintOf, type SourceFile } from '../io/source-file.ts';
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

/** Where an image is. */
export interface ImagePath {
  /** As the user knows it, for messages. */
  readonly path: string;
  readonly absolutePath: string;
}

/** The one archive or layout that a path or a glob means. @throws InputError if nothing matches, or several files do */
export async function findImage(pattern: string, workingDirectory: string): Promise<ImagePath> {
  const literal = resolve(workingDirectory, pattern);
  if (await exists(literal)) return { path: pattern, absolutePath: literal };
  const matches: string[] = [];
  for await (const match of glob(pattern, { cwd: workingDirectory })) matches.push(match);
  const [path] = matches;
  if (path === undefined)
    throw new InputError(`${printable(pattern)} matches nothing in ${printable(workingDirectory)}`);
  if (matches.length > 1)
    throw new InputError(
      `${printable(pattern)} matches several: ${matches.sort().map(printable).join(', ')}. Name the one that is the image`,
    );
  return { path, absolutePath: resolve(workingDirectory, path) };
}

/**
 * A `docker save` archive or an OCI archive, plain or compressed as a whole, or a directory with the contents of one.
 * Nothing is decompressed to disk; layers are read as they are opened.
 *
 * @throws InputError where it is no image, a damaged one, or not the wanted one
 * @throws FileChangedError where it is written to meanwhile
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

async function openSource({ path, absolutePath }: ImagePath): Promise<Source> {
  const name = printable(path);
  const stats = await statusOf(absolutePath, name);
  if (stats.isDirectory()) return await openDirectory(path, absolutePath);
  if (!stats.isFile())
    throw new InputError(
      `${name} is ${stats.isFIFO() ? 'a named pipe (FIFO)' : 'a special file'}: an image is read from a file or a directory`,
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
      throw new InputError(`${name} is a zip archive, not an image: images are saved with docker save`);
    case 'json':
    case 'other':
      throw new InputError(
        `${name} is not an image: it is neither a tar archive, nor one compressed with ${listCompressions('or')}`,
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
    throw new InputError(`${name}: ${isAbsent ? 'there is no such file or directory' : code || message}`, {
      cause: error,
    });
  }
}
