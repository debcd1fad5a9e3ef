/** What `--keep` deletes: by the server's dates alone, and never what is not older than everything this run published. */

import { matchesGlob } from 'node:path';
import { askUntil, type Patience } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Download, DownloadsClient } from './client.ts';

interface Retention {
  /** How many of the matching downloads stay, the newest ones. */
  readonly keep: number;
  readonly pattern: string;
}

export interface RetentionTools {
  readonly client: Pick<DownloadsClient, 'list' | 'exists' | 'remove'>;
  readonly log: Pick<Log, 'info' | 'warning' | 'debug'>;
  readonly signal: AbortSignal;
  readonly patience: Patience;
}

/**
 * A name that is to be deleted could be published anew after the listing, so each deletion has a listing of its own. Many
 * at once, which is a first run's backlog, share one: Bitbucket allows 1,000 requests an hour.
 */
const backlogLength = 10;

/**
 * The downloads to delete, oldest first.
 *
 * @param published the names that this run has uploaded; the listing has all of them
 */
export function expiredDownloads(
  downloads: readonly Download[],
  { keep, pattern }: Retention,
  published: ReadonlySet<string>,
): readonly Download[] {
  // What is as new as this run's oldest upload may be another run's, which is not done yet: its own run decides.
  const oldestOwn = Math.min(...downloads.filter(({ name }) => published.has(name)).map(({ createdUs }) => createdUs));
  return downloads
    .filter(({ name }) => matchesGlob(name, pattern))
    .sort((a, b) => b.createdUs - a.createdUs || (a.name < b.name ? -1 : 1))
    .slice(keep)
    .filter(({ createdUs }) => createdUs < oldestOwn)
    .toReversed();
}

/**
 * Deletes what has expired. Other runs may publish and delete at the same time: whoever comes last sees all of it, and
 * leaves the newest.
 *
 * @param deleted takes the names as they are deleted
 */
export async function applyRetention(
  retention: Retention,
  published: ReadonlySet<string>,
  deleted: string[],
  tools: RetentionTools,
): Promise<void> {
  const { client, log, signal } = tools;
  const dealtWith = new Set<string>();
  for (;;) {
    const downloads = await listPublished(published, tools);
    if (downloads === undefined) return;
    // A listing may show for a while what is deleted already.
    const expired = expiredDownloads(downloads, retention, published).filter(({ name }) => !dealtWith.has(name));
    const turn = expired.slice(0, expired.length > backlogLength ? backlogLength : 1);
    for (const { name } of turn) {
      signal.throwIfAborted();
      dealtWith.add(name);
      if (!(await client.remove(name))) {
        log.debug(`${printable(name)}: has been deleted by something else`);
        continue;
      }
      deleted.push(name);
      log.info(
        `${printable(name)}: deleted, older than the newest ${retention.keep} that match ${printable(retention.pattern)}`,
      );
    }
    if (turn.length === expired.length) return;
  }
}

/** The listing; undefined if it lacks what this run has published, so that nobody can tell what is older. */
async function listPublished(
  published: ReadonlySet<string>,
  { client, log, patience }: RetentionTools,
): Promise<readonly Download[] | undefined> {
  const look = async (): Promise<{ downloads: readonly Download[]; missing: string | undefined; isGone: boolean }> => {
    const downloads = await client.list();
    const listed = new Set(downloads.map(({ name }) => name));
    const missing = [...published].find((name) => !listed.has(name));
    return { downloads, missing, isGone: missing !== undefined && !(await client.exists(missing)) };
  };
  const { downloads, missing, isGone } = await askUntil(
    look,
    (found) => found.missing === undefined || found.isGone,
    patience,
  );
  if (missing === undefined) return downloads;
  log.warning(
    isGone
      ? `${printable(missing)} was uploaded, and something else has deleted it since: --keep leaves the other downloads to whatever did`
      : `${printable(missing)} was uploaded, and the listing does not show it yet: --keep leaves old downloads to the next run`,
  );
  return undefined;
}
