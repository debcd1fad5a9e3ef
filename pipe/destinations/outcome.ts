/** What can become of an item of a run, whether the run succeeds or not. */

import { HttpError, UnexpectedAnswerError } from '../errors.ts';

/**
 * - `uploaded`: the server confirmed it.
 * - `reused`: the server confirmed it, and nothing of it had to be sent.
 * - `skipped`: it was there before, and was left as it is.
 * - `unconfirmed`: everything was sent, and no answer came: it may be there.
 * - `failed`: it was refused or not sent whole, so this run did not publish it.
 * - `not sent`: the run ended before its turn.
 */
export type Action = 'uploaded' | 'reused' | 'skipped' | 'unconfirmed' | 'failed' | 'not sent';

/** What became of an item whose upload failed with `error`; `wasSentWhole` if its last byte was ever sent. */
export function failedAction(error: unknown, wasSentWhole: boolean): 'unconfirmed' | 'failed' {
  const isRefused =
    (error instanceof HttpError && error.refusal.status < 500) ||
    (error instanceof UnexpectedAnswerError && error.isMissing);
  return wasSentWhole && !isRefused ? 'unconfirmed' : 'failed';
}
