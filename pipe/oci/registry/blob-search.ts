/** Looks for a blob that could not be sent: another step may have just sent it, or be sending it right now. */

import { HttpError, NetworkError, UnexpectedAnswerError } from '../../errors.ts';
import { type Patience, pause } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import type { BlobClient } from './blob-client.ts';
import { saysItExists } from './refusals.ts';

/** Before the blob is sent again: whoever holds it may have been stopped. */
const questionsInARow = 3;
/** The longest wait, in units of the first. */
const maxWaits = 16;

/** For one run: a registry that kept one blob waiting in vain would do so with the others, and each would take as long. */
export interface BlobSearches {
  /** For one blob. @param subject for messages: `layer 3 of 6` */
  start(subject: string, digest: () => string | undefined): BlobSearch;
}

/** The state of one blob's search. */
export interface BlobSearch {
  /**
   * Asks for the blob; if the failure means that somebody else holds it, waits and asks again.
   *
   * @returns `send again`: it may be free now; `missing`: the failure means something else, or a minute has passed
   */
  after(error: unknown): Promise<'there' | 'send again' | 'missing'>;
}

/** Searches that wait up to twice the patience, which is about a minute. */
export function createBlobSearches(
  client: Pick<BlobClient, 'peekBlob'>,
  log: Pick<Log, 'info'>,
  patience: Patience,
  random: () => number = Math.random,
): BlobSearches {
  const { baseMs, limitMs } = patience;
  const run = { isInVain: false };
  return {
    start(subject, digest) {
      let waitMs = baseMs;
      let leftMs = 2 * limitMs;
      return {
        async after(error) {
          const known = mayHaveArrived(error) ? digest() : undefined;
          if (known === undefined) return 'missing';
          const isThere = async (): Promise<boolean> => (await client.peekBlob(known)) === 'there';
          if (await isThere()) return 'there';
          if (!maySomebodyHoldIt(error)) return 'missing';
          if (waitMs === baseMs)
            log.info(`${subject}: waiting for another step, which seems to be sending the same content`);
          for (let questions = 0; questions < questionsInARow && leftMs > 0 && !run.isInVain; questions++) {
            // With jitter, since many steps may be waiting for the same blob.
            const ms = waitMs * (0.5 + random() / 2);
            await pause(ms, patience);
            if (await isThere()) return 'there';
            leftMs -= ms;
            waitMs = Math.min(2 * waitMs, maxWaits * baseMs);
          }
          run.isInVain ||= leftMs <= 0;
          return run.isInVain ? 'missing' : 'send again';
        },
      };
    },
  };
}

/** The server has refused it, a gateway has answered, or the answer was lost. After a stall, a question would stall as well. */
function mayHaveArrived(error: unknown): boolean {
  return [HttpError, NetworkError, UnexpectedAnswerError].some((kind) => error instanceof kind);
}

/** It conflicts with what is there, exists, or its session has ended without us. Otherwise, what is there is probably our own. */
export function maySomebodyHoldIt(error: unknown): boolean {
  return saysItExists(error) || (error instanceof HttpError && error.refusal.codes.includes('BLOB_UPLOAD_UNKNOWN'));
}
