/** Reads a file here and there: a few bytes of it, or forward with gaps. */

import type { FileHandle } from 'node:fs/promises';
import { checkUnchanged, openUnchanged, readFully, readRange, type SourceFile } from '../../io/source-file.ts';
import type { ByteReader } from '../../archive/tar/reader.ts';

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
