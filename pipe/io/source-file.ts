/** A file's bytes, as a body or in parts: read a chunk ahead, and refused where it is no longer the file that was planned. */

import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { allocateAligned } from './aligned-memory.ts';
import type { ByobReader } from './byob-reader.ts';
import { FileChangedError, InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import type { SizedBody } from './body.ts';

/** A regular file as it was when the run was planned. */
export interface SourceFile {
  /** As the user knows it, for messages. */
  readonly path: string;
  readonly absolutePath: string;
  readonly size: number;
  /** Changes whenever the file is replaced or written to. */
  readonly fingerprint: string;
}

/** What of a file's status tells one state of it from another. */
export function fingerprintOf(stats: BigIntStats): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
}

/** 1 MiB: smaller reads cost more calls (64 KiB: 2.4 times the time for 1 GiB over loopback), larger ones only memory. */
const chunkBytes = 1024 * 1024;
/** One being sent, one handed over, one being read. */
const bufferCount = 3;

/**
 * A body that streams the file, as `readRange` does.
 *
 * @throws FileChangedError while it is read, if the file has changed, grown, shrunk or vanished since it was planned
 */
export function fileBody(file: SourceFile): SizedBody {
  return { length: file.size, open: () => readRange(file, 0, file.size) };
}

/**
 * The bytes of a part of the file. The last ones are only yielded after the file's status was compared again, so that
 * a request for a changed file always stays incomplete. A chunk is valid until the next but one is asked for.
 *
 * @throws FileChangedError while it is read
 * @throws InputError where it cannot be read
 */
export async function* readRange(file: SourceFile, start: number, length: number): AsyncGenerator<Uint8Array> {
  const handle = await openUnchanged(file);
  try {
    yield* readAhead(handle, file, start, length);
  } finally {
    await handle.close();
  }
}

/**
 * The same bytes, read to where they are wanted: best to memory that is aligned. Nothing is opened before the first read.
 */
export function rangeReader(file: SourceFile, start: number, length: number): ByobReader {
  let handle: FileHandle | undefined;
  let position = 0;
  return {
    async read(target) {
      handle ??= await openUnchanged(file);
      const part = target.subarray(0, length - position);
      if (part.length === 0) return 0;
      await readFully(handle, part, start + position, file);
      position += part.length;
      if (position === length) await checkUnchanged(handle, file);
      return part.length;
    },
    async close() {
      await handle?.close();
    },
  };
}

async function* readAhead(
  handle: FileHandle,
  file: SourceFile,
  start: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const bufferBytes = Math.min(chunkBytes, length);
  const buffers = Array.from({ length: Math.min(bufferCount, Math.ceil(length / chunkBytes)) }, () =>
    allocateAligned(bufferBytes),
  );
  let turn = 0;
  const readNext = (position: number): Promise<Uint8Array> => {
    const buffer = buffers[turn++ % buffers.length] ?? Buffer.alloc(0);
    const chunk = buffer.subarray(0, Math.min(bufferBytes, length - position));
    const reading = readFully(handle, chunk, start + position, file).then(() => chunk);
    // Awaited later, or never, when sending fails first; the reader then learns of that failure instead.
    reading.catch(() => undefined);
    return reading;
  };
  let next = length > 0 ? readNext(0) : undefined;
  let position = 0;
  while (next !== undefined) {
    const chunk: Uint8Array = await next;
    position += chunk.length;
    next = position < length ? readNext(position) : undefined;
    if (next === undefined) await checkUnchanged(handle, file);
    yield chunk;
  }
}

/**
 * Fills the buffer with the file's bytes from `position` on. Short reads are completed here: only whole chunks are larger
 * than the socket's buffer, and so surely gone from ours when the next one is asked for.
 *
 * @throws FileChangedError where the file ends before
 * @throws InputError where it cannot be read
 */
export async function readFully(
  handle: FileHandle,
  buffer: Uint8Array,
  position: number,
  file: SourceFile,
): Promise<void> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await toldAsFile(
      file,
      handle.read(buffer, filled, buffer.length - filled, position + filled),
    );
    if (bytesRead === 0) throw changed(file, 'it became shorter');
    filled += bytesRead;
  }
}

/**
 * @throws FileChangedError where it is gone, or no longer what was planned
 * @throws InputError where it cannot be read
 */
export async function openUnchanged(file: SourceFile): Promise<FileHandle> {
  const handle = await toldAsFile(file, open(file.absolutePath, 'r'));
  try {
    await checkUnchanged(handle, file);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * @throws FileChangedError
 * @throws InputError where the system does not tell
 */
export async function checkUnchanged(handle: FileHandle, file: SourceFile): Promise<void> {
  const stats = await toldAsFile(file, handle.stat({ bigint: true }));
  if (fingerprintOf(stats) === file.fingerprint) return;
  throw changed(
    file,
    Number(stats.size) === file.size ? 'it was written to' : `its size is now ${stats.size} bytes, not ${file.size}`,
  );
}

/** What the system says of the file, told of the file: on its way through a connection it would pass for that one's failure. */
async function toldAsFile<T>(file: SourceFile, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw changed(file, 'it no longer exists', error);
    const problem =
      code === 'EACCES'
        ? 'may not be read by this user: check its permissions'
        : `cannot be read: ${printable(message)}`;
    throw new InputError(`${printable(file.path)} ${problem}`, { cause: error });
  }
}

function changed(file: SourceFile, how: string, cause?: unknown): FileChangedError {
  return new FileChangedError(`${printable(file.path)} changed while it was being uploaded: ${how}`, { cause });
}
