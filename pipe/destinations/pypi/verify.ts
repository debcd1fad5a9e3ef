/** Reads the published files of a project back, and compares their hashes. */

import { UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { printableUrl } from '../../http/printable-url.ts';
import type { ReadBack } from '../../http/read-back.ts';
import { timeLimit } from '../../http/time-limit.ts';
import type { PypiClient } from './client.ts';
import type { Entry, Found, PublishTools } from './entry.ts';
import { compare, conflict } from './look-up.ts';

/** For one page. The upload has been confirmed: an index that hangs is only worth a warning. */
const maxPageMs = 30_000;

/**
 * Reads back what a run uploaded to one project. If the index confirmed an upload but does not show it for long, that is only a
 * warning.
 *
 * @throws VerificationError if the index shows other content
 * @throws UnexpectedAnswerError if it shows nothing of a file whose upload only a doubtful answer confirmed, or if something other
 *   than an index answers, which may then also have answered the upload
 */
export async function verify(
  entries: readonly Entry[],
  { client, log, signal }: PublishTools,
  readBack: ReadBack,
): Promise<void> {
  const project = entries[0]?.planned.project ?? '';
  const names = entries.map(({ planned }) => planned.filename).join(', ');
  let found: readonly (Found | undefined)[] | 'too large';
  try {
    found = await readBack(
      async () => await findAll(entries, client, project),
      (all) => all === 'too large' || all.every((each) => each !== undefined),
    );
  } catch (error) {
    signal.throwIfAborted();
    const isUsual = entries.every(({ isReadingRefused }) => isReadingRefused === true);
    if (error instanceof UnexpectedAnswerError && !isUsual) {
      for (const entry of entries) entry.action = 'unconfirmed';
      throw error;
    }
    // The index confirmed the upload. Reading may lag behind, or need another permission.
    log.warning(`${names}: published, but could not be read back: ${(error as Error).message}`);
    return;
  }
  if (found === 'too large') {
    log.warning(`${names}: published, but could not be read back: the page of ${project} in the index is too large`);
    return;
  }
  const missing: string[] = [];
  const problems: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const file = found[index];
    if (file === undefined) {
      missing.push(entry.planned.filename);
      if (entry.confirmation?.isCertain === false) entry.action = 'failed';
    } else {
      entry.url = printableUrl(file.url);
      if (file.isIdentical) continue;
      entry.action = 'unconfirmed';
      problems.push(conflict(entry.planned, file));
    }
  }
  if (problems.length > 0) throw new VerificationError(problems);
  const doubtful = entries.find(({ action }) => action === 'failed');
  if (doubtful !== undefined) {
    const status = doubtful.confirmation?.status ?? 0;
    throw new UnexpectedAnswerError(
      `${doubtful.planned.filename}: the index answered ${status} without confirming it, and does not have it`,
      { status, isForeign: false },
    );
  }
  if (missing.length > 0)
    log.warning(
      `${missing.join(', ')}: published, but not yet shown by the index at ${printableUrl(client.pageUrl(project))}`,
    );
}

async function findAll(
  entries: readonly Entry[],
  client: PypiClient,
  project: string,
): Promise<readonly (Found | undefined)[] | 'too large'> {
  const files = await client.read(project, { limit: timeLimit(maxPageMs) });
  if (files === 'too large') return files;
  const all: (Found | undefined)[] = [];
  for (const { planned } of entries) all.push(files === 'none' ? undefined : await compare(planned, files, client));
  return all;
}
