/** The outcome of each package of a run, whether or not the run succeeded. */

import type { Action } from '../outcome.ts';

export interface NpmOutcomeItem {
  /** `name@version` */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** The dist-tag. */
  readonly tag: string;
  /** The tarball's size in bytes; like the hashes, undefined if the registry has another and does not say. */
  readonly size: number | undefined;
  /** The tarball's URL. */
  readonly url: string;
  readonly integrity: string | undefined;
  readonly sha256: string | undefined;
  readonly action: Action;
  /** What `npm stage approve` takes, of a version that is staged. */
  readonly stageId?: string | undefined;
  /** Why it is not published, if that is known. */
  readonly obstacle?: string | undefined;
}

export interface NpmOutcome {
  readonly items: readonly NpmOutcomeItem[];
  /** What ended the run, if it did not succeed. */
  readonly error?: unknown;
}
