/** Bodies on their way: each chunk that moves is told to the watchdog, and what was sent is counted. */

import type { Body, Opening } from '../io/body.ts';
import type { Watchdog } from './watchdog.ts';

/** A request's body as it is sent. */
export interface CountedBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Whether everything was handed to the system. */
  isSent(): boolean;
  /** What the source threw, if it did. */
  failure(): unknown;
  /** Tells the opening that the server accepted it. */
  accepted(): void;
  /** The attempt is over: whatever its opening still yields is not reported. */
  end(): void;
}

/**
 * Opens the body for one attempt.
 *
 * @param onSent is told how many bytes the system has taken, beginning with 0, until `end`
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
        yield chunk;
        // Asked for more: the chunk is with the system.
        sent += chunk.length;
        if (hasEnded) continue;
        watchdog.moved();
        onSent?.(opening.progress?.() ?? sent);
        isSent = sent === body.length;
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

/** An answer's body as it comes in. */
export async function* watchedBody(body: AsyncIterable<Uint8Array>, watchdog: Watchdog): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    watchdog.moved();
    yield chunk;
  }
}
