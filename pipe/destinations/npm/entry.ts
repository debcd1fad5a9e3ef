/** One package of a run while it is published, and what publishing it takes. */

import type { Patience } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import type { Progress } from '../../toolkit/progress.ts';
import type { Action } from '../outcome.ts';
import type { Confirmation, NpmClient, PublishedVersion } from './client.ts';
import type { PlannedPackage } from './plan.ts';
import type { NpmSettings } from './settings.ts';

export interface PublishTools {
  readonly client: NpmClient;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts the run, and the uploads in progress. */
  readonly signal: AbortSignal;
  /** How long to wait until a published version can be read. */
  readonly patience: Patience;
  /** For names that are shortened. */
  readonly scrub: Scrub;
}

export type PublishSettings = Pick<NpmSettings, 'concurrency' | 'skipExisting'>;

export interface Entry {
  readonly planned: PlannedPackage;
  url: string;
  action: Action;
  /** What the registry has instead, with other content. */
  other?: PublishedVersion;
  /** Why it is not published, if that is known. */
  obstacle?: string | undefined;
  /** The registry's answer to the upload. */
  confirmation?: Confirmation;
  /** What `npm stage approve` takes, of a version that is staged. */
  stageId?: string | undefined;
  /** What the registry had before, and what this run adds; undefined if the registry did not say. */
  knownVersions?: ReadonlySet<string>;
  /** The registry refused to describe the package before it was published. */
  isReadingRefused?: boolean;
}
