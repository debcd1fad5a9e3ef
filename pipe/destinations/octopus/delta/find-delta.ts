/** Finds the parts of a file that the server has already, in one pass and without holding the file in memory. */

import type { SizedBody } from '../../../io/body.ts';
import { ChunkIndex } from './chunk-index.ts';
import type { Signature } from './signature.ts';

/** A part of the new file: a copy of a part of the old one, or bytes to send. */
export type DeltaPart =
  | { readonly kind: 'copy'; readonly oldStart: number; readonly length: number }
  | { readonly kind: 'data'; readonly start: number; readonly length: number };

/** Each part of data is read from the file again. More parts than this are too many to be worth it. */
const maxParts = 20_000;

/** How much of the new file is held. */
const windowChunks = 64;

/**
 * The parts of the new file, in order, neighbours merged.
 *
 * @returns undefined if there are too many of them
 * @throws what the body throws; the signal's reason if it aborts
 */
export async function findDelta(
  body: SizedBody,
  signature: Signature,
  signal: AbortSignal,
): Promise<readonly DeltaPart[] | undefined> {
  const finder = new DeltaFinder(signature);
  for await (const chunk of body.open()) {
    signal.throwIfAborted();
    finder.add(chunk);
    if (finder.parts.length > maxParts) return undefined;
  }
  finder.end();
  return finder.parts;
}

class DeltaFinder {
  readonly parts: DeltaPart[] = [];
  readonly #signature: Signature;
  readonly #index: ChunkIndex;
  readonly #window: Buffer;
  /** Bytes in the window. */
  #filled = 0;
  /** Where in the window the next chunk may begin. */
  #start = 0;
  /** Where in the file the window begins. */
  #offset = 0;
  /** Where in the file the data begins that no chunk has. */
  #dataStart = 0;
  #expected = 0;
  /** The sums of the chunk at `#start`, if it has been compared: no chunk of the old file is like it. */
  #a = 0;
  #b = 0;
  #isCompared = false;

  constructor(signature: Signature) {
    this.#signature = signature;
    this.#index = new ChunkIndex(signature);
    this.#window = Buffer.allocUnsafeSlow(signature.chunkBytes * windowChunks);
  }

  add(bytes: Uint8Array): void {
    for (let position = 0; position < bytes.length;) {
      if (this.#filled === this.#window.length) this.#slide();
      const taken = Math.min(bytes.length - position, this.#window.length - this.#filled);
      this.#window.set(bytes.subarray(position, position + taken), this.#filled);
      this.#filled += taken;
      position += taken;
      this.#scan();
    }
  }

  /** The last chunk of the old file is shorter than the others, and may be at the end only. */
  end(): void {
    const { count, chunkBytes, lastChunkBytes } = this.#signature;
    const tail = this.#window.subarray(Math.max(0, this.#filled - lastChunkBytes), this.#filled);
    const tailStart = this.#offset + this.#filled - lastChunkBytes;
    const isLast =
      lastChunkBytes < chunkBytes &&
      tailStart >= this.#dataStart &&
      tail.length === lastChunkBytes &&
      this.#index.isLast(tail);
    this.#addData(isLast ? tailStart : this.#offset + this.#filled);
    if (isLast) this.#addCopy(count - 1, lastChunkBytes);
  }

  #scan(): void {
    const { chunkBytes, modulus } = this.#signature;
    const window = this.#window;
    const last = this.#filled - chunkBytes;
    let [start, a, b, isCompared] = [this.#start, this.#a, this.#b, this.#isCompared];
    while (isCompared ? start < last : start <= last) {
      if (isCompared) {
        const removed = window[start] ?? 0;
        a = (a - removed + (window[start + chunkBytes] ?? 0) + modulus) % modulus;
        b = (b + a - chunkBytes * removed - 1) % modulus;
        if (b < 0) b += modulus;
        start++;
      } else [a, b] = sumsOf(window, start, chunkBytes, modulus);
      isCompared = true;
      const sum = ((b << 16) | a) >>> 0;
      if (!this.#index.mayHave(sum)) continue;
      const found = this.#index.find(sum, window.subarray(start, start + chunkBytes), this.#expected);
      if (found === undefined) continue;
      this.#addData(this.#offset + start);
      this.#addCopy(found, chunkBytes);
      start += chunkBytes;
      isCompared = false;
    }
    [this.#start, this.#a, this.#b, this.#isCompared] = [start, a, b, isCompared];
  }

  #slide(): void {
    this.#window.copyWithin(0, this.#start, this.#filled);
    this.#offset += this.#start;
    this.#filled -= this.#start;
    this.#start = 0;
  }

  #addData(end: number): void {
    if (end > this.#dataStart) this.parts.push({ kind: 'data', start: this.#dataStart, length: end - this.#dataStart });
    this.#dataStart = end;
  }

  #addCopy(index: number, length: number): void {
    const oldStart = index * this.#signature.chunkBytes;
    const before = this.parts.at(-1);
    if (before?.kind === 'copy' && before.oldStart + before.length === oldStart)
      this.parts[this.parts.length - 1] = { ...before, length: before.length + length };
    else this.parts.push({ kind: 'copy', oldStart, length });
    this.#dataStart += length;
    this.#expected = index + 1;
  }
}

/** The two sums of Adler-32 (RFC 1950, section 8.2), with this modulus. */
function sumsOf(bytes: Buffer, start: number, length: number, modulus: number): readonly [a: number, b: number] {
  let a = 1;
  let b = 0;
  for (let index = start; index < start + length; index++) {
    a += bytes[index] ?? 0;
    b += a;
  }
  return [a % modulus, b % modulus];
}
