/** Reads parts of a file, and refuses where it is no longer the file that was planned. */

import { type FileHandle, open } from 'node:fs/promises';
import { FileChangedError, InputError } from '../../errors.ts';
import { allocateAligned, fingerprintOf, type SourceFile } from '../../http/file-body.ts';
import { printable } from '../../toolkit/output.ts';
import type { ByteReader } from '../tar/reader.ts';

/** As in `http/file-body.ts`, and for the same reasons. */
const chunkBytes = 1024 * 1024;
const bufferCount = 3;

/**
 * The bytes of a part of the file, read a chunk ahead. The last ones are only yielded after the file's status was
 * compared again.
 *
 * @throws FileChangedError while it is read
 */
export async function* readRange(file: SourceFile, start: number, length: number): AsyncGenerator<Uint8Array> {
  const handle = await openUnchanged(file);
  try {
    const buffers = Array.from({ length: Math.min(bufferCount, Math.ceil(length / chunkBytes)) }, () =>
      allocateAligned(Math.min(chunkBytes, length)),
    );
    let turn = 0;
    const readAt = (position: number): Promise<Buffer> => {
      const buffer = buffers[turn++ % buffers.length] ?? Buffer.alloc(0);
      const chunk = buffer.subarray(0, Math.min(chunkBytes, length - position));
      const reading = readFully(handle, chunk, start + position, file).then(() => chunk);
      // Awaited later, or never, when whoever reads stops first.
      reading.catch(() => undefined);
      return reading;
    };
    let next = length > 0 ? readAt(0) : undefined;
    for (let position = 0; next !== undefined;) {
      const chunk: Buffer = await next;
      position += chunk.length;
      next = position < length ? readAt(position) : undefined;
      if (next === undefined) await checkUnchanged(handle, file);
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

/** A few bytes of the file. @throws FileChangedError */
export async function readBytes(file: SourceFile, start: number, length: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readRange(file, start, length)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Reads forward by seeking: what is skipped is not read. */
export class FileReader implements ByteReader {
  position = 0;
  readonly #handle: FileHandle;
  readonly #file: SourceFile;

  private constructor(handle: FileHandle, file: SourceFile) {
    this.#handle = handle;
    this.#file = file;
  }

  static async open(file: SourceFile): Promise<FileReader> {
    return new FileReader(await openUnchanged(file), file);
  }

  async read(length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(Math.min(length, this.#file.size - this.position));
    await readFully(this.#handle, buffer, this.position, this.#file);
    this.position += buffer.length;
    return buffer;
  }

  async skip(length: number): Promise<void> {
    this.position = Math.min(this.position + length, this.#file.size);
  }

  /** @throws FileChangedError where the file is no longer what it was when it was opened */
  async close(): Promise<void> {
    try {
      await checkUnchanged(this.#handle, this.#file);
    } finally {
      await this.#handle.close();
    }
  }
}

async function readFully(handle: FileHandle, buffer: Buffer, start: number, file: SourceFile): Promise<void> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) throw changed(file, 'it became shorter');
    filled += bytesRead;
  }
}

async function openUnchanged(file: SourceFile): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file.absolutePath, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new InputError(`${printable(file.path)} may not be read by this user: check its permissions`, {
        cause: error,
      });
    throw changed(file, code === 'ENOENT' ? 'it no longer exists' : message, error);
  }
  try {
    await checkUnchanged(handle, file);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function checkUnchanged(handle: FileHandle, file: SourceFile): Promise<void> {
  if (fingerprintOf(await handle.stat({ bigint: true })) !== file.fingerprint)
    throw changed(file, 'it was written to or replaced');
}

function changed(file: SourceFile, how: string, cause?: unknown): FileChangedError {
  return new FileChangedError(`${printable(file.path)} changed while it was being uploaded: ${how}`, { cause });
}
