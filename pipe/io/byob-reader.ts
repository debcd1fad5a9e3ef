/** Bytes that are read to where they are wanted ("bring your own buffer"), so that nobody copies them. */

/** A source of bytes that fills buffers of its reader. */
export interface ByobReader {
  /**
   * Puts the next bytes at the start of `target`: fewer than fit only at the end, and none after it.
   * Throws where the source can no longer yield what it promised. One call at a time.
   */
  read(target: Uint8Array): Promise<number>;
  /** Lets go of what it reads from. */
  close(): Promise<void>;
}

/** Reads what comes in chunks, which takes a copy. */
export function readerOf(source: AsyncIterable<Uint8Array>): ByobReader {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  return {
    async read(target) {
      let filled = 0;
      while (filled < target.length) {
        if (rest.length === 0) {
          const { value, done } = await chunks.next();
          if (done === true) break;
          rest = value;
          continue;
        }
        const part = rest.subarray(0, target.length - filled);
        target.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
      }
      return filled;
    },
    async close() {
      await chunks.return?.();
    },
  };
}
