/** Sends one file until the index has it, and settles refusals and doubtful failures by reading what it has. */

import { HttpError, UnexpectedAnswerError } from '../../errors.ts';
import { askUntil, isConflict, isReadingRefused, mayRefuseContent, type Patience } from '../../http/read-back.ts';
import { fileBody } from '../../io/source-file.ts';
import type { Transfer } from '../../toolkit/progress.ts';
import { formatDuration } from '../../toolkit/units.ts';
import { failedAction } from '../outcome.ts';
import type { PypiClient, ReadOptions } from './client.ts';
import type { Entry, Found, PublishSettings, PublishTools } from './entry.ts';
import { conflict, FileConflictError, findFile, leave } from './look-up.ts';
import type { PlannedFile } from './plan.ts';
import { saysAccountIsRefused, saysFileExists } from './refusals.ts';

/**
 * Of the whole patience, for a refusal that may mean anything. Most indexes show a file within a second or two: an invalid
 * classifier is not to be reported half a minute late.
 */
const shortPatienceRatio = 0.1;

/**
 * Sends the file. An attempt that seemed to fail may still have been stored, so the index is read before anything is sent again.
 *
 * @returns what the index has, if it refused the only attempt because of it; undefined if it stored the file
 * @throws FileConflictError if it has other content; otherwise the error of the last attempt, unless the index has the file
 */
export async function sendFile(
  entry: Entry,
  transfer: Transfer,
  settings: PublishSettings,
  tools: PublishTools,
): Promise<Found | undefined> {
  const { client, log, patience, signal } = tools;
  const { planned } = entry;
  const { filename, fields, source } = planned;
  const upload = { filename, fields, content: fileBody(source) };
  let attempts = 0;
  let wasSentWhole = false;
  let mayBeStored = false;
  const settle = async (refusal: HttpError, howLong: Patience): Promise<Found | undefined> => {
    let found: Found | undefined;
    try {
      found = await askUntil(
        async () => await findFile(planned, client),
        (each) => each !== undefined,
        howLong,
      );
    } catch {
      signal.throwIfAborted();
      entry.action = 'unconfirmed';
      entry.obstacle = 'the index refused it, and does not show whether it has it';
      throw new HttpError({ ...refusal.refusal, isDoubtful: true });
    }
    checkRefusal(refusal, found, entry, settings);
    log.info(`${refusal.message}. The index has this file`);
    // After an earlier attempt, it may well be this run's own.
    return attempts > 1 && found?.isIdentical === true ? undefined : found;
  };
  try {
    return await client.repeat(filename, async () => {
      if (wasSentWhole && (await findIdentical(planned, client, { once: true })) !== undefined) return undefined;
      attempts++;
      entry.obstacle = undefined;
      try {
        entry.confirmation = await client.upload(filename, upload, (bytes) => {
          wasSentWhole ||= bytes === source.size;
          transfer.sent(bytes);
        });
        return undefined;
      } catch (error) {
        mayBeStored ||= failedAction(error, wasSentWhole) === 'unconfirmed';
        if (!mayRefuseContent(error)) throw error;
        return await settle(error, { ...patience, limitMs: 0 });
      }
    });
  } catch (error) {
    if (entry.action === 'skipped') throw error;
    // If a later attempt is refused, that does not tell what became of an earlier one.
    entry.action = mayBeStored && entry.isReadingRefused === true ? 'unconfirmed' : failedAction(error, wasSentWhole);
    if (signal.aborted) throw error;
    if (mayRefuseContent(error)) {
      // Its page could not be read.
      if (entry.obstacle !== undefined) throw error;
      // It may be there, and not be shown yet. This waits only after the last attempt: a 409 may just ask for another one.
      const isExpected = mayBeStored || isConflict(error) || saysFileExists(error);
      if (!isExpected && saysAccountIsRefused(error)) throw error;
      const limitMs = patience.limitMs * (isExpected ? 1 : shortPatienceRatio);
      if (isExpected)
        log.info(`${error.message}. Looking for the file in the index for up to ${formatDuration(limitMs)}`);
      transfer.end();
      return await settle(error, { ...patience, limitMs });
    }
    if (!mayBeStored) throw error;
    if ((await findIdentical(planned, client).catch(() => undefined)) === undefined) throw error;
    if (error instanceof UnexpectedAnswerError) log.warning(`${error.message}. The index has the file all the same`);
    return undefined;
  }
}

/**
 * Indexes say with various statuses that a file exists, and some say it although they have just stored it.
 *
 * @throws FileConflictError if the index has other content, unless that is to be skipped
 * @throws HttpError the refusal, if it has nothing. A 409 that says no more is then transient: another upload to the project was
 *   in progress
 */
function checkRefusal(
  error: HttpError,
  found: Found | undefined,
  entry: Entry,
  { skipExisting }: PublishSettings,
): void {
  const isBusy = isConflict(error) && !saysFileExists(error);
  if (found === undefined) throw isBusy ? new HttpError({ ...error.refusal, isTransient: true }) : error;
  if (skipExisting || found.isIdentical) return;
  leave(entry, found);
  throw new FileConflictError(conflict(entry.planned, found), { cause: error });
}

/** What the index has, if it is identical; undefined also if it may not be read. */
async function findIdentical(
  planned: PlannedFile,
  client: PypiClient,
  options?: ReadOptions,
): Promise<Found | undefined> {
  try {
    const found = await findFile(planned, client, options);
    return found?.isIdentical === true ? found : undefined;
  } catch (error) {
    if (isReadingRefused(error)) return undefined;
    throw error;
  }
}
