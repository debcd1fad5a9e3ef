/** Reads bytes forward, from a file or a stream: all that walking over a tar archive needs. */

/** Reads bytes in order. Each byte is read or skipped once. */
export interface ByteReader {
  /** Bytes read or skipped so far. */
  readonly position: number;
  /** The next `length` bytes; fewer only at the end. */
  read(length: number): Promise<Buffer>;
  /** Skips `length` bytes, at most to the end. */
  skip(length: number): Promise<void>;
}

const empty: Buffer = Buffer.alloc(0);

/** Reads a stream, which cannot be rewound. */
export class ForwardReader implements ByteReader {
  position = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk = empty;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#iterator = bytes[Symbol.asyncIterator]();
  }

  /** The next bytes without copying them, at least one and at most `max`; empty at the end. */
  async take(max: number): Promise<Buffer> {
    while (this.#chunk.length === 0) {
      const result = await this.#iterator.next();
      if (result.done === true) return empty;
      this.#chunk = Buffer.from(result.value.buffer, result.value.byteOffset, result.value.length);
    }
    const taken = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(taken.length);
    this.position += taken.length;
    return taken;
  }

  async read(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.take(missing);
      if (part.length === 0) break;
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0;) {
      const { length: skipped } = await this.take(missing);
      if (skipped === 0) return;
      missing -= skipped;
    }
  }

  /** Reads to the end, so that a compressed stream's checksum is checked. */
  async drain(): Promise<void> {
    for (;;) if ((await this.take(Number.MAX_SAFE_INTEGER)).length === 0) return;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
