/** Reads bytes from outside into memory, up to a limit. */

/** The beginning of a stream that can still be read as a whole. */
interface Peeked {
  /** At most the requested number of bytes. */
  readonly start: Buffer;
  /** All bytes, including the start; can be read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** To be called if `body` is not read. */
  close(): Promise<void>;
}

/** Reads all bytes. @returns undefined if there are more than `maxBytes`; the rest is then not read */
export async function readWhole(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  await collect(source, maxBytes + 1, chunks);
  const bytes = Buffer.concat(chunks);
  return bytes.length > maxBytes ? undefined : bytes;
}

/** Reads at most the first `maxBytes` bytes; if the source fails before that, returns the bytes so far. */
export async function readStart(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    await collect(source, maxBytes, chunks);
  } catch {
    // The bytes before the failure are still useful.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** Reads at most the first `maxBytes` bytes without consuming them. */
export async function peek(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  // Without `return`, so that leaving the loop in `collect` does not close the source.
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

/** Collects copies of chunks, since sources may reuse their buffers, until there are `enough` bytes or the source ends. */
async function collect(source: AsyncIterable<Uint8Array>, enough: number, chunks: Uint8Array[]): Promise<void> {
  let length = 0;
  for await (const chunk of source) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length >= enough) return;
  }
}
