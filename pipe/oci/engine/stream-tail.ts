/** Finds the engine's message if an export fails half-way: the engine appends it to what it has already sent. */

import { InputError, PipeError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { isRecord, tryParseJson } from '../../io/json.ts';
import type { ForwardReader } from '../../archive/tar/reader.ts';

/** A stream that remembers its end. */
export interface TailedStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** The last bytes that were read, at most 8 KiB. */
  tail(): string;
}

const tailBytes = 8 * 1024;
/** How much to read for the message after an error. */
const maxRestBytes = 1024 * 1024;

/** Remembers the last bytes that are read. */
export function withTail(bytes: AsyncIterable<Uint8Array>): TailedStream {
  let tail: Buffer = Buffer.alloc(0);
  async function* follow(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      const end = Buffer.from(chunk.subarray(-tailBytes));
      tail = end.length === tailBytes ? end : Buffer.concat([tail, end]).subarray(-tailBytes);
      yield chunk;
    }
  }
  return { bytes: follow(), tail: () => tail.toString('utf8') };
}

/** Explains why an export ended. @returns the engine's error if it sent one, otherwise the given one */
export async function explainBreak(
  error: unknown,
  stream: TailedStream,
  reader: ForwardReader,
  name: string,
): Promise<unknown> {
  // Only an invalid archive can be the engine's message.
  if (!(error instanceof InputError)) return error;
  try {
    await reader.skip(maxRestBytes);
  } catch {
    // The connection broke as well: the message may have arrived before.
  }
  const reason = reasonIn(stream.tail());
  return reason === undefined
    ? error
    : new PipeError(`${name}: the engine stopped the export: ${printable(reason)}`, { cause: error });
}

/** `{"errorDetail":{"message":"…"},"error":"…"}` at the end. */
function reasonIn(tail: string): string | undefined {
  const start = tail.lastIndexOf('{"errorDetail"');
  if (start === -1) return undefined;
  const value = tryParseJson(tail.slice(start));
  const reason = isRecord(value) ? value['error'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}
