/** Reads bytes directly into the caller's buffer ("bring your own buffer"), which avoids copies. */

/** Part of an open file, for threads that read it themselves. */
export interface OpenRange {
  /** Valid until `close`, in all threads. */
  readonly descriptor: number;
  readonly start: number;
  readonly length: number;
  /** To be called after the last read, before all of the bytes are used: rejects if the file has changed. */
  check(): Promise<void>;
  /** The error to report. @param cause of a read that failed; undefined if the file ended too early */
  failure(cause: NodeJS.ErrnoException | undefined): Error;
  /** To be called when no thread reads any more. */
  close(): Promise<void>;
}

/** A source of bytes that fills its caller's buffers. */
export interface ByobReader {
  /**
   * Fills `target` from its start; returns the number of bytes, which is less than its length only at the end, and then 0.
   * Throws if the source can no longer yield its full length. One call at a time.
   */
  read(target: Uint8Array): Promise<number>;
  /** Closes the underlying source. */
  close(): Promise<void>;
  /** The same bytes in a file, if they are in one; instead of `read`. */
  openRange?(): Promise<OpenRange>;
}

/** Reads from a stream of chunks, which are copied into the caller's buffer. */
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
