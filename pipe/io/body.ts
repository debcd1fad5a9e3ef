/** Request bodies that can be sent again. */

/** One pass over a body from its first byte. State such as a digest belongs to the opening, never to the body. */
export interface Opening extends AsyncIterable<Uint8Array> {
  /** To be called when a server has accepted the bytes of this opening: of several openings, this is the one that counts. */
  accepted?(): void;
  /** Bytes to show as sent so far, if they differ from the bytes yielded, as with compression. */
  progress?(): number;
}

/** Bytes to be sent. Each `open` starts from the first byte. */
export interface Body {
  /** Total bytes that `open` yields; undefined if not known in advance, as when compressing while sending. */
  readonly length: number | undefined;
  /**
   * Yields the bytes once. Sources reuse their buffers: a chunk is valid until the next chunk but one is requested.
   * Throws if the source can no longer yield its full length.
   */
  open(): Opening;
}

/** A body whose length is known before it is opened. */
export interface SizedBody extends Body {
  readonly length: number;
}

/** A body held in memory. */
export function bytesBody(bytes: Uint8Array | string): SizedBody {
  const chunk = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return {
    length: chunk.length,
    async *open() {
      if (chunk.length > 0) yield chunk;
    },
  };
}

/** Joins several bodies into one. */
export function concatBodies(parts: readonly SizedBody[]): SizedBody {
  return {
    length: parts.reduce((sum, part) => sum + part.length, 0),
    open() {
      const opened: Opening[] = [];
      async function* bytes(): AsyncGenerator<Uint8Array> {
        for (const part of parts) {
          const opening = part.open();
          opened.push(opening);
          yield* opening;
        }
      }
      return openingOf(bytes(), () => {
        for (const opening of opened) opening.accepted?.();
      });
    },
  };
}

/** An opening that yields these bytes, and calls `accepted` when the server accepts them. */
export function openingOf(bytes: AsyncGenerator<Uint8Array>, accepted: () => void): Opening {
  return { [Symbol.asyncIterator]: () => bytes, accepted };
}
