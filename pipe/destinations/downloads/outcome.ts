/** What became of the files of a run, whether it succeeded or not. */

import type { Action } from '../outcome.ts';

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
  /** What ended the run, if it did not succeed. */
  readonly error?: unknown;
}
