/** Bodies in transit: reports each chunk to the watchdog, and counts the bytes sent. */

import type { Readable } from 'node:stream';
import type { Body, Opening } from '../io/body.ts';
import type { Watchdog } from './watchdog.ts';

/**
 * Bytes that are handed over at a time. Progress is seen between them: with `--timeout 120`, a line of 1.1 kB/s is not taken
 * for a stalled one. Larger than a socket's buffer, so that each is handed to the system before the next is requested. 1 GiB
 * over loopback takes as long as with parts of 1 MiB, and a tenth more of a processor; with 64 KiB, a fifth more.
 */
const maxPartBytes = 128 * 1024;

/** A request's body as it is sent. */
export interface CountedBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Whether every byte was handed to the system. */
  isSent(): boolean;
  /** The error that the source threw, if any. */
  failure(): unknown;
  /** Tells the opening that the server accepted it. */
  accepted(): void;
  /** Ends the attempt: bytes that its opening still yields are not reported. */
  end(): void;
}

/**
 * Opens the body for one attempt.
 *
 * @param onSent called with the bytes that the system has accepted, starting with 0, until `end`
 */
export function countedBody(
  body: Body,
  watchdog: Watchdog,
  onSent: ((bytes: number) => void) | undefined,
): CountedBody {
  let sent = 0;
  let isSent = false;
  let hasEnded = false;
  let failure: unknown;
  let opening: Opening | undefined;
  async function* stream(): AsyncGenerator<Uint8Array> {
    if (!hasEnded) onSent?.(0);
    try {
      opening = body.open();
      for await (const chunk of opening) {
        for (let start = 0; start < chunk.length; start += maxPartBytes) {
          const part = chunk.subarray(start, start + maxPartBytes);
          yield part;
          // The consumer asks for more, so this part has been handed to the system.
          sent += part.length;
          if (hasEnded) continue;
          watchdog.moved();
          onSent?.(opening.progress?.() ?? sent);
          isSent = sent === body.length;
        }
      }
      isSent = true;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return {
    stream: stream(),
    isSent: () => isSent,
    failure: () => failure,
    accepted: () => opening?.accepted?.(),
    end() {
      hasEnded = true;
    },
  };
}

/** An answer's body as it arrives, for as long as it makes progress. */
export async function* watchedBody(body: AsyncIterable<Uint8Array>, watchdog: Watchdog): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    watchdog.moved();
    yield chunk;
  }
}

/** An answer's body as it arrives, within one time limit in all: for documents, for reasons, and for what is thrown away. */
export async function* limitedBody(body: Readable, watchdog: Watchdog): AsyncGenerator<Uint8Array> {
  const lift = watchdog.limit((error) => body.destroy(error));
  try {
    yield* body as AsyncIterable<Uint8Array>;
  } finally {
    lift();
  }
}
