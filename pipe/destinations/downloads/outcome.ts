/** The outcome of each file of a run, whether or not the run succeeded. */

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
  /** Why an item is not published, by its name, if that is known. */
  readonly obstacles?: ReadonlyMap<string, string>;
  /** Names that `--keep` deleted. */
  readonly deleted: readonly string[];
  /** Everything was published, even if something failed afterwards. */
  readonly isPublished?: boolean | undefined;
  /** What ended the run, if it did not succeed. */
  readonly error?: unknown;
}
