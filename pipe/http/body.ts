/** What is sent, and can be sent again: every request body is one of these. */

/** Bytes of a known number. Each `open` starts from the first byte. */
export interface Body {
  /** Bytes that `open` yields in all. */
  readonly length: number;
  /**
   * Yields the bytes. A chunk is valid until the next but one is asked for: sources reuse their buffers.
   * Throws where the source can no longer yield what it promised.
   */
  open(): AsyncIterable<Uint8Array>;
}

/** A body held in memory. */
export function bytesBody(bytes: Uint8Array | string): Body {
  const chunk = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  return {
    length: chunk.length,
    async *open() {
      if (chunk.length > 0) yield chunk;
    },
  };
}

/** Several bodies, one after the other. */
export function concatBodies(parts: readonly Body[]): Body {
  return {
    length: parts.reduce((sum, part) => sum + part.length, 0),
    async *open() {
      for (const part of parts) yield* part.open();
    },
  };
}
