/** The outcome of each package of a run, whether or not the run succeeds. */

import type { PackageIdentity } from '../../archive/pack/package-name.ts';
import type { Action } from '../outcome.ts';

export interface OctopusOutcomeItem {
  /** `ID.VERSION.FORMAT` */
  readonly name: string;
  readonly identity: PackageIdentity;
  /** Bytes. */
  readonly size: number;
  /** What was sent of them, if it was a delta. */
  readonly deltaBytes: number | undefined;
  /** Where it can be downloaded; undefined if it was only packed. */
  readonly url: string | undefined;
  /** The path in OUTPUT_PATH, as the user would write it. */
  readonly path: string | undefined;
  readonly sha256: string;
  readonly action: Action;
  /** Why it is not published, if that is known. */
  readonly obstacle?: string | undefined;
}

export interface OctopusOutcome {
  readonly items: readonly OctopusOutcomeItem[];
  /** What ended the run, if it did not succeed. */
  readonly error?: unknown;
}
