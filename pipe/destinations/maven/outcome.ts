/** What became of each file of a publication, whether it succeeded or not. */

import type { Action } from '../outcome.ts';
import type { FileKind } from './coordinates.ts';

export interface MavenItem {
  /** In the repository, such as `app-1.0-sources.jar`. */
  readonly name: string;
  readonly kind: FileKind;
  /** Bytes. */
  readonly size: number;
  readonly url: string;
  readonly sha256?: string | undefined;
  readonly action: Action;
}

/** An index of versions, which is written last. */
export interface IndexItem {
  /** Below the repository. */
  readonly name: string;
  readonly action: Action;
}

export interface MavenOutcome {
  /** Of a SNAPSHOT, the timestamped one once it is known. */
  readonly version: string;
  readonly items: readonly MavenItem[];
  readonly indexes: readonly IndexItem[];
  /** What ended the run, where it did not succeed. */
  readonly error?: unknown;
}
