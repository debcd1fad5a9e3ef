/** The memory for chunks of blobs, which all uploads share. */

import { PipeError } from '../../errors.ts';
import { MemoryBudget } from '../../io/memory-budget.ts';

/** Four chunks of the usual size, or one of the largest that a registry may ask for. */
const maxBytes = 32 * 1024 * 1024;

/** Lends memory to chunks, first come, first served. */
export class ChunkMemory {
  readonly #budget = new MemoryBudget(maxBytes);

  /**
   * Waits until there is memory for a chunk, and lends it while `work` uses it.
   *
   * @throws PipeError if there is never as much
   */
  async use<T>(bytes: number, work: (buffer: Buffer) => Promise<T>): Promise<T> {
    if (bytes > maxBytes)
      throw new PipeError(`the registry asks for chunks of at least ${bytes} bytes, but the limit is ${maxBytes}`);
    return await this.#budget.use(bytes, async () => await work(Buffer.allocUnsafeSlow(bytes)));
  }
}
