/**
 * BLAKE2b with a digest of 256 bits, which OpenSSL does not have: 512 bits cut short are something else.
 *
 * @see RFC 7693, section 3
 */

import { type Blake2bExports, blake2bModule, memoryBytes, memoryPositions } from './blake2b-module.ts';

const blockBytes = 128;
const digestBytes = 32;
const stateBytes = 64;
/** Room for the bytes left from earlier chunks, too. */
const partBytes = memoryBytes - memoryPositions.input - blockBytes;

/** The initialization vector (RFC 7693, section 2.6). */
const initialVector = BigUint64Array.of(
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
);

/** What is used of it: TypeScript has it only among the types of browsers. @see https://www.w3.org/TR/wasm-js-api-1/ */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Engine {
  /** Of one hash at a time. */
  readonly state: Uint8Array;
  readonly input: Uint8Array;
  readonly compress: Blake2bExports['compress'];
}

let sharedEngine: Engine | undefined;

/** The same for all hashes: each instance has 8 GiB of addresses. */
function startEngine(): Engine {
  const module = new WebAssembly.Module(blake2bModule());
  const { memory, compress } = new WebAssembly.Instance(module).exports as Blake2bExports;
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(new Uint8Array(initialVector.buffer), memoryPositions.vector);
  const state = bytes.subarray(memoryPositions.state, memoryPositions.state + stateBytes);
  return { state, input: bytes.subarray(memoryPositions.input), compress };
}

/** One hash. */
export class Blake2b256 {
  readonly #engine = (sharedEngine ??= startEngine());
  readonly #state = new Uint8Array(BigUint64Array.from(initialVector).buffer);
  /** Bytes that are not yet in the state: the last block is known as such only at the end, so a full one waits, too. */
  #rest = new Uint8Array(0);
  /** Of the bytes in the state. */
  #length = 0;

  constructor() {
    // The parameter block: the digest's length, no key, and one level (RFC 7693, section 2.5).
    for (const [index, parameter] of [digestBytes, 0, 1, 1].entries())
      this.#state[index] = (this.#state[index] ?? 0) ^ parameter;
  }

  update(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += partBytes) {
      const part = chunk.subarray(at, at + partBytes);
      const filled = this.#fill(part);
      const whole = Math.ceil(filled / blockBytes - 1) * blockBytes;
      if (whole > 0) this.#compress(whole, blockBytes, 0n);
      this.#length += whole;
      this.#rest = this.#engine.input.slice(whole, filled);
    }
  }

  digest(_encoding: 'hex'): string {
    const filled = this.#fill(new Uint8Array(0));
    this.#engine.input.fill(0, filled, blockBytes);
    this.#compress(blockBytes, filled, -1n);
    return Buffer.from(this.#state.subarray(0, digestBytes)).toString('hex');
  }

  /** Puts the rest and the part where they are compressed. @returns the number of bytes */
  #fill(part: Uint8Array): number {
    const { input } = this.#engine;
    input.set(this.#rest);
    input.set(part, this.#rest.length);
    return this.#rest.length + part.length;
  }

  #compress(bytes: number, firstBytes: number, finality: bigint): void {
    const { state, compress } = this.#engine;
    state.set(this.#state);
    compress(memoryPositions.input, memoryPositions.input + bytes, BigInt(this.#length + firstBytes), finality);
    this.#state.set(state);
  }
}
