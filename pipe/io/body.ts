/** What is sent, and can be sent again: every request body is one of these. */

/** One reading of a body from its first byte. What it finds out, such as a digest, belongs to it and never to the body. */
export interface Opening extends AsyncIterable<Uint8Array> {
  /** To be called when a server has accepted what this opening yielded: of several openings, this is the one that counts. */
  accepted?(): void;
  /** Bytes to show as sent so far, if those yielded are of another measure. */
  progress?(): number;
}

/** Bytes to be sent. Each `open` starts from the first byte. */
export interface Body {
  /** Bytes that `open` yields in all; undefined if only sending shows, as with what is compressed on the way. */
  readonly length: number | undefined;
  /**
   * Yields the bytes, once. A chunk is valid until the next but one is asked for: sources reuse their buffers.
   * Throws if the source can no longer yield what it promised.
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

/** Several bodies, one after the other. */
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

/** An opening that yields these bytes, and passes on that it was accepted. */
export function openingOf(bytes: AsyncGenerator<Uint8Array>, accepted: () => void): Opening {
  return { [Symbol.asyncIterator]: () => bytes, accepted };
}
