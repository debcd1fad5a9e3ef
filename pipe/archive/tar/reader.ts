/** Reads bytes forward: what a walk over a tar archive needs of a file or of a stream. */

/** Bytes in order, each read or skipped once. */
export interface ByteReader {
  /** Bytes read or skipped so far. */
  readonly position: number;
  /** So many bytes; fewer only at the end. */
  read(length: number): Promise<Buffer>;
  /** Goes on without them, at most to the end. */
  skip(length: number): Promise<void>;
}

const empty: Buffer = Buffer.alloc(0);

/** Over a stream, which nothing can turn back. */
export class ForwardReader implements ByteReader {
  position = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk = empty;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#iterator = bytes[Symbol.asyncIterator]();
  }

  /** What comes next, at most so many bytes; nothing at the end. */
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

  /** Reads to the end, which is where a compressed stream's checksum is. */
  async drain(): Promise<void> {
    for (;;) if ((await this.take(Number.MAX_SAFE_INTEGER)).length === 0) return;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}
