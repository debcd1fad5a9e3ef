/** Sends one package until the registry has it, and settles refusals and ambiguous failures by reading what it has. */

import { HttpError } from '../../errors.ts';
import { isReadingRefused, mayRefuseContent } from '../../http/read-back.ts';
import type { Transfer } from '../../toolkit/progress.ts';
import { failedAction } from '../outcome.ts';
import type { NpmClient, ReadOptions } from './client.ts';
import { isSameContent } from './compare.ts';
import { publishDocument } from './document.ts';
import type { Entry, PublishSettings, PublishTools } from './entry.ts';
import { findVersion, type Found, leave } from './look-up.ts';
import { saysVersionExists } from './refusals.ts';
import type { PlannedPackage } from './plan.ts';

/**
 * Sends the package. An attempt that seemed to fail may still have been stored, so the registry is read before anything is sent
 * again.
 *
 * @returns what the registry has, if it refused the only attempt because of it; undefined if it stored the package
 * @throws the error of the last attempt, unless the registry has identical content
 */
export async function sendDocument(
  entry: Entry,
  transfer: Transfer,
  settings: PublishSettings,
  tools: PublishTools,
): Promise<Found | undefined> {
  const { client, log, signal } = tools;
  const { planned } = entry;
  const document = publishDocument(planned, client.registry);
  let attempts = 0;
  let wasSentWhole = false;
  let mayBeStored = false;
  try {
    return await client.repeat(planned.id, planned.name, async () => {
      if (wasSentWhole && (await findIdentical(planned, client, { once: true })) !== undefined) return undefined;
      attempts++;
      entry.obstacle = undefined;
      let sentBytes = 0;
      try {
        const onSent = (bytes: number): void => {
          sentBytes = bytes;
          wasSentWhole ||= bytes === document.length;
          transfer.sent(Math.round((bytes / document.length) * planned.source.size));
        };
        if (client.staging === undefined)
          entry.confirmation = await client.publish(planned.id, planned.name, document, onSent);
        else entry.stageId = await client.staging.stage(planned.id, planned.name, document, onSent);
        return undefined;
      } catch (error) {
        mayBeStored ||= failedAction(error, wasSentWhole) === 'unconfirmed';
        if (!mayRefuseContent(error) || sentBytes < document.length) throw error;
        let found: Found;
        try {
          found = await findVersion(planned, client);
        } catch (failure) {
          const isRefused = failure instanceof HttpError && isReadingRefused(failure);
          const why = isRefused ? 'does not let this token compare it' : 'it could not be compared';
          if (saysVersionExists(error))
            entry.obstacle = `the registry says that ${planned.version} is there already, and ${why}`;
          throw new HttpError({ ...error.refusal, isDoubtful: true });
        }
        checkRefusal(error, found, entry, settings);
        log.info(`${error.message}. The registry has this version`);
        // After an earlier attempt, the version may well be this run's own.
        return attempts > 1 && isIdentical(found, planned) ? undefined : found;
      }
    });
  } catch (error) {
    if (entry.action === 'skipped') throw error;
    // If a later attempt is refused, that does not tell what became of an earlier one.
    entry.action = mayBeStored && entry.isReadingRefused === true ? 'unconfirmed' : failedAction(error, wasSentWhole);
    if (signal.aborted || !mayBeStored || mayRefuseContent(error)) throw error;
    if ((await findIdentical(planned, client).catch(() => undefined)) !== undefined) return undefined;
    throw error;
  }
}

/**
 * Registries say with various statuses that a version exists, and some say it although they have just stored that version.
 *
 * @throws HttpError the refusal, unless the registry has identical content or, with `--skip-existing`, any. If it lacks the
 *   version, a 409 is transient: npmjs.com answers so "before the previous package has been fully processed"
 */
function checkRefusal(error: HttpError, found: Found, entry: Entry, { skipExisting }: PublishSettings): void {
  const { planned } = entry;
  if (found.version !== undefined && (skipExisting || isIdentical(found, planned))) return;
  if (found.version === undefined && error.refusal.status === 409)
    throw new HttpError({ ...error.refusal, isTransient: true });
  if (found.version !== undefined) leave(entry, found.version);
  throw error;
}

function isIdentical({ version }: Found, planned: PlannedPackage): boolean {
  return version !== undefined && isSameContent(version, planned) === true;
}

/** The version, if the registry has it with this content; undefined also if it may not be read. */
async function findIdentical(
  planned: PlannedPackage,
  client: NpmClient,
  options?: ReadOptions,
): Promise<Found | undefined> {
  try {
    const found = await findVersion(planned, client, options);
    return isIdentical(found, planned) ? found : undefined;
  } catch (error) {
    if (isReadingRefused(error)) return undefined;
    throw error;
  }
}
