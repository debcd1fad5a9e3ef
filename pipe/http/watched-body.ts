/** Bodies on their way: each chunk that moves is told to the watchdog, and what was sent is counted. */

import type { Body } from './body.ts';
import type { Watchdog } from './watchdog.ts';

/** A request's body as it is sent. */
export interface CountedBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Whether everything was handed to the system. */
  isSent(): boolean;
  /** What the source threw, if it did. */
  failure(): unknown;
}

/** @param onSent is told how many bytes the system has taken, beginning with 0 */
export function countedBody(
  body: Body,
  watchdog: Watchdog,
  onSent: ((bytes: number) => void) | undefined,
): CountedBody {
  let sent = 0;
  let isSent = false;
  let failure: unknown;
  async function* stream(): AsyncGenerator<Uint8Array> {
    onSent?.(0);
    try {
      for await (const chunk of body.open()) {
        yield chunk;
        // Asked for more: the chunk is with the system.
        sent += chunk.length;
        watchdog.moved();
        onSent?.(sent);
        isSent = sent === body.length;
      }
      isSent = true;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { stream: stream(), isSent: () => isSent, failure: () => failure };
}

/** An answer's body as it comes in. */
export async function* watchedBody(body: AsyncIterable<Uint8Array>, watchdog: Watchdog): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    watchdog.moved();
    yield chunk;
  }
}
