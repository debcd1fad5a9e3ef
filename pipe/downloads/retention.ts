/** Which downloads `--keep` deletes: never one of this run, never one that the pattern does not match. */

import { matchesGlob } from 'node:path';
import type { Download } from './client.ts';

export interface Retention {
  /** How many of the matching downloads stay, the newest ones. */
  readonly keep: number;
  readonly pattern: string;
}

/** The downloads to delete, oldest first. Those of this run count as the newest. */
export function expiredDownloads(
  downloads: readonly Download[],
  retention: Retention,
  ofThisRun: ReadonlySet<string>,
): readonly Download[] {
  const matching = downloads.filter(({ name }) => matchesGlob(name, retention.pattern));
  const older = matching
    .filter(({ name }) => !ofThisRun.has(name))
    .sort((a, b) => b.createdOn.getTime() - a.createdOn.getTime() || (a.name < b.name ? -1 : 1));
  const kept = Math.max(0, retention.keep - (matching.length - older.length));
  return older.slice(kept).toReversed();
}
