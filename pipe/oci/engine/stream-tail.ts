/** Finds the engine's own words where an export goes wrong half-way: it appends them to what it has already sent. */

import { InputError, PipeError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { isRecord, tryParseJson } from '../../io/json.ts';
import type { ForwardReader } from '../../archive/tar/reader.ts';

/** Bytes, and the last of those that were read. */
export interface WithTail {
  readonly bytes: AsyncIterable<Uint8Array>;
  tail(): string;
}

const tailBytes = 8 * 1024;
/** How much further to look for the end of a stream that went wrong. */
const maxRestBytes = 1024 * 1024;

export function withTail(bytes: AsyncIterable<Uint8Array>): WithTail {
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

/** @returns the engine's error where it sent one, and the given one otherwise */
export async function explainBreak(
  error: unknown,
  stream: WithTail,
  reader: ForwardReader,
  name: string,
): Promise<unknown> {
  // Only what does not fit together can be the engine's error instead of the image.
  if (!(error instanceof InputError)) return error;
  try {
    await reader.skip(maxRestBytes);
  } catch {
    // It broke off as well; what came before counts.
  }
  const reason = reasonIn(stream.tail());
  return reason === undefined
    ? error
    : new PipeError(`${name}: the engine stopped the export: ${printable(reason)}`, { cause: error });
}

/** `{"errorDetail":{"message":"…"},"error":"…"}` at the very end. */
function reasonIn(tail: string): string | undefined {
  const start = tail.lastIndexOf('{"errorDetail"');
  if (start === -1) return undefined;
  const value = tryParseJson(tail.slice(start));
  const reason = isRecord(value) ? value['error'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}
