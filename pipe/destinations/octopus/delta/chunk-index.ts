/** Finds the chunks of a file by their checksum, and compares their hashes. */

import { sha1 } from '../../../io/hashes.ts';
import { sha1Bytes, type Signature } from './signature.ts';

/** Of chunks with the same checksum, so many are compared: a file of zeros has nothing else. */
const maxCompared = 8;

/** The chunks of one signature that have its full length. */
export class ChunkIndex {
  readonly #signature: Signature;
  /** By the low bits of the checksum, 1 + the first chunk; 0 if there is none. */
  readonly #heads: Uint32Array;
  /** By chunk, 1 + the next one with the same low bits. */
  readonly #next: Uint32Array;
  readonly #mask: number;

  constructor(signature: Signature) {
    this.#signature = signature;
    const { count, sums } = signature;
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, count * 2)));
    this.#mask = size - 1;
    this.#heads = new Uint32Array(size);
    this.#next = new Uint32Array(count);
    // From the last, so that of equal chunks the first is found first.
    for (let index = count - 1; index >= 0; index--) {
      if (index === count - 1 && signature.lastChunkBytes !== signature.chunkBytes) continue;
      const slot = this.#slotOf(sums[index] ?? 0);
      this.#next[index] = this.#heads[slot] ?? 0;
      this.#heads[slot] = index + 1;
    }
  }

  /** Whether a chunk may have this checksum: cheap, and asked for every byte. */
  mayHave(sum: number): boolean {
    return this.#heads[this.#slotOf(sum)] !== 0;
  }

  /** The chunk with this content; undefined if there is none. @param expected the chunk that is looked at first, since it would follow the last one */
  find(sum: number, content: Uint8Array, expected: number): number | undefined {
    const { sums, count } = this.#signature;
    let hash: Buffer | undefined;
    const isSame = (index: number): boolean => {
      hash ??= sha1(content);
      return this.#hashOf(index).equals(hash);
    };
    const mayBeNext = expected < count - 1 && sums[expected] === sum;
    if (mayBeNext && isSame(expected)) return expected;
    let compared = 0;
    for (let entry = this.#heads[this.#slotOf(sum)] ?? 0; entry !== 0; entry = this.#next[entry - 1] ?? 0) {
      if (sums[entry - 1] !== sum) continue;
      if (isSame(entry - 1)) return entry - 1;
      if (++compared === maxCompared) break;
    }
    return undefined;
  }

  /** Whether the last chunk, which is shorter than the others, has this content. */
  isLast(content: Uint8Array): boolean {
    return this.#hashOf(this.#signature.count - 1).equals(sha1(content));
  }

  #hashOf(index: number): Buffer {
    return this.#signature.hashes.subarray(index * sha1Bytes, (index + 1) * sha1Bytes);
  }

  /** The sums are in both halves of the checksum. */
  #slotOf(sum: number): number {
    return (Math.imul(sum, 0x9e37_79b1) >>> 8) & this.#mask;
  }
}
