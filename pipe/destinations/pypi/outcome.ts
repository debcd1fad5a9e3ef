/** The outcome of each file of a run, whether or not the run succeeded. */

import type { Action } from '../outcome.ts';

export interface PypiOutcomeItem {
  /** The file's. */
  readonly filename: string;
  /** The project's, as in the metadata. */
  readonly name: string;
  readonly version: string;
  /** In bytes; undefined if the index has other content. */
  readonly size: number | undefined;
  /** The file's, or the project's page if the index did not say. */
  readonly url: string;
  /** Of what the index has; undefined if that is a longer file. */
  readonly sha256: string | undefined;
  readonly action: Action;
  /** Why it is not published, if that is known. */
  readonly obstacle?: string | undefined;
}

export interface PypiOutcome {
  readonly items: readonly PypiOutcomeItem[];
  /** The page of each project. */
  readonly pages: readonly string[];
  /** What ended the run, if it did not succeed. */
  readonly error?: unknown;
}
