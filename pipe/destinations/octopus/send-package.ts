/** Sends one package until the server has it, and settles refusals and ambiguous failures by asking what it has. */

import { HttpError, PipeError, UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { mayRefuseContent } from '../../http/read-back.ts';
import { fileBody } from '../../io/source-file.ts';
import type { Transfer } from '../../toolkit/progress.ts';
import { failedAction } from '../outcome.ts';
import type { OverwriteMode, StoredPackage } from './client.ts';
import {
  describeContent,
  describeIdentity,
  isSameContent,
  isSameIdentity,
  obstacleOf,
  otherIdentityAdvice,
  seemsSame,
  warnWithoutHash,
} from './compare.ts';
import { prepareDelta } from './delta/prepare-delta.ts';
import type { Entry, SendTools } from './entry.ts';

/**
 * Sends the package, as a delta if the server has a similar one. An attempt that seemed to fail may still have been stored, so
 * the server is asked before anything is sent again.
 *
 * @throws the error of the last attempt, unless the server has identical content
 * @throws PipeError if the server may have stored it, and does not say enough of what it has to compare that
 * @throws VerificationError if the server has stored something else, or under another ID or version
 */
export async function sendPackage(entry: Entry, transfer: Transfer, tools: SendTools): Promise<void> {
  const { client, place, signal } = tools;
  const { planned } = entry;
  let mayBeStored = false;
  let wasSentWhole = false;
  let delta = await prepareDelta(planned, tools);
  const attempt = async (): Promise<StoredPackage> => {
    if (mayBeStored) {
      const found = await findIdentical(entry, tools);
      if (found !== undefined) return found;
    }
    const body = delta?.body ?? fileBody(planned.source);
    entry.deltaBytes = delta?.body.length;
    let isSentWhole = false;
    try {
      const onSent = (bytes: number): void => {
        isSentWhole = bytes === body.length;
        wasSentWhole ||= isSentWhole;
        transfer.sent(Math.round((bytes / Math.max(1, body.length)) * planned.source.size));
      };
      const mode: OverwriteMode = tools.overwrites ? 'OverwriteExisting' : 'FailIfExists';
      return await client.push(place, { fileName: planned.fileName, mode, body, onSent }, delta?.base);
    } catch (error) {
      mayBeStored ||= isSentWhole && failedAction(error, true) === 'unconfirmed';
      if (delta === undefined || mayPass(error) || signal.aborted) throw error;
      // What is wrong with the package itself is said about the whole of it, too; and a server that cannot take any delta must
      // not keep the package out for ever.
      tools.log.debug(`${(error as Error).message}. Sending the whole package instead`);
      delta = undefined;
      return await attempt();
    }
  };
  try {
    const stored = await client.repeat(planned.fileName, place, attempt);
    await checkStored(entry, stored, tools);
  } catch (error) {
    if (error instanceof VerificationError) throw error;
    entry.action = mayBeStored ? 'unconfirmed' : failedAction(error, wasSentWhole);
    if (signal.aborted) throw error;
    const isDoubtful = mayBeStored || error instanceof UnexpectedAnswerError || mayRefuseContent(error);
    if (!isDoubtful) throw error;
    const found = await client.find(place, planned.identity).catch(() => undefined);
    if (found === undefined) {
      if (error instanceof UnexpectedAnswerError && error.isForeign) entry.action = 'failed';
      throw error;
    }
    if (!seemsSame(found, planned)) {
      if (mayBeStored && isSameContent(found, planned) === undefined) throw unsettled(entry, error, tools);
      entry.action = 'failed';
      entry.obstacle = obstacleOf(found);
      throw error;
    }
    warnWithoutHash(found, planned, tools.log);
    tools.log.info(`${(error as Error).message}. The server has this package`);
  }
}

/** The server has what may be this package, and nothing to compare it by. */
function unsettled(entry: Entry, error: unknown, { overwrites }: SendTools): PipeError {
  const { fileName, identity } = entry.planned;
  entry.obstacle = 'what the server has now cannot be compared';
  return new PipeError(
    [
      `${fileName} was sent, but not confirmed, and the server does not say whether the ${identity.id} ${identity.version} that it has now is this package`,
      `  ${(error as Error).message}`,
    ],
    {
      cause: error,
      advice: overwrites
        ? 'It is either this package or the one that it was to replace. Run the step again to send it again.'
        : 'It is probably this package, unless something else published this version at the same time. Compare them in Octopus, or give --overwrite to send it again, for which the account needs the permission BuiltInFeedAdminister.',
    },
  );
}

/** Whether the server says that it would take the same request later. */
function mayPass(error: unknown): boolean {
  return error instanceof HttpError && [408, 425, 429, 503].includes(error.refusal.status);
}

async function findIdentical(entry: Entry, { client, place }: SendTools): Promise<StoredPackage | undefined> {
  const found = await client.find(place, entry.planned.identity, true).catch((error: unknown) => {
    // An account that may push may not be allowed to read.
    if (error instanceof HttpError && [401, 403].includes(error.refusal.status)) return undefined;
    throw error;
  });
  return found !== undefined && seemsSame(found, entry.planned) ? found : undefined;
}

/** At its storage limit, a server has stored part of a package and answered 201 (OctopusDeploy/Issues#6575). */
async function checkStored(entry: Entry, answered: StoredPackage, { client, place, log }: SendTools): Promise<void> {
  const { planned } = entry;
  checkIdentity(entry, answered);
  const isKnown = isSameContent(answered, planned) !== undefined;
  const stored = isKnown ? answered : ((await client.find(place, planned.identity)) ?? answered);
  checkIdentity(entry, stored);
  const isSame = isSameContent(stored, planned);
  if (isSame !== false) return warnWithoutHash(stored, planned, log);
  entry.action = 'failed';
  entry.obstacle = `the server has ${describeContent(stored)} instead`;
  throw new VerificationError(
    `${planned.fileName} differs from what was sent: the server has ${describeContent(stored)}, not ${planned.source.size} bytes with sha1 ${planned.sha1}`,
  );
}

/** @throws VerificationError if the server has read another ID or version from the name */
function checkIdentity(entry: Entry, stored: StoredPackage): void {
  const { planned } = entry;
  if (isSameIdentity(stored, planned)) return;
  const { id, version } = planned.identity;
  entry.action = 'failed';
  entry.obstacle = `the server has stored it as ${describeIdentity(stored)}`;
  throw new VerificationError(
    `${planned.fileName} was sent as ${id} ${version}, but the server has stored it as ${describeIdentity(stored)}`,
    { advice: otherIdentityAdvice },
  );
}
