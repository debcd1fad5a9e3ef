/** Reads documents from a source into memory, within a limit. */

import { InputError } from '../../errors.ts';
import { readWhole } from '../../io/bounded-read.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Descriptor, Document } from '../image.ts';
import type { Entry, Source } from '../sources/source.ts';
import { maxDocumentBytes } from '../../archive/tar/scan.ts';
import { blobPath, digestOf } from '../descriptors.ts';

/** Reads a document; undefined if there is none. @throws InputError if it is too large, or if there are several that differ */
export async function readDocument(source: Source, path: string): Promise<Buffer | undefined> {
  const entry = await source.find(path);
  if (entry === undefined) return undefined;
  const where = `${source.name}: ${printable(path)}`;
  const bytes = await readEntry(entry, where);
  // Readers do not agree on which one counts.
  for (const other of source.earlier(path)) {
    if (other.size !== entry.size || !bytes.equals(await readEntry(other, where)))
      throw new InputError(`${where} is in the archive several times, with different content`);
  }
  return bytes;
}

/**
 * Reads the blob of a descriptor; undefined if it is not in the source.
 *
 * @param what names it in messages, such as `the config`
 * @throws InputError if it is too large, or if its size or digest differs from the descriptor's
 */
export async function readBlob(source: Source, descriptor: Descriptor, what: string): Promise<Document | undefined> {
  const { mediaType, digest, size } = descriptor;
  const entry = await source.find(blobPath(digest));
  if (entry === undefined) return undefined;
  const where = `${source.name}: ${what} ${digest}`;
  if (entry.size !== size) throw new InputError(`${where} has ${entry.size} bytes, but its descriptor says ${size}`);
  const bytes = await readEntry(entry, where);
  const actual = digestOf(bytes);
  if (actual !== digest) throw new InputError(`${where} is damaged: its digest is ${actual}`);
  return { mediaType, digest, bytes };
}

async function readEntry(entry: Entry, where: string): Promise<Buffer> {
  const bytes = entry.size > maxDocumentBytes ? undefined : await readWhole(entry.open(), maxDocumentBytes);
  if (bytes !== undefined) return bytes;
  throw new InputError(
    `${where} has ${formatBytes(entry.size)}: the limit is ${formatBytes(maxDocumentBytes)} for a document`,
  );
}
