/** Compares the files with what the index already has, before anything is sent and after a refusal. */

import { PipeError, UnexpectedAnswerError } from '../../errors.ts';
import { printableUrl } from '../../http/printable-url.ts';
import { isReadingRefused } from '../../http/read-back.ts';
import { otherContent } from '../report.ts';
import type { PypiClient, ReadOptions } from './client.ts';
import type { Entry, Found, PublishSettings, PublishTools } from './entry.ts';
import type { PlannedFile } from './plan.ts';
import type { ProjectFiles } from './project-page.ts';

/** A file is there with other content. */
export class FileConflictError extends PipeError {
  override readonly name = 'FileConflictError';
}

/**
 * What the index has under the name of a file; undefined if it has nothing, or too much to say.
 *
 * @throws HttpError, NetworkError, StalledError, UnexpectedAnswerError
 */
export async function findFile(
  planned: PlannedFile,
  client: PypiClient,
  options?: ReadOptions,
): Promise<Found | undefined> {
  const files = await client.read(planned.project, options);
  return typeof files === 'string' ? undefined : await compare(planned, files, client);
}

/** What a project's page has under the name of a file; undefined if it has nothing. */
export async function compare(
  { filename, source, sha256: own }: PlannedFile,
  files: ProjectFiles,
  client: PypiClient,
): Promise<Found | undefined> {
  const listed = files.get(filename);
  if (listed === undefined) return undefined;
  // Old servers list other hashes, or none: only the content itself tells.
  const content = listed.sha256 === undefined ? await client.hash(filename, listed, source.size) : listed;
  if (content === undefined) return undefined;
  return { url: listed.url, sha256: content.sha256, isIdentical: content.sha256 === own };
}

/**
 * Compares the files of one project with the index's, and marks those that need not be sent. Without `--skip-existing`, that only
 * saves work: the answer to the upload decides.
 *
 * @param limit ends the reading of the page; the files are then published without comparing them first
 * @returns the problems
 */
export async function lookUp(
  group: readonly Entry[],
  { skipExisting }: PublishSettings,
  { client, log, progress, signal }: PublishTools,
  limit?: AbortSignal,
): Promise<readonly string[]> {
  const project = group[0]?.planned.project ?? '';
  let files: Awaited<ReturnType<PypiClient['read']>>;
  try {
    files = await client.read(project, limit === undefined ? {} : { limit });
  } catch (error) {
    signal.throwIfAborted();
    const isLate = limit?.aborted === true;
    if (!isLate && !isReadingRefused(error)) throw error;
    const { message } = error as Error;
    const isNoPage = error instanceof UnexpectedAnswerError;
    const refused = isNoPage ? message : `${message}: reading was refused`;
    const problem = isLate ? `${project}: its page in the index: ${message}` : refused;
    if (skipExisting)
      return [
        `${problem}, but --skip-existing needs to read what is already published. ${isNoPage ? 'Set REGISTRY to an index that can be read' : 'Use a token that may also read'}, or leave --skip-existing out`,
      ];
    log.warning(`${problem}, so ${project} is published without comparing it first`);
    for (const entry of group) entry.isReadingRefused = true;
    return [];
  }
  for (const entry of group) entry.url = printableUrl(client.pageUrl(project));
  if (files === 'too large')
    log.warning(
      `${project}: its page in the index is too large to read, so its files are published without comparing them`,
    );
  if (typeof files === 'string') return [];
  const problems: string[] = [];
  for (const entry of group) {
    const found = await compare(entry.planned, files, client);
    if (found === undefined) continue;
    if (skipExisting || found.isIdentical) {
      skip(entry, found, log);
      progress.skip(entry.planned.source.size);
    } else {
      problems.push(conflict(entry.planned, found));
      leave(entry, found);
    }
  }
  return problems;
}

/** Leaves the published file as it is, with a warning if it has other content. */
export function skip(entry: Entry, found: Found, log: PublishTools['log']): void {
  if (!found.isIdentical) {
    log.warning(`${conflict(entry.planned, found)}. It is left as it is`);
    entry.other = found;
  }
  entry.action = 'skipped';
  entry.url = printableUrl(found.url);
}

/** Marks a file that cannot be published, since the index has another of its name. */
export function leave(entry: Entry, found: Found): void {
  entry.action = 'skipped';
  entry.other = found;
  entry.url = printableUrl(found.url);
  entry.obstacle = otherContent();
}

/** What the index has instead of a file. */
export function conflict({ filename, sha256 }: PlannedFile, found: Found): string {
  const theirs = found.sha256 === undefined ? 'a longer file' : `sha256 ${found.sha256}`;
  const ours = found.sha256 === undefined ? `sha256 ${sha256}` : sha256;
  return `${filename} is already published with other content: the index has ${theirs}, the local file has ${ours}`;
}
