/** The content of one member of a ZIP archive, checked against what the directory says of it. */

import { createInflateRaw, crc32, inflateRawSync } from 'node:zlib';
import { freeChunk } from './decompress.ts';
import type { ZipReader } from './zip-reader.ts';

/** A member, as the directory of its archive describes it (APPNOTE.TXT 6.3.10, section 4.3.12). */
export interface StoredMember {
  readonly path: string;
  /** Bytes of content. */
  readonly size: number;
  readonly crc32: number;
  readonly compressionMethod: number;
  readonly compressedSize: number;
  readonly isEncrypted: boolean;
  /** Where its local header begins. */
  readonly headerPosition: number;
}

const localHeaderBytes = 30;
const localSignature = 0x04034b50;
const methods = { stored: 0, deflated: 8 } as const;
/** More would be held in memory at once. A stream for each member takes several times as long. */
const smallBytes = 128 * 1024;
/** Of decompressed bytes: each chunk is a turn of the thread pool. With 16 KiB, the default, 10 MB take 60 ms, with these 37. */
const chunkBytes = 256 * 1024;

/**
 * Yields the content. A chunk is valid until the next one is requested.
 *
 * @throws Error if it is encrypted, compressed by a method other than deflate, or damaged; if its local header has another
 *   name, so that readers would differ in what it is; or if it does not have the size and checksum in the directory
 */
export async function* memberContent(reader: ZipReader, member: StoredMember): AsyncGenerator<Uint8Array> {
  const { path, size, compressionMethod } = member;
  if (member.isEncrypted) throw new Error(`${path} in it is encrypted`);
  const isDeflated = compressionMethod === methods.deflated;
  if (!isDeflated && compressionMethod !== methods.stored)
    throw new Error(`${path} in it is compressed by method ${compressionMethod}, not by deflate`);
  let length = 0;
  let sum = 0;
  for await (const chunk of isDeflated ? inflated(reader, member) : stored(reader, member)) {
    length += chunk.length;
    if (length > size) throw new Error(`${path} in it is longer than the ${size} bytes in its header`);
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (length < size) throw new Error(`${path} in it has ${length} bytes, not the ${size} in its header`);
  if (sum !== member.crc32) throw new Error(`${path} in it does not match the checksum in its header`);
}

async function* stored(reader: ZipReader, member: StoredMember): AsyncGenerator<Uint8Array> {
  const start = await dataPosition(reader, member);
  yield* reader.chunks(start, start + member.compressedSize);
}

async function* inflated(reader: ZipReader, member: StoredMember): AsyncGenerator<Uint8Array> {
  const { path, size, compressedSize } = member;
  const start = await dataPosition(reader, member);
  if (size <= smallBytes && compressedSize <= smallBytes) {
    const data = Buffer.allocUnsafe(compressedSize);
    await reader.fill(data, start);
    yield damagedNamed(path, () => inflateRawSync(data, { maxOutputLength: smallBytes + 1 }));
    return;
  }
  const inflate = createInflateRaw({ chunkSize: chunkBytes });
  const pumping = pump(reader.chunks(start, start + compressedSize), inflate);
  try {
    for await (const chunk of inflate) {
      yield chunk as Buffer;
      freeChunk(chunk as Buffer<ArrayBuffer>);
    }
  } catch (error) {
    throw damaged(path, error);
  } finally {
    inflate.destroy();
    await pumping;
  }
}

async function pump(data: AsyncIterable<Uint8Array>, inflate: ReturnType<typeof createInflateRaw>): Promise<void> {
  // zlib ignores bytes after the end of the compressed data, and never calls back for them.
  const ended = new Promise<void>((resolve) => inflate.once('close', resolve).once('end', resolve));
  try {
    for await (const chunk of data) {
      if (inflate.destroyed || inflate.readableEnded) return;
      await Promise.race([ended, new Promise((resolve) => inflate.write(chunk, resolve))]);
    }
    inflate.end();
  } catch (error) {
    inflate.destroy(error as Error);
  }
}

/** Where the data begins: after the local header, whose name must be that of the directory. */
async function dataPosition(reader: ZipReader, { path, headerPosition }: StoredMember): Promise<number> {
  const header = Buffer.allocUnsafe(localHeaderBytes);
  await reader.fill(header, headerPosition);
  if (header.readUInt32LE(0) !== localSignature) throw new Error(`${path} in it has no header of its own`);
  const nameBytes = header.readUInt16LE(26);
  const name = Buffer.allocUnsafe(nameBytes);
  await reader.fill(name, headerPosition + localHeaderBytes);
  if (name.toString('utf8') !== path) throw new Error(`${path} in it has another name in its own header`);
  return headerPosition + localHeaderBytes + nameBytes + header.readUInt16LE(28);
}

function damagedNamed<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw damaged(path, error);
  }
}

function damaged(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  return new Error(
    `${path} in it ${code === 'ERR_BUFFER_TOO_LARGE' ? 'is longer than its header says' : `cannot be decompressed (${message})`}`,
    { cause: error },
  );
}
