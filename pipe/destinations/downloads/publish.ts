/** Carries out a plan: parallel uploads, then checksums, verification and retention. Returns the outcome of each file. */

import { collectGarbage } from '../../io/flat-heap.ts';
import { fileBody } from '../../io/source-file.ts';
import { observeBody } from '../../io/observed-body.ts';
import type { Patience } from '../../http/read-back.ts';
import type { FileSettings } from './settings.ts';
import type { Log } from '../../toolkit/log.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Progress } from '../../toolkit/progress.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { applyExisting, hashFile } from './apply-existing.ts';
import type { DownloadsClient } from './client.ts';
import { confirmOwn } from './confirm-own.ts';
import { uploadConfirmed } from './confirmed-upload.ts';
import { checksumItems, publishChecksums } from './publish-checksums.ts';
import { FilesAtOnce } from './files-at-once.ts';
import { downloadLink } from './links.ts';
import { type Action, failedAction } from '../outcome.ts';
import { logItem } from '../summary.ts';
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
  /** For names that are shortened. */
  readonly scrub: Scrub;
}

/** What thousands of requests leave behind would otherwise pile up: 10,000 files take 110 MiB instead of 120. */
const filesPerCollection = 200;

interface Entry {
  readonly planned: PlannedFile;
  readonly url: string;
  action: Action;
  storedSize?: number | undefined;
  obstacle?: string;
  sha256?: string | undefined;
  uploadMs?: number;
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
  const names = entries.map(({ planned }) => planned.name);
  const sums = checksumItems(names, settings);
  const deleted: string[] = [];
  let isPublished = false;
  const items = (): readonly OutcomeItem[] => [...entries.map(toItem), ...sums.map((sum) => ({ ...sum }))];
  try {
    const listed = await applyExisting(entries, settings, tools);
    // It will be read after the uploads: a token that may not do so is better refused before them.
    if (settings.checksums === 'list' && listed === undefined) await tools.client.list();
    const startedAt = performance.now();
    await uploadFiles(entries, settings, tools);
    await confirmUploads(entries, startedAt, settings, tools);
    if (sums.length > 0) {
      for (const entry of entries) entry.sha256 ??= await digestOf(entry, tools);
      const checksums = entries.map(({ planned, sha256 = '' }) => ({ name: planned.name, sha256 }));
      await publishChecksums(checksums, sums, settings, tools);
    }
    const uploaded = items().filter(({ action }) => action === 'uploaded');
    // Others add to the list, and the lines of this run have been read back.
    const own = uploaded.filter(({ name }) => settings.checksums !== 'list' || name !== checksumsName);
    const onWrong = ({ name }: OutcomeItem): void => {
      for (const entry of entries) if (entry.planned.name === name) entry.action = 'failed';
      for (const sum of sums) if (sum.name === name) sum.action = 'failed';
    };
    await verifyUploads(own, settings, startedAt, { ...tools, onWrong });
    isPublished = true;
    const published = new Set(uploaded.map(({ name }) => name));
    if (settings.retention !== undefined)
      await applyRetention(settings.retention, published, deleted, { ...tools, concurrency: settings.concurrency });
    return { items: items(), deleted, isPublished };
  } catch (error) {
    const obstacles = new Map(
      entries.flatMap(({ planned, obstacle }) => (obstacle === undefined ? [] : [[planned.name, obstacle]])),
    );
    const reason: unknown = tools.signal.aborted ? tools.signal.reason : error;
    return { items: items(), obstacles, deleted, isPublished, error: reason };
  }
}

function toItem({ planned, url, action, sha256, storedSize }: Entry): OutcomeItem {
  return { name: planned.name, size: storedSize ?? planned.source.size, url, sha256, action };
}

/** @throws the first failure */
async function uploadFiles(entries: readonly Entry[], settings: FileSettings, tools: PublishTools): Promise<void> {
  for (const entry of entries)
    if (entry.action === 'skipped')
      logItem(tools, entries.length, printable(entry.planned.name), 'skipped, already there');
  // Largest first: then the last upload to start is a short one, and the run ends sooner.
  const queue = entries
    .filter(({ action }) => action === 'not sent')
    .sort((a, b) => b.planned.source.size - a.planned.source.size);
  const atOnce = new FilesAtOnce(settings.concurrency, settings.maxConcurrency);
  let count = 0;
  // A function with a name, for the stack in debug output.
  async function upload(entry: Entry): Promise<void> {
    logItem(tools, entries.length, printable(entry.planned.name), await uploadOne(entry, tools, settings));
    atOnce.took(entry.planned.source.size, entry.uploadMs ?? 0);
    if (++count % filesPerCollection === 0) collectGarbage();
  }
  await uploadAll(queue, ({ planned }) => atOnce.for(planned.source.size), upload, tools);
}

/** Where downloads that exist must stay, those of a run that publishes at the same time must, too. */
async function confirmUploads(
  entries: readonly Entry[],
  startedAt: number,
  settings: FileSettings,
  tools: PublishTools,
): Promise<void> {
  const uploaded = entries.filter(({ action }) => action === 'uploaded');
  if (settings.existing === 'replace' || uploaded.length === 0) return;
  const uploads = uploaded.map((entry) => ({
    item: toItem(entry),
    ms: entry.uploadMs ?? 0,
    settle(action: Action) {
      entry.action = action;
      // It is that of this run's content.
      entry.sha256 = undefined;
    },
  }));
  await confirmOwn(uploads, startedAt, settings, tools);
}

/** @returns the outcome in words */
async function uploadOne(entry: Entry, tools: PublishTools, settings: FileSettings): Promise<string> {
  const { name, source } = entry.planned;
  const { checksums, existing, verify } = settings;
  const wantsSha256 = tools.wantsSha256 || checksums !== 'none' || existing !== 'replace' || verify === 'content';
  const content = fileBody(source);
  const hashed = wantsSha256 ? observeBody(content, createSha256) : undefined;
  const transfer = tools.progress.start(printable(name), source.size);
  const startedAt = performance.now();
  let wasSentWhole = false;
  try {
    const onSent = (bytes: number): void => {
      wasSentWhole ||= bytes === source.size;
      transfer.sent(bytes);
    };
    const answer = await uploadConfirmed(name, hashed?.body ?? content, onSent, tools);
    entry.action = 'uploaded';
    entry.uploadMs = performance.now() - startedAt;
    if (hashed !== undefined)
      entry.sha256 = answer === 'accepted' ? hashed.accepted().digest() : await hashFile(entry.planned);
    return `uploaded, ${formatBytes(source.size)}${entry.sha256 === undefined ? '' : `, sha256 ${entry.sha256}`}`;
  } catch (error) {
    entry.action = failedAction(error, wasSentWhole);
    throw error;
  } finally {
    transfer.end();
  }
}

/** The digest of what is on the server under the name of a file that was left unchanged. */
async function digestOf(entry: Entry, { client, signal }: PublishTools): Promise<string> {
  signal.throwIfAborted();
  const { name } = entry.planned;
  const theirs = entry.action === 'skipped' ? await readDigest(name, Infinity, client) : undefined;
  return theirs?.sha256 ?? (await hashFile(entry.planned));
}
