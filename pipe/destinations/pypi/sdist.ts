/**
 * Reads a source distribution in one pass, without unpacking it to disk: its metadata, and its paths.
 *
 * @see https://packaging.python.org/en/latest/specifications/source-distribution-format/
 */

import { contentOf } from '../../archive/content.ts';
import { decompress } from '../../archive/decompress.ts';
import { limitExpansion } from '../../archive/expansion-limit.ts';
import { relativePath } from '../../archive/tar/paths.ts';
import { ForwardReader } from '../../archive/tar/reader.ts';
import { type TarMember, TarWalk } from '../../archive/tar/walk.ts';
import { InputError } from '../../errors.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { isSameRelease, type NameAndVersion, readingsOf } from './names.ts';

const maxMetadataBytes = 4 * 1024 * 1024;

/**
 * Reads a source distribution.
 *
 * @param readings the name and version in its file name
 * @returns the content of PKG-INFO in its top directory
 * @throws InputError if it is not a tar archive compressed with gzip, is damaged or cut off, expands to more than any package, has
 *   anything outside of one top directory of its name, a link that leads out of it or a device (PEP 721), or no PKG-INFO
 * @throws FileChangedError if the file has changed since it was selected
 */
export async function readSdist(file: SourceFile, readings: readonly NameAndVersion[]): Promise<Buffer> {
  const name = printable(file.path);
  const compressed = checkGzip(fileBody(file).open(), name);
  const reader = new ForwardReader(limitExpansion(decompress(compressed, 'gzip', name), file.size, name));
  let top: string | undefined;
  let metadata: Buffer | undefined;
  try {
    const walk = new TarWalk(reader, name);
    for await (const member of walk.members()) {
      const path = pathOf(member, name);
      const [first = '', ...others] = path.split('/');
      if (first === '') continue;
      top ??= first;
      if (first !== top || (others.length === 0 && member.kind !== 'directory'))
        throw new InputError(
          `${name} has ${printable(path)} outside of ${printable(top)}, but must have one top directory: build it anew`,
        );
      if (path !== `${top}/PKG-INFO`) continue;
      // If there are several, the last one is what unpacking leaves.
      if (member.kind !== 'file') throw new InputError(`${name}: PKG-INFO is a ${member.kind}, not a file`);
      if (member.size > maxMetadataBytes)
        throw new InputError(
          `${name}: PKG-INFO has ${formatBytes(member.size)}, but the limit is ${formatBytes(maxMetadataBytes)}`,
        );
      metadata = await reader.read(member.size);
    }
    // The checksum of the compressed bytes is at the end.
    await reader.drain();
    if (!walk.hasEndMark) throw new InputError(`${name} is cut off: its tar archive has no end marker`);
  } finally {
    await reader.close();
  }
  if (top === undefined || metadata === undefined)
    throw new InputError(
      `${name} has no PKG-INFO in its top directory, so it is not a source distribution: build it with python -m build --sdist`,
    );
  const own = readingsOf(top);
  if (!own.some((reading) => readings.some((wanted) => isSameRelease(reading, wanted))))
    throw new InputError(
      `${name} has the top directory ${printable(top)}, which is not the name and version of the file: build it anew, and do not rename it`,
    );
  return metadata;
}

/** The path, normalized. @throws InputError if it, or the link's target, leads out of the archive, or if it is a device */
function pathOf(member: TarMember, name: string): string {
  const path = relativePath(member.name);
  const shown = `${name} has an entry ${printable(member.name)}`;
  if (path === undefined) throw new InputError(`${shown}, which leads out of the package`);
  if (member.kind === 'special file') throw new InputError(`${shown}, a ${member.kind}, which pip refuses to unpack`);
  const isSymbolic = member.kind === 'symbolic link';
  if (
    (isSymbolic || member.kind === 'hard link') &&
    relativePath(member.linkName, isSymbolic ? path : undefined) === undefined
  )
    throw new InputError(`${shown}, a link to ${printable(member.linkName)}, which leads out of the package`);
  return path;
}

async function* checkGzip(compressed: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of compressed) {
    if (isFirst && contentOf(chunk.subarray(0, 512)) !== 'gzip')
      throw new InputError(`${name} is not compressed with gzip, although its name ends with .tar.gz`);
    isFirst = false;
    yield chunk;
  }
}
