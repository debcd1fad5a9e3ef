/** Carries out a plan: parallel uploads, then checksums, verification and retention. Returns the outcome of each file. */

import { bytesBody } from '../../io/body.ts';
import { fileBody } from '../../io/source-file.ts';
import { observeBody } from '../../io/observed-body.ts';
import type { Patience } from '../../http/read-back.ts';
import type { FileSettings } from './settings.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Progress } from '../../toolkit/progress.ts';
import { formatBytes, formatCount } from '../../toolkit/units.ts';
import { applyExisting, hashFile, refuse } from './apply-existing.ts';
import { checksumsText } from './checksums.ts';
import type { DownloadsClient } from './client.ts';
import { uploadConfirmed } from './confirmed-upload.ts';
import { downloadLink } from './links.ts';
import { type Action, failedAction } from '../outcome.ts';
import { uploadAll } from '../upload-all.ts';
import type { DownloadsOutcome, OutcomeItem } from './outcome.ts';
import { checksumsName, type DownloadsPlan, type PlannedFile } from './plan.ts';
import { applyRetention } from './retention.ts';
import { createSha256 } from '../../io/hashes.ts';
import { readDigest, verifyUploads } from './verify.ts';

interface PublishTools {
  readonly client: DownloadsClient;
  readonly log: Log;
  readonly progress: Progress;
  /** Aborts the run, and the uploads in progress. */
  readonly signal: AbortSignal;
  /** Whether the SHA-256 of each file is needed: hashing costs more than reading. */
  readonly wantsSha256: boolean;
  /** How long to wait for an upload to appear in the listing. */
  readonly patience: Patience;
}

interface Entry {
  readonly planned: PlannedFile;
  readonly url: string;
  action: Action;
  sha256?: string;
}

/** Publishes the files. Never throws: an error is part of the outcome. */
export async function publishDownloads(
  plan: DownloadsPlan,
  settings: FileSettings,
  tools: PublishTools,
): Promise<DownloadsOutcome> {
  const entries: Entry[] = plan.files.map((planned) => ({
    planned,
    url: downloadLink(settings, planned.name),
    action: 'not sent',
  }));
  const list = {
    name: checksumsName,
    size: 0,
    url: downloadLink(settings, checksumsName),
    action: 'not sent' as Action,
  };
  const deleted: string[] = [];
  let isPublished = false;
  const items = (): readonly OutcomeItem[] => [
    ...entries.map(toItem),
    ...(settings.withChecksums ? [{ ...list }] : []),
  ];
  try {
    const existing = await applyExisting(entries, settings, tools);
    if (settings.withChecksums && settings.existing === 'fail' && existing?.has(checksumsName) === true)
      await skipChecksums(list, entries, tools);
    const startedAt = performance.now();
    await uploadFiles(entries, settings, tools);
    if (settings.withChecksums && list.action !== 'skipped') await uploadChecksums(list, entries, tools);
    const uploaded = items().filter(({ action }) => action === 'uploaded');
    await verifyUploads(uploaded, settings, startedAt, tools);
    isPublished = true;
    const published = new Set(uploaded.map(({ name }) => name));
    if (settings.retention !== undefined)
      await applyRetention(settings.retention, published, deleted, { ...tools, concurrency: settings.concurrency });
    return { items: items(), deleted, isPublished };
  } catch (error) {
    return { items: items(), deleted, isPublished, error: tools.signal.aborted ? tools.signal.reason : error };
  }
}

function toItem({ planned, url, action, sha256 }: Entry): OutcomeItem {
  return { name: planned.name, size: planned.source.size, url, sha256, action };
}

/** @throws the first failure */
async function uploadFiles(entries: readonly Entry[], settings: FileSettings, tools: PublishTools): Promise<void> {
  for (const entry of entries)
    if (entry.action === 'skipped') tools.log.info(`${printable(entry.planned.name)}: skipped, already there`);
  // Largest first: then the last upload to start is a short one, and the run ends sooner.
  const queue = entries
    .filter(({ action }) => action === 'not sent')
    .sort((a, b) => b.planned.source.size - a.planned.source.size);
  await uploadAll(queue, settings.concurrency, async (entry) => await uploadOne(entry, tools, settings), tools);
}

async function uploadOne(entry: Entry, tools: PublishTools, settings: FileSettings): Promise<void> {
  const { name, source } = entry.planned;
  const wantsSha256 = tools.wantsSha256 || settings.withChecksums || settings.verify === 'content';
  const content = fileBody(source);
  const hashed = wantsSha256 ? observeBody(content, createSha256) : undefined;
  const transfer = tools.progress.start(printable(name), source.size);
  let wasSentWhole = false;
  try {
    const onSent = (bytes: number): void => {
      wasSentWhole ||= bytes === source.size;
      transfer.sent(bytes);
    };
    const answer = await uploadConfirmed(name, hashed?.body ?? content, onSent, tools);
    entry.action = 'uploaded';
    if (hashed !== undefined)
      entry.sha256 = answer === 'accepted' ? hashed.accepted().digest() : await hashFile(entry.planned);
    tools.log.info(
      `${printable(name)}: uploaded, ${formatBytes(source.size)}${entry.sha256 === undefined ? '' : `, sha256 ${entry.sha256}`}, ${entry.url}`,
    );
  } catch (error) {
    entry.action = failedAction(error, wasSentWhole);
    throw error;
  } finally {
    transfer.end();
  }
}

type List = { -readonly [Key in keyof OutcomeItem]: OutcomeItem[Key] };

/** Marks a list that is already there and identical as skipped. @throws PipeError if it differs: `--no-clobber` forbids that */
async function skipChecksums(list: List, entries: readonly Entry[], tools: PublishTools): Promise<void> {
  await describeChecksums(list, entries, tools);
  const theirs = await readDigest(checksumsName, list.size, tools.client);
  if (theirs === undefined) return;
  if (theirs.sha256 !== list.sha256) refuse([checksumsName]);
  list.action = 'skipped';
}

/** Sets the list's size and digest. @returns its text */
async function describeChecksums(list: List, entries: readonly Entry[], tools: PublishTools): Promise<string> {
  for (const entry of entries) {
    tools.signal.throwIfAborted();
    entry.sha256 ??= await hashFile(entry.planned);
  }
  const text = checksumsText(entries.map(({ planned, sha256 }) => ({ name: planned.name, sha256: sha256 ?? '' })));
  const sha256 = createSha256();
  sha256.update(Buffer.from(text));
  list.size = Buffer.byteLength(text);
  list.sha256 = sha256.digest();
  return text;
}

async function uploadChecksums(list: List, entries: readonly Entry[], tools: PublishTools): Promise<void> {
  const text = await describeChecksums(list, entries, tools);
  let wasSentWhole = false;
  try {
    const onSent = (bytes: number): void => {
      wasSentWhole ||= bytes === list.size;
    };
    await uploadConfirmed(checksumsName, bytesBody(text), onSent, tools);
  } catch (error) {
    list.action = failedAction(error, wasSentWhole);
    throw error;
  }
  list.action = 'uploaded';
  tools.log.info(`${checksumsName}: uploaded, ${formatCount(entries.length, 'line')}, ${list.url}`);
}
