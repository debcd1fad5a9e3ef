/** One package of a run while it is published, and what publishing it takes. */

import type { Log } from '../../toolkit/log.ts';
import type { Progress } from '../../toolkit/progress.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import type { Action } from '../outcome.ts';
import type { Build } from './build.ts';
import type { BuildCommits } from './commits/read-commits.ts';
import type { OctopusClient, OctopusPlace } from './client.ts';
import type { PlannedPackage } from './plan.ts';

export interface PublishTools {
  readonly client: OctopusClient;
  /** Reads the commits of a build. @throws the signal's reason if it aborts */
  readonly commitsOf: (build: Build) => Promise<BuildCommits>;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts the run, and the uploads in progress. */
  readonly signal: AbortSignal;
  /** For names that are shortened. */
  readonly scrub: Scrub;
}

export interface Entry {
  readonly planned: PlannedPackage;
  action: Action;
  /** What was sent of the package, if it was a delta. */
  deltaBytes?: number | undefined;
  url?: string;
  /** Why it is not published, if that is known. */
  obstacle?: string;
}

/** What sending one package takes. */
export interface SendTools extends PublishTools {
  readonly place: OctopusPlace;
  readonly overwrites: boolean;
}
