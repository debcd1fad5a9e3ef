/** Deletes old downloads for `--keep`: by the server's dates alone, and only downloads older than all that this run published. */

import { expandBraces } from '../../io/braces.ts';
import { matches } from '../../io/glob.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { askUntil, type Patience, pause } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Download, DownloadsClient } from './client.ts';

interface Retention {
  /** How many of the newest matching downloads to keep. */
  readonly keep: number;
  readonly pattern: string;
}

export interface RetentionTools {
  readonly client: Pick<DownloadsClient, 'list' | 'exists' | 'remove'>;
  readonly log: Pick<Log, 'info' | 'warning' | 'debug'>;
  readonly signal: AbortSignal;
  readonly patience: Patience;
  /** Deletions at the same time. */
  readonly concurrency: number;
}

/**
 * Another run may publish a name again after it was listed, so what is deleted at the same time has a listing of its own.
 * Batches of the backlog that a first run finds share one listing: Bitbucket allows 1,000 requests an hour.
 */
const backlogLength = 10;

/**
 * The downloads to delete, oldest first.
 *
 * @param published the names that this run uploaded; `downloads` contains all of them
 * @throws InputError if the pattern has too many alternatives in braces
 */
export function expiredDownloads(
  downloads: readonly Download[],
  { keep, pattern }: Retention,
  published: ReadonlySet<string>,
): readonly Download[] {
  // A download as new as this run's oldest upload may belong to another run that is still in progress: leave it to that run.
  const oldestOwn = Math.min(...downloads.filter(({ name }) => published.has(name)).map(({ createdUs }) => createdUs));
  const globs = expandBraces(pattern);
  return downloads
    .filter(({ name }) => globs.some((glob) => matches(name, glob)))
    .sort((a, b) => b.createdUs - a.createdUs || (a.name < b.name ? -1 : 1))
    .slice(keep)
    .filter(({ createdUs }) => createdUs < oldestOwn)
    .toReversed();
}

/**
 * Deletes expired downloads. Other runs may publish and delete at the same time: the last one to list sees all uploads, and
 * keeps the newest.
 *
 * @param deleted receives each name when it is deleted
 * @throws HttpError, NetworkError, StalledError or UnexpectedAnswerError if a request fails
 */
export async function applyRetention(
  retention: Retention,
  published: ReadonlySet<string>,
  deleted: string[],
  tools: RetentionTools,
): Promise<void> {
  const { client, log, signal, concurrency, patience } = tools;
  const newest = retention.keep === 1 ? 'newest that matches' : `newest ${retention.keep} that match`;
  const handled = new Set<string>();
  for (;;) {
    const downloads = await listPublished(published, tools);
    if (downloads === undefined) return;
    // A listing may still show downloads that were just deleted.
    const expired = expiredDownloads(downloads, retention, published).filter(({ name }) => !handled.has(name));
    const batch = expired.slice(0, expired.length > backlogLength ? backlogLength : concurrency);
    let isOutdated = false;
    // In any order: all of them go, and runs that delete at the same time would always meet at the same one.
    await mapConcurrently(shuffled(batch), concurrency, async ({ name }) => {
      signal.throwIfAborted();
      if (isOutdated) return;
      handled.add(name);
      if (!(await client.remove(name))) {
        log.debug(`${printable(name)}: already deleted by something else`);
        isOutdated = true;
        return;
      }
      deleted.push(name);
      log.info(`${printable(name)}: deleted, older than the ${newest} ${printable(retention.pattern)}`);
    });
    if (isOutdated) {
      // Another run deletes the same downloads: the rest of the listing is probably no longer true, either.
      await pause(patience.baseMs * 2 * Math.random(), patience);
      continue;
    }
    if (batch.length === expired.length) return;
  }
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, position: Math.random() }))
    .sort((a, b) => a.position - b.position)
    .map(({ item }) => item);
}

/** The listing; undefined if it lacks one of this run's uploads, and so cannot show what is older. */
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
      ? `${printable(missing)} was uploaded, but something else has deleted it since: --keep leaves the other downloads alone`
      : `${printable(missing)} was uploaded, but the listing does not show it yet: --keep leaves old downloads for the next run`,
  );
  return undefined;
}
