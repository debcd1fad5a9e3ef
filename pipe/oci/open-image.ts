/** Finds and opens an image in a file or a directory. */

import { type BigIntStats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { matchAll } from '../io/match-patterns.ts';
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

/** The location of an image. */
export interface ImagePath {
  /** As the user knows it, for messages. */
  readonly path: string;
  readonly absolutePath: string;
}

/** Finds the one archive or layout that a path or a glob matches, as other files are found. @throws InputError if none or several match */
export async function findImage(pattern: string, workingDirectory: string): Promise<ImagePath> {
  const roots = [await realpath(workingDirectory)];
  const { matches, excluded } = await matchAll({ form: 'string', value: pattern }, { workingDirectory, roots });
  const problems = matches.flatMap((match) => match.problems);
  if (problems.length > 0) throw new InputError(problems);
  const paths = [...new Set(matches.flatMap((match) => match.paths))].filter((path) => !excluded(path));
  const [path] = paths;
  if (path === undefined)
    throw new InputError(`${printable(pattern)} matches nothing in ${printable(workingDirectory)}`);
  if (paths.length > 1)
    throw new InputError(
      `${printable(pattern)} matches several files: ${paths.sort().map(printable).join(', ')}. Name the image's file`,
    );
  return { path, absolutePath: resolve(workingDirectory, path) };
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

async function openSource({ path, absolutePath }: ImagePath): Promise<Source> {
  const name = printable(path);
  const stats = await statusOf(absolutePath, name);
  if (stats.isDirectory()) return await openDirectory(path, absolutePath);
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
