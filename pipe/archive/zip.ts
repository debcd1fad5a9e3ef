/** Reads small files from ZIP archives of any size. */

import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { PipeError } from '../errors.ts';
import { readWhole } from '../io/bounded-read.ts';
import { collectGarbage } from '../io/flat-heap.ts';
import type { SourceFile } from '../io/source-file.ts';
import { whenFilesMayOpen } from '../io/when-files-may-open.ts';
import { printable } from '../toolkit/stdout.ts';

/** A file that is not a valid ZIP archive. */
export class ZipError extends PipeError {
  override readonly name = 'ZipError';
}

/** A file in an archive. */
export interface ZipMember {
  readonly path: string;
  /** @throws ZipError if it cannot be read, or is longer than `maxBytes` */
  read(maxBytes: number): Promise<Buffer>;
}

/** The directory is read in pieces of this size, because yauzl asks for each entry's header separately. */
const windowBytes = 256 * 1024;
/** Far more than the largest jars have. An archive of 4 GiB could list 90 million. */
const maxMembers = 1_000_000;
/** yauzl makes a few buffers for each entry, which V8 would let pile up. */
const membersPerCollection = 10_000;
/** What is known of a wanted member takes about 500 bytes. */
const maxWanted = 10_000;

/**
 * Calls `work` with the members whose path `isWanted`. They can be read until `work` ends.
 *
 * @throws ZipError if the file is not a valid ZIP archive
 */
export async function withZipMembers<T>(
  file: SourceFile,
  isWanted: (path: string) => boolean,
  work: (members: readonly ZipMember[]) => Promise<T>,
): Promise<T> {
  const handle = await whenFilesMayOpen(printable(file.path), async () => await open(file.absolutePath, 'r'));
  try {
    const zip = await readable(() =>
      // yauzl must not decode paths: it would fail for odd names of members that are not wanted.
      fromRandomAccessReaderPromise(new ZipReader(handle), file.size, {
        autoClose: false,
        lazyEntries: true,
        decodeStrings: false,
      }),
    );
    const members: ZipMember[] = [];
    await readable(async () => {
      for await (const entry of zip.eachEntry()) {
        if (zip.entriesRead > maxMembers) throw new Error(`it has more than ${maxMembers} members`);
        const path = entry.fileNameRaw.toString('utf8');
        if (zip.entriesRead % membersPerCollection === 0) collectGarbage();
        if (members.length > maxWanted)
          throw new Error(`it has more than ${maxWanted} members of the kind that is looked for`);
        if (isWanted(path)) members.push({ path, read: (maxBytes) => readMember(zip, entry, path, maxBytes) });
      }
    });
    return await work(members);
  } finally {
    await handle.close();
  }
}

async function readMember(zip: ZipFile, entry: Entry, path: string, maxBytes: number): Promise<Buffer> {
  const tooLong = new ZipError(`${path} in it is longer than ${maxBytes} bytes`);
  if (entry.uncompressedSize > maxBytes) throw tooLong;
  return await readable(async () => {
    const bytes = await readWhole(await zip.openReadStreamPromise(entry), maxBytes);
    if (bytes === undefined) throw tooLong;
    if (crc32(bytes) !== entry.crc32) throw new ZipError(`${path} in it does not match the checksum in its header`);
    return bytes;
  });
}

async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ZipError) throw error;
    throw new ZipError((error as Error).message, { cause: error });
  }
}

/** Reads the directory through a window, because yauzl asks for its parts one after the other. */
class ZipReader extends RandomAccessReader {
  readonly #handle: FileHandle;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  constructor(handle: FileHandle) {
    super();
    this.#handle = handle;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#chunks(start, end));
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    callbackify(async () => await this.#fill(buffer.subarray(offset, offset + length), position))(callback);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async #fill(target: Buffer, position: number): Promise<void> {
    const start = position - this.#windowStart;
    if (start < 0 || start + target.length > this.#window.length) {
      const { buffer, bytesRead } = await this.#handle.read(
        Buffer.allocUnsafe(Math.max(windowBytes, target.length)),
        0,
        null,
        position,
      );
      this.#window = buffer.subarray(0, bytesRead);
      this.#windowStart = position;
      if (bytesRead < target.length) throw new Error('it ends too early');
    }
    const from = position - this.#windowStart;
    this.#window.copy(target, 0, from, from + target.length);
  }

  async *#chunks(start: number, end: number): AsyncGenerator<Buffer> {
    for (let position = start; position < end;) {
      const { buffer, bytesRead } = await this.#handle.read(
        Buffer.allocUnsafe(Math.min(windowBytes, end - position)),
        0,
        null,
        position,
      );
      if (bytesRead === 0) throw new Error('it ends too early');
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
