/** Reads parts of a file: a few bytes, or forward with gaps. */

import type { FileHandle } from 'node:fs/promises';
import { checkUnchanged, openUnchanged, readFully, readRange, type SourceFile } from '../../io/source-file.ts';
import type { ByteReader } from '../../archive/tar/reader.ts';

/** Reads `length` bytes of the file from `start`. @throws FileChangedError if it has changed */
export async function readBytes(file: SourceFile, start: number, length: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readRange(file, start, length)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Reads a file forward. Skipping costs nothing. */
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

  /** @throws FileChangedError if the file has changed since it was opened */
  async close(): Promise<void> {
    try {
      await checkUnchanged(this.#handle, this.#file);
    } finally {
      await this.#handle.close();
    }
  }
}
