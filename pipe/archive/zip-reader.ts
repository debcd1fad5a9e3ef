/** Reads a ZIP archive's file at random positions, through a window. */

import type { FileHandle } from 'node:fs/promises';
import { callbackify } from 'node:util';
import { RandomAccessReader } from 'yauzl';
import { allocateAligned } from '../io/aligned-memory.ts';

/** Its parts are read in pieces of this size, because yauzl asks for each entry's header separately. */
const windowBytes = 256 * 1024;

/** A reader for yauzl, and for the content of members. */
export class ZipReader extends RandomAccessReader {
  readonly #handle: FileHandle;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  constructor(handle: FileHandle) {
    super();
    this.#handle = handle;
  }

  override _readStreamForRange(): never {
    throw new Error('the content of members is read by memberContent');
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    callbackify(async () => await this.fill(buffer.subarray(offset, offset + length), position))(callback);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  /** Fills the buffer with the bytes at `position`. @throws Error if the file ends before that */
  async fill(target: Buffer, position: number): Promise<void> {
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

  /** The bytes from `start` up to `end`. A chunk is valid until the next one is requested. @throws Error if the file ends before that */
  async *chunks(start: number, end: number): AsyncGenerator<Buffer> {
    const buffer = allocateAligned(Math.min(windowBytes, end - start));
    for (let position = start; position < end;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(buffer.length, end - position), position);
      if (bytesRead === 0) throw new Error('it ends too early');
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
