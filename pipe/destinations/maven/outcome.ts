/** The outcome of a publication for each file, whether it succeeded or not. */

import type { Action } from '../outcome.ts';
import type { Coordinates, FileKind } from './coordinates.ts';

/** The outcome of one file. */
export interface MavenItem {
  /** The file name in the repository, such as `app-1.0-sources.jar`. */
  readonly name: string;
  readonly kind: FileKind;
  /** In bytes; undefined if other content is there, which the run has compared only by its checksum. */
  readonly size: number | undefined;
  readonly url: string;
  readonly sha256?: string | undefined;
  readonly action: Action;
  /** Why it is not published, if that is known. */
  readonly obstacle?: string | undefined;
  /** How many requests it would have taken to send what was there already: the file and its checksums. */
  readonly savedRequests: number;
}

/** The outcome of a metadata file, which is written after the files. */
export interface IndexItem {
  /** Path relative to the repository. */
  readonly name: string;
  readonly action: Action;
}

/** The outcome of one version of an artifact. */
export interface ArtifactOutcome {
  /** As in its POM. */
  readonly coordinates: Coordinates;
  /** For a SNAPSHOT, the timestamped version as soon as it is known. */
  readonly version: string;
  readonly items: readonly MavenItem[];
}

/** The outcome of the whole publication. */
export interface MavenOutcome {
  readonly artifacts: readonly ArtifactOutcome[];
  readonly indexes: readonly IndexItem[];
  /** The reason for the end of the run, if it did not succeed. */
  readonly error?: unknown;
}
