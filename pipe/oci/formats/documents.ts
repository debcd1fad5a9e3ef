/** Reads documents out of a source, whole and within limits. */

import { InputError } from '../../errors.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Descriptor, Document } from '../image.ts';
import type { Entry, Source } from '../sources/source.ts';
import { maxDocumentBytes } from '../../archive/tar/scan.ts';
import { blobPath, digestOf } from '../descriptors.ts';

/** @returns undefined where there is none. @throws InputError where there are several that differ, or a huge one */
export async function readDocument(source: Source, path: string): Promise<Buffer | undefined> {
  const entry = await source.find(path);
  if (entry === undefined) return undefined;
  const where = `${source.name}: ${printable(path)}`;
  const bytes = await readEntry(entry, where);
  // Readers do not agree on which of them counts.
  for (const other of source.earlier(path)) {
    if (other.size !== entry.size || !bytes.equals(await readEntry(other, where)))
      throw new InputError(`${where} is in the archive several times, with different contents`);
  }
  return bytes;
}

/** @param what it is, for messages: `the config`. @throws InputError where it is not what the descriptor says */
export async function readBlob(source: Source, descriptor: Descriptor, what: string): Promise<Document | undefined> {
  const { mediaType, digest, size } = descriptor;
  const entry = await source.find(blobPath(digest));
  if (entry === undefined) return undefined;
  const where = `${source.name}: ${what} ${digest}`;
  if (entry.size !== size) throw new InputError(`${where} has ${entry.size} bytes, and what refers to it says ${size}`);
  const bytes = await readEntry(entry, where);
  const actual = digestOf(bytes);
  if (actual !== digest) throw new InputError(`${where} is damaged: its bytes have the digest ${actual}`);
  return { mediaType, digest, bytes };
}

async function readEntry(entry: Entry, where: string): Promise<Buffer> {
  if (entry.size > maxDocumentBytes)
    throw new InputError(
      `${where} has ${formatBytes(entry.size)}: more than ${formatBytes(maxDocumentBytes)} are not read of a document`,
    );
  const chunks: Buffer[] = [];
  for await (const chunk of entry.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
