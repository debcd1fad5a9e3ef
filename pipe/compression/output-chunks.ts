/** Hands one stream's outputs to its consumer in chunks, and frees each output as soon as nothing reads it any more. */

import type { Output } from './compression-worker.ts';

/** Smaller chunks may stay in a socket's buffer while later ones are asked for, so they are copied out of the output. */
const socketBufferBytes = 64 * 1024;
/** The size of chunks if outputs are not lent. */
const chunkBytes = 512 * 1024;
/** The last two chunks of such an output are copied, so that it can be freed before there is another one. */
const lastChunkBytes = 128 * 1024;

/** What happens to outputs afterwards. */
export interface OutputEnds {
  /** Nothing reads the output any more. */
  free(output: Output): void;
  /** The output counts no more, but the consumer's socket may still be sending it: the garbage collector knows when it is done. */
  leave(): void;
}

/** The chunks of one stream's outputs. A chunk stays valid until the next but one is asked for. */
export class OutputChunks {
  readonly #lendsOutputs: boolean;
  readonly #ends: OutputEnds;
  /** Outputs that the consumer may still read: the last two. */
  readonly #lent: Output[] = [];
  /** The memory of the last two copies. */
  readonly #copies: Uint8Array[] = [];

  /** @param lendsOutputs whether the consumer may keep two outputs until it has the next ones, as it does if each is one chunk */
  constructor(lendsOutputs: boolean, ends: OutputEnds) {
    this.#lendsOutputs = lendsOutputs;
    this.#ends = ends;
  }

  /** Yields the output, and frees what is no longer read. @param isLast whether it is the last output */
  *of(output: Output, isLast: boolean): Generator<Uint8Array> {
    const bytes = new Uint8Array(output.memory, 0, output.size);
    if (this.#lendsOutputs && bytes.length >= socketBufferBytes && !isLast) {
      this.#lent.push(output);
      yield bytes;
    } else if (this.#lendsOutputs || bytes.length < 2 * lastChunkBytes) {
      const copy = this.#copy(bytes);
      this.#ends.free(output);
      yield copy;
    } else yield* this.#parts(output, bytes);
    for (const earlier of this.#lent.splice(0, this.#lent.length - 1)) this.#ends.free(earlier);
  }

  /** To be called when the consumer asks for no more. */
  close(): void {
    for (let count = this.#lent.length; count > 0; count--) this.#ends.leave();
  }

  *#parts(output: Output, bytes: Uint8Array): Generator<Uint8Array> {
    let isFree = false;
    try {
      const end = bytes.length - 2 * lastChunkBytes;
      for (let at = 0; at < end; at += chunkBytes) yield bytes.subarray(at, Math.min(at + chunkBytes, end));
      const copy = this.#copy(bytes.subarray(end));
      yield copy.subarray(0, lastChunkBytes);
      this.#ends.free(output);
      isFree = true;
      yield copy.subarray(lastChunkBytes);
    } finally {
      if (!isFree) this.#ends.leave();
    }
  }

  /** A copy that stays valid long enough. Only small ones are left to the garbage collector, which lets many pile up. */
  #copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length < socketBufferBytes || bytes.length > 2 * lastChunkBytes) return bytes.slice();
    const earlier = this.#copies.length < 2 ? undefined : this.#copies.shift();
    const memory = earlier ?? new Uint8Array(2 * lastChunkBytes);
    this.#copies.push(memory);
    memory.set(bytes);
    return memory.subarray(0, bytes.length);
  }
}
