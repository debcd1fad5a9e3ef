/** Reads bytes that others send into memory, and never more of them than a limit. */

/** The beginning of a stream, and all of it still to be read. */
interface Peeked {
  /** At most so many bytes as were asked for. */
  readonly start: Buffer;
  /** All bytes, to be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** To be called if `body` is not read. */
  close(): Promise<void>;
}

/** @returns all bytes; undefined if there are more than `maxBytes`, which are then read no further */
export async function readWhole(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  await collect(source, maxBytes + 1, chunks);
  const bytes = Buffer.concat(chunks);
  return bytes.length > maxBytes ? undefined : bytes;
}

/** The first bytes, at most `maxBytes`. A source that breaks off before has still said something: that is returned. */
export async function readStart(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    await collect(source, maxBytes, chunks);
  } catch {
    // What came before the break is all there is.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** Looks at the first bytes, at most `maxBytes`, without taking them away. */
export async function peek(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  // Without a `return`, with which `collect` would close it.
  await collect({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }, maxBytes, chunks);
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return {
    start: Buffer.concat(chunks).subarray(0, maxBytes),
    body: whole(),
    async close() {
      await iterator.return?.();
    },
  };
}

/** Adds copies of chunks, since sources may use their buffers again, until they have `enough` bytes or the source ends. */
async function collect(source: AsyncIterable<Uint8Array>, enough: number, chunks: Uint8Array[]): Promise<void> {
  let length = 0;
  for await (const chunk of source) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length >= enough) return;
  }
}
