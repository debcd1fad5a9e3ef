/** What became of each file of a run, whether the run succeeded or not. */

import { HttpError, UnexpectedAnswerError } from '../../errors.ts';

/**
 * - `uploaded`: the server confirmed it.
 * - `skipped`: it was there before, and was left as it is.
 * - `unconfirmed`: everything was sent, and no answer came: it may be there.
 * - `failed`: it was refused or not sent whole, so it was not published by this run.
 * - `not sent`: the run ended before its turn.
 */
export type Action = 'uploaded' | 'skipped' | 'unconfirmed' | 'failed' | 'not sent';

export interface OutcomeItem {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly url: string;
  readonly sha256?: string | undefined;
  readonly action: Action;
}

export interface DownloadsOutcome {
  readonly items: readonly OutcomeItem[];
  /** Names that `--keep` deleted. */
  readonly deleted: readonly string[];
  /** What ended the run, where it did not succeed. */
  readonly error?: unknown;
}

/** What to say of a file whose upload failed with `error`, if its last byte has ever been sent. */
export function failedAction(error: unknown, wasSentWhole: boolean): 'unconfirmed' | 'failed' {
  const isRefused =
    (error instanceof HttpError && error.refusal.status < 500) ||
    (error instanceof UnexpectedAnswerError && error.isMissing);
  return wasSentWhole && !isRefused ? 'unconfirmed' : 'failed';
}
