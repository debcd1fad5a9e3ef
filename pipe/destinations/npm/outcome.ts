/** What became of each package of a run, whether the run succeeded or not. */

import type { Action } from '../outcome.ts';

export interface NpmOutcomeItem {
  /** `name@version` */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** The dist-tag. */
  readonly tag: string;
  /** Of the tarball, in bytes. */
  readonly size: number;
  /** Where the tarball can be had. */
  readonly url: string;
  readonly integrity: string;
  readonly sha256: string;
  readonly action: Action;
}

export interface NpmOutcome {
  readonly items: readonly NpmOutcomeItem[];
  /** What ended the run, where it did not succeed. */
  readonly error?: unknown;
}
