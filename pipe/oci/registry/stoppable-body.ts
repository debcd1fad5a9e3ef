/** A body that stops being sent as soon as it turns out that the registry has it: another step was faster. */

import { PipeError } from '../../errors.ts';
import { sleep } from '../../http/origin-gate.ts';
import { type Body, openingOf } from '../../io/body.ts';

/** What the body throws when it stops. */
export class BlobAppearedError extends PipeError {
  constructor() {
    super('the registry has received this blob from somebody else meanwhile');
  }
}

/** A body, and the questions that are asked while it is sent. */
export interface StoppableBody {
  readonly body: Body;
  /** Ends the questions. */
  close(): void;
}

/** Short blobs are sent before it is worth asking. */
const firstWaitMs = 100;
const maxWaitMs = 5_000;

/**
 * Asks now and then, and less and less often, whether the blob is there. If it is, openings throw a BlobAppearedError instead
 * of yielding their next chunk, which ends the request.
 *
 * @param ask never throws; after `unclear`, it is not called again
 */
export function stoppableBody(
  source: Body,
  ask: () => Promise<'there' | 'missing' | 'unclear'>,
  random: () => number = Math.random,
): StoppableBody {
  const closed = new AbortController();
  let isThere = false;
  const watch = async (): Promise<void> => {
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 1.3, maxWaitMs)) {
      // Spread over time: many steps may have begun together.
      await sleep(waitMs * (0.5 + random()), closed.signal);
      const answer = await ask();
      isThere = answer === 'there';
      if (answer !== 'missing') return;
    }
  };
  let isWatching = false;
  return {
    body: {
      length: source.length,
      open() {
        // `close` ends it, with a rejection.
        if (!isWatching) watch().catch(() => undefined);
        isWatching = true;
        const opening = source.open();
        async function* bytes(): AsyncGenerator<Uint8Array> {
          for await (const chunk of opening) {
            if (isThere) throw new BlobAppearedError();
            yield chunk;
          }
        }
        return openingOf(bytes(), () => opening.accepted?.());
      },
    },
    close: () => closed.abort(),
  };
}
