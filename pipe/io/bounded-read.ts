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

/** Longer documents are read one at a time. Most are shorter. */
const shortBytes = 256 * 1024;
/** The end of the queue of long documents. */
let lastLong: Promise<void> = Promise.resolve();

/**
 * Reads all bytes. However many documents are read in parallel, only one of them at a time takes more than a little memory:
 * the others wait once they turn out to be long.
 *
 * @returns undefined if there are more than `maxBytes`; the rest is then not read
 */
export async function readWhole(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let endTurn: (() => void) | undefined;
  try {
    for await (const chunk of source) {
      chunks.push(Buffer.from(chunk));
      length += chunk.length;
      if (length > maxBytes) return undefined;
      if (length > shortBytes) endTurn ??= await waitForTurn();
    }
    return Buffer.concat(chunks);
  } finally {
    endTurn?.();
  }
}

/** Waits until all earlier long documents have been read. @returns a function that ends this one's turn */
async function waitForTurn(): Promise<() => void> {
  const before = lastLong;
  const turn = Promise.withResolvers<void>();
  lastLong = turn.promise;
  await before;
  return turn.resolve;
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
