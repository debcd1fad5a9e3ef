/** Publishes the checksums of a run's files: merged into SHA256SUMS, or in a file for each. */

import { bytesBody } from '../../io/body.ts';
import type { Log } from '../../toolkit/log.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatCount } from '../../toolkit/units.ts';
import { type Action, failedAction } from '../outcome.ts';
import { logItem } from '../summary.ts';
import { uploadAll } from '../upload-all.ts';
import { type Checksum, checksumsText, measureText } from './checksums.ts';
import { uploadConfirmed } from './confirmed-upload.ts';
import { downloadLink } from './links.ts';
import { mergeChecksums, type MergeTools } from './merge-checksums.ts';
import type { OutcomeItem } from './outcome.ts';
import { checksumName, checksumsName } from './plan.ts';
import type { FileSettings } from './settings.ts';

/** An item that changes as it is published. */
export type ChecksumItem = { -readonly [Key in keyof OutcomeItem]: OutcomeItem[Key] };

type ChecksumSettings = Pick<FileSettings, 'checksums' | 'apiUrl' | 'workspace' | 'repository' | 'concurrency'>;
type ChecksumTools = MergeTools & { readonly log: Log; readonly signal: AbortSignal; readonly scrub: Scrub };

/** The files that will hold the checksums of the downloads with these names. */
export function checksumItems(names: readonly string[], settings: ChecksumSettings): readonly ChecksumItem[] {
  const own = { none: [], list: [checksumsName], each: names.map(checksumName) }[settings.checksums];
  return own.map((name) => ({ name, size: 0, url: downloadLink(settings, name), action: 'not sent' as Action }));
}

/**
 * Publishes them, and sets what became of each item.
 *
 * @param items of `checksumItems`, in the order of the checksums if there is one for each
 * @throws the first failure
 */
export async function publishChecksums(
  checksums: readonly Checksum[],
  items: readonly ChecksumItem[],
  settings: ChecksumSettings,
  tools: ChecksumTools,
): Promise<void> {
  if (settings.checksums === 'list') {
    for (const item of items) await publishList(item, checksums, tools);
    return;
  }
  const pairs = items.flatMap((item, index) => {
    const checksum = checksums[index];
    return checksum === undefined ? [] : [{ item, text: checksumsText([checksum]) }];
  });
  await uploadAll(pairs, settings.concurrency, async ({ item, text }) => await publishOne(item, text, tools), tools);
}

async function publishList(item: ChecksumItem, checksums: readonly Checksum[], tools: ChecksumTools): Promise<void> {
  let wasSentWhole = false;
  try {
    const { isWritten, ...list } = await mergeChecksums(checksums, tools, () => (wasSentWhole = true));
    Object.assign(item, list);
    item.action = isWritten ? 'uploaded' : 'skipped';
  } catch (error) {
    item.action = failedAction(error, wasSentWhole);
    throw error;
  }
  const what = item.action === 'skipped' ? 'skipped, it has' : 'uploaded, with';
  const own = formatCount(checksums.length, 'line');
  logItem(tools, checksums.length + 1, checksumsName, `${what} ${own} of this run`);
}

async function publishOne(item: ChecksumItem, text: string, tools: ChecksumTools): Promise<void> {
  Object.assign(item, measureText(text));
  let wasSentWhole = false;
  try {
    const onSent = (bytes: number): void => {
      wasSentWhole ||= bytes === item.size;
    };
    await uploadConfirmed(item.name, bytesBody(text), onSent, tools);
  } catch (error) {
    item.action = failedAction(error, wasSentWhole);
    throw error;
  }
  item.action = 'uploaded';
  tools.log.debug(`${printable(item.name)}: uploaded`);
}
