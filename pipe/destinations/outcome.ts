/** The possible outcomes of an item of a run, whether or not the run succeeds. */

import { HttpError, UnexpectedAnswerError } from '../errors.ts';

/**
 * - `uploaded`: the server confirmed it.
 * - `reused`: the server confirmed it, and none of it had to be sent.
 * - `packed`: it was made, and nothing was to be sent.
 * - `skipped`: it was already there, and was left unchanged.
 * - `unconfirmed`: everything was sent, but no answer came: it may be there.
 * - `failed`: it was refused or not sent completely, so this run did not publish it.
 * - `not sent`: the run ended before its turn.
 */
export type Action = 'uploaded' | 'reused' | 'packed' | 'skipped' | 'unconfirmed' | 'failed' | 'not sent';

/** The outcome of an item whose upload failed with `error`. @param wasSentWhole whether its last byte was ever sent */
export function failedAction(error: unknown, wasSentWhole: boolean): 'unconfirmed' | 'failed' {
  const isRefused =
    (error instanceof HttpError && error.refusal.status < 500 && error.refusal.isDoubtful !== true) ||
    (error instanceof UnexpectedAnswerError && error.isMissing);
  return wasSentWhole && !isRefused ? 'unconfirmed' : 'failed';
}
