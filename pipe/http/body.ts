/** What is sent, and can be sent again: every request body is one of these. */

/** Bytes to be sent. Each `open` starts from the first byte. */
export interface Body {
  /** Bytes that `open` yields in all; undefined where only sending shows, as of what is compressed on the way. */
  readonly length: number | undefined;
  /**
   * Yields the bytes. A chunk is valid until the next but one is asked for: sources reuse their buffers.
   * Throws where the source can no longer yield what it promised.
   */
  open(): AsyncIterable<Uint8Array>;
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
    async *open() {
      for (const part of parts) yield* part.open();
    },
  };
}
