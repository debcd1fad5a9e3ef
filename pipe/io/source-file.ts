/** Reads a file, whole or in part, and fails if the file has changed since the run was planned. */

import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { allocateAligned } from './aligned-memory.ts';
import type { ByobReader, OpenRange } from './byob-reader.ts';
import { FileChangedError, InputError } from '../errors.ts';
import { printable } from '../toolkit/stdout.ts';
import type { SizedBody } from './body.ts';
import { whenFilesMayOpen } from './when-files-may-open.ts';

/** A regular file as it was when the run was planned. */
export interface SourceFile {
  /** As the user wrote it, for messages. */
  readonly path: string;
  readonly absolutePath: string;
  readonly size: number;
  /** Changes whenever the file is replaced or written to. */
  readonly fingerprint: string;
}

/** The parts of a file's status that change whenever the file does. */
export function fingerprintOf(stats: BigIntStats): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
}

/** How a file is read. */
interface Reading {
  readonly chunkBytes: number;
  /** One being sent, one about to be sent; and one being read meanwhile, if there is a third. */
  readonly bufferCount: number;
}

const KiB = 1024;

/** Smaller reads take more calls (64 KiB: 2.4 times the time for 1 GiB over loopback); larger ones only take memory. */
const usualReading: Reading = { chunkBytes: 1024 * KiB, bufferCount: 3 };
/** As many as are uploaded at once by default. */
const usualFiles = 4;
/** Larger than a socket's buffer: only then is a chunk certain to have left ours when the next one is requested. */
const minChunkBytes = 128 * KiB;

let reading = usualReading;

/**
 * Divides the memory for buffers among this many files. Measured with 64 files of 40 MB at once: peak 300 MiB with three
 * buffers of 1 MiB for each of them, 120 MiB if memory is divided.
 */
export function divideBuffers(filesAtOnce: number): void {
  // While others are sent, nothing is gained by reading ahead.
  reading =
    filesAtOnce <= usualFiles
      ? usualReading
      : {
          chunkBytes: Math.max(minChunkBytes, Math.floor((usualReading.chunkBytes * usualFiles) / filesAtOnce)),
          bufferCount: 2,
        };
}

/**
 * A body that streams the file, as `readRange` does.
 *
 * @throws FileChangedError while it is read, if the file has changed, grown, shrunk or vanished since the run was planned
 */
export function fileBody(file: SourceFile): SizedBody {
  return { length: file.size, open: () => readRange(file, 0, file.size) };
}

/**
 * Yields part of the file. The last chunk is yielded only after the file's status has been compared again, so that
 * a request with a changed file is never complete. A chunk is valid until the next chunk but one is requested.
 *
 * @throws FileChangedError if the file changes or vanishes
 * @throws InputError if the file cannot be read
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
 * Reads part of the file into the caller's buffers, which should be aligned. The file is opened by the first read.
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
    openRange: async () => await openRange(file, start, length),
  };
}

/** Opens part of the file for threads. @throws what `openUnchanged` throws */
async function openRange(file: SourceFile, start: number, length: number): Promise<OpenRange> {
  const handle = await openUnchanged(file);
  return {
    descriptor: handle.fd,
    start,
    length,
    check: async () => await checkUnchanged(handle, file),
    failure: (cause) => (cause === undefined ? endedEarly(file) : readFailure(file, cause)),
    close: async () => await handle.close(),
  };
}

async function* readAhead(
  handle: FileHandle,
  file: SourceFile,
  start: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const { chunkBytes, bufferCount } = reading;
  const bufferBytes = Math.min(chunkBytes, length);
  const buffers = Array.from({ length: Math.min(bufferCount, Math.ceil(length / chunkBytes)) }, () =>
    allocateAligned(bufferBytes),
  );
  let turn = 0;
  const readNext = (position: number): Promise<Uint8Array> => {
    const buffer = buffers[turn++ % buffers.length] ?? Buffer.alloc(0);
    const chunk = buffer.subarray(0, Math.min(bufferBytes, length - position));
    const reading = readFully(handle, chunk, start + position, file).then(() => chunk);
    // Awaited later, or never if sending fails first; that failure is then the one that is reported.
    reading.catch(() => undefined);
    return reading;
  };
  const readsAhead = bufferCount > 2;
  let next: Promise<Uint8Array> | undefined;
  for (let position = 0; position < length;) {
    const chunk: Uint8Array = await (next ?? readNext(position));
    position += chunk.length;
    next = readsAhead && position < length ? readNext(position) : undefined;
    if (position === length) await checkUnchanged(handle, file);
    yield chunk;
  }
}

/**
 * Fills the buffer with the file's bytes from `position`. Short reads are completed here: only whole chunks are larger
 * than the socket's buffer, and so certain to have left ours when the next one is requested.
 *
 * @throws FileChangedError if the file ends too early
 * @throws InputError if the file cannot be read
 */
export async function readFully(
  handle: FileHandle,
  buffer: Uint8Array,
  position: number,
  file: SourceFile,
): Promise<void> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await namingFile(
      file,
      handle.read(buffer, filled, buffer.length - filled, position + filled),
    );
    if (bytesRead === 0) throw endedEarly(file);
    filled += bytesRead;
  }
}

/**
 * Opens the file.
 *
 * @throws FileChangedError if the file has changed or vanished since the run was planned
 * @throws InputError if the file cannot be read
 */
export async function openUnchanged(file: SourceFile): Promise<FileHandle> {
  const opening = whenFilesMayOpen(printable(file.path), async () => await open(file.absolutePath, 'r'));
  const handle = await namingFile(file, opening);
  try {
    await checkUnchanged(handle, file);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Compares the file's status with the planned one.
 *
 * @throws FileChangedError if the file has changed since the run was planned
 * @throws InputError if the status cannot be read
 */
export async function checkUnchanged(handle: FileHandle, file: SourceFile): Promise<void> {
  const stats = await namingFile(file, handle.stat({ bigint: true }));
  if (fingerprintOf(stats) === file.fingerprint) return;
  throw changed(
    file,
    Number(stats.size) === file.size ? 'it was written to' : `its size is now ${stats.size} bytes, not ${file.size}`,
  );
}

/** Turns the system's errors into errors about the file, which could otherwise be mistaken for network failures. */
async function namingFile<T>(file: SourceFile, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof InputError ? error : readFailure(file, error as NodeJS.ErrnoException);
  }
}

function readFailure(file: SourceFile, cause: NodeJS.ErrnoException): Error {
  const { code, message } = cause;
  if (code === 'ENOENT') return changed(file, 'it no longer exists', cause);
  const problem =
    code === 'EACCES' ? 'cannot be read by this user: check its permissions' : `cannot be read: ${printable(message)}`;
  return new InputError(`${printable(file.path)} ${problem}`, { cause });
}

function endedEarly(file: SourceFile): FileChangedError {
  return changed(file, 'it became shorter');
}

function changed(file: SourceFile, how: string, cause?: unknown): FileChangedError {
  return new FileChangedError(`${printable(file.path)} changed while it was being uploaded: ${how}`, { cause });
}
