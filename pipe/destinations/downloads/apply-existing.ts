/** Decides what happens to files whose names are already among the downloads: `--skip-existing` and `--no-clobber`. */

import { PipeError } from '../../errors.ts';
import { measure } from '../../io/hashes.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { fileBody } from '../../io/source-file.ts';
import type { Log } from '../../toolkit/log.ts';
import type { Progress } from '../../toolkit/progress.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDifferentBytes } from '../../toolkit/units.ts';
import type { Action } from '../outcome.ts';
import { otherContent } from '../report.ts';
import type { Download, DownloadsClient } from './client.ts';
import type { PlannedFile } from './plan.ts';
import type { FileSettings } from './settings.ts';
import { readDigest } from './verify.ts';

interface Entry {
  readonly planned: PlannedFile;
  action: Action;
  /** Why it is not published, if that is known. */
  obstacle?: string;
  /** In bytes, what is there instead. */
  storedSize?: number | undefined;
  sha256?: string | undefined;
}

interface ExistingTools {
  readonly client: Pick<DownloadsClient, 'list' | 'read'>;
  readonly log: Pick<Log, 'info' | 'warning'>;
  readonly progress: Pick<Progress, 'skip'>;
}

/**
 * Marks the files that are left as they are: with `--skip-existing` those whose name exists, with `--no-clobber` those
 * that exist with identical content, so that a step can be run again. Those that are skipped are compared with the local files: by
 * size, and with `--verify=content` by content; a difference is a warning.
 *
 * @returns the downloads by name; undefined if existing ones are replaced
 * @throws PipeError before anything is sent if `--no-clobber` forbids an upload
 */
export async function applyExisting(
  entries: readonly Entry[],
  { existing: choice, verify, concurrency }: Pick<FileSettings, 'existing' | 'verify' | 'concurrency'>,
  tools: ExistingTools,
): Promise<ReadonlyMap<string, Download> | undefined> {
  if (choice === 'replace') return undefined;
  const existing = new Map((await tools.client.list()).map((download) => [download.name, download]));
  const taken = entries.filter(({ planned }) => existing.has(planned.name));
  if (choice === 'fail') {
    const isOther = await mapConcurrently(
      taken,
      concurrency,
      async (entry) => await hasOtherContent(entry, existing, tools),
    );
    refuse(
      taken.filter((_, index) => isOther[index]),
      existing,
    );
  }
  for (const entry of taken) {
    const { name, source } = entry.planned;
    const download = existing.get(name);
    if (download === undefined || (choice === 'fail' && entry.sha256 === undefined)) continue;
    entry.action = 'skipped';
    entry.storedSize = download.size;
    tools.progress.skip(source.size);
    if (download.size !== source.size) {
      const [theirs, ours] = formatDifferentBytes(download.size, source.size);
      tools.log.warning(`${printable(name)} is left unchanged at ${theirs}, although the local file has ${ours}`);
    }
  }
  if (choice === 'skip' && verify === 'content') await compareSkipped(taken, concurrency, tools);
  return existing;
}

/** Compares the content of those files that are as large as what is there. */
async function compareSkipped(
  taken: readonly Entry[],
  concurrency: number,
  { client, log }: Pick<ExistingTools, 'client' | 'log'>,
): Promise<void> {
  const asLarge = taken.filter(({ planned, storedSize }) => storedSize === planned.source.size);
  const identical = await mapConcurrently(asLarge, concurrency, async (entry) => {
    const { name, source } = entry.planned;
    const [theirs, ours] = await Promise.all([readDigest(name, source.size, client), hashFile(entry.planned)]);
    entry.sha256 = theirs?.sha256;
    if (theirs?.sha256 === ours) return true;
    log.warning(
      theirs === undefined
        ? `${printable(name)} is left unchanged, but could not be compared: it cannot be read`
        : `${printable(name)} is left unchanged with other content: it has SHA-256 ${theirs.sha256}, the local file has ${ours}`,
    );
    return false;
  });
  const same = asLarge.filter((_, index) => identical[index]);
  const bytes = same.reduce((sum, { planned }) => sum + planned.source.size, 0);
  if (same.length > 0)
    log.info(
      `Verified: ${formatCount(same.length, 'file')}, ${formatBytes(bytes)}, already there with the right SHA-256`,
    );
}

/** @throws PipeError naming the downloads that `--no-clobber` protects, if there are any */
function refuse(entries: readonly Entry[], existing: ReadonlyMap<string, Download>): void {
  if (entries.length === 0) return;
  for (const entry of entries) {
    entry.action = 'skipped';
    entry.obstacle = otherContent();
    entry.storedSize = existing.get(entry.planned.name)?.size;
  }
  const names = entries.map(({ planned }) => printable(planned.name)).join(', ');
  throw new PipeError(
    `already among the downloads with other content, and --no-clobber forbids replacing them: ${names}`,
    {
      advice:
        'Publish under another name (FILENAME, --name), delete the downloads, or leave --no-clobber out of EXTRA_ARGS to replace them.',
    },
  );
}

/** Sets the entry's digest if the content is identical. A download that is gone by now does not matter. */
async function hasOtherContent(
  entry: Entry,
  existing: ReadonlyMap<string, Download>,
  { client }: ExistingTools,
): Promise<boolean> {
  const { name, source } = entry.planned;
  if (existing.get(name)?.size !== source.size) return true;
  const [theirs, ours] = await Promise.all([readDigest(name, source.size, client), hashFile(entry.planned)]);
  if (theirs === undefined) return false;
  if (theirs.length !== source.size || theirs.sha256 !== ours) return true;
  entry.sha256 = ours;
  return false;
}

/** The SHA-256 of a file that this run does not send. @throws FileChangedError if it changes meanwhile */
export async function hashFile({ source }: PlannedFile): Promise<string> {
  return (await measure(fileBody(source).open())).sha256;
}
