/** The memory for chunks of blobs, which all uploads share. */

import { PipeError } from '../../errors.ts';

/** Four chunks of the usual size, or one of the largest that a registry may ask for. */
const maxBytes = 32 * 1024 * 1024;

/** Lends memory to chunks, first come, first served. */
export class ChunkMemory {
  #freeBytes = maxBytes;
  readonly #waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  /**
   * Waits until there is memory for a chunk, and lends it while `work` uses it.
   *
   * @throws PipeError if there is never as much
   */
  async use<T>(bytes: number, work: (buffer: Buffer) => Promise<T>): Promise<T> {
    if (bytes > maxBytes)
      throw new PipeError(`the registry asks for chunks of at least ${bytes} bytes, but the limit is ${maxBytes}`);
    await new Promise<void>((start) => {
      this.#waiting.push({ bytes, start });
      this.#startNext();
    });
    try {
      return await work(Buffer.allocUnsafeSlow(bytes));
    } finally {
      this.#freeBytes += bytes;
      this.#startNext();
    }
  }

  #startNext(): void {
    for (let [first] = this.#waiting; first !== undefined && first.bytes <= this.#freeBytes; [first] = this.#waiting) {
      this.#waiting.shift();
      this.#freeBytes -= first.bytes;
      first.start();
    }
  }
}
