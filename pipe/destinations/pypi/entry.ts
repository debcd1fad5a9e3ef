/** One file of a run while it is published, and what publishing it takes. */

import type { Patience } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import type { Progress } from '../../toolkit/progress.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import type { Action } from '../outcome.ts';
import type { Confirmation, PypiClient } from './client.ts';
import type { PlannedFile } from './plan.ts';
import type { PypiSettings } from './settings.ts';

export interface PublishTools {
  readonly client: PypiClient;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts the run, and the uploads in progress. */
  readonly signal: AbortSignal;
  /** How long to wait until a published file can be read. */
  readonly patience: Patience;
  /** For names that are shortened. */
  readonly scrub: Scrub;
}

export type PublishSettings = Pick<PypiSettings, 'concurrency' | 'skipExisting'>;

/** What an index has under the name of a file. */
export interface Found {
  readonly url: URL;
  /** Undefined if it is a longer file, whose end was not read. */
  readonly sha256: string | undefined;
  readonly isIdentical: boolean;
}

export interface Entry {
  readonly planned: PlannedFile;
  /** The file's, or until that is known, the project's page. */
  url: string;
  action: Action;
  /** What the index has instead, with other content. */
  other?: Found;
  /** Why it is not published, if that is known. */
  obstacle?: string | undefined;
  /** The index's answer to the upload. */
  confirmation?: Confirmation;
  /** The index refused to show the project before the file was published. */
  isReadingRefused?: boolean;
}
