/**
 * Finds out whose content stayed, if several runs that must not replace each other's downloads uploaded the same name at once.
 * Downloads knows no conditions for a request, so that each run saw nothing there when it looked.
 */

import { PipeError } from '../../errors.ts';
import { type Patience, pause } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Action } from '../outcome.ts';
import type { DownloadsClient } from './client.ts';
import type { OutcomeItem } from './outcome.ts';
import type { FileSettings } from './settings.ts';
import { readBackContents, warnOfLate } from './verify.ts';

interface ConfirmTools {
  readonly client: Pick<DownloadsClient, 'list' | 'read'>;
  readonly log: Pick<Log, 'warning'>;
  readonly patience: Patience;
}

/** An upload of this run. */
export interface OwnUpload {
  readonly item: OutcomeItem;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** Sets what became of it. */
  readonly settle: (action: Action) => void;
}

/**
 * Waits until the uploads of other runs that began like this one's have ended, then reads every upload back. Of several runs,
 * it is confirmed to the one whose content stays.
 *
 * @param startedAt when the first upload began, by `performance.now()`
 * @throws PipeError naming what others replaced, unless what exists is to be skipped
 */
export async function confirmOwn(
  uploads: readonly OwnUpload[],
  startedAt: number,
  { existing, concurrency }: Pick<FileSettings, 'existing' | 'concurrency'>,
  { client, log, patience }: ConfirmTools,
): Promise<void> {
  const { baseMs, limitMs } = patience;
  // An upload of the same file takes others about as long, and may have begun up to this long after this run's own.
  const longest = uploads.reduce((most, { ms }) => Math.max(most, ms), 0);
  await pause(Math.min(limitMs, baseMs * (1 + 2 * Math.random()) + longest), patience);
  const items = uploads.map(({ item }) => item);
  const states = await readBackContents(items, concurrency, startedAt, { client, patience });
  const lost = uploads.filter((_, index) => states[index]?.kind === 'wrong');
  for (const { settle } of lost) settle(existing === 'skip' ? 'skipped' : 'failed');
  const names = lost.map(({ item }) => printable(item.name)).join(', ');
  if (lost.length > 0) {
    const message = `${names}: another run published other content under this name at the same time`;
    if (existing !== 'skip') throw new PipeError(`${message}, and that is what is there now`);
    log.warning(`${message}: it is left as it is`);
  }
  warnOfLate(states, log);
}
