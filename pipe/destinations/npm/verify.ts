/** Reads a published version back. */

import gt from 'semver/functions/gt.js';
import { UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { askUntil } from '../../http/read-back.ts';
import { printable } from '../../toolkit/stdout.ts';
import { describeContent, isSameContent } from './compare.ts';
import type { Entry, PublishTools } from './entry.ts';
import { findVersion, type Found } from './look-up.ts';
import { raiseTag } from './raise-tag.ts';

/**
 * Reads a version back. If the registry confirmed the upload but shows nothing or the previous state for long, that is only a
 * warning.
 *
 * @throws VerificationError if the registry shows different content, or a dist-tag that has moved elsewhere
 * @throws UnexpectedAnswerError if something other than a registry answers, which may then also have answered the upload
 */
export async function verify(entry: Entry, tools: PublishTools): Promise<void> {
  const { client, log, signal, patience } = tools;
  const { planned, confirmation } = entry;
  entry.action = 'unconfirmed';
  let found: Found;
  try {
    found = await askUntil(
      async () => await findVersion(planned, client),
      (answer) => answer.version !== undefined && !isTagStale(entry, answer),
      patience,
    );
  } catch (error) {
    signal.throwIfAborted();
    // If it answered so before, and yet confirmed the upload, that is how this registry answers reads.
    const isUsual = entry.isReadingRefused === true && confirmation?.isCertain === true;
    if (error instanceof UnexpectedAnswerError && !isUsual) throw error;
    // The registry confirmed the upload. Reading may lag behind, or need another permission.
    log.warning(`${planned.id} was published, but could not be read back: ${(error as Error).message}`);
    return;
  }
  const { version } = found;
  if (version === undefined && confirmation?.isCertain === false) {
    entry.action = 'failed';
    throw new UnexpectedAnswerError(
      `${planned.id}: the registry answered ${confirmation.status} without confirming it, and does not have it`,
      { status: confirmation.status, isForeign: false },
    );
  }
  if (version === undefined) {
    log.warning(`${planned.id} was published, but the registry does not show it yet`);
    return;
  }
  entry.url = version.tarball ?? entry.url;
  if (isSameContent(version, planned) === false) {
    throw new VerificationError(
      `${planned.id} differs from what was sent: the registry has ${describeContent(version)}, not ${planned.integrity}`,
    );
  }
  checkTag(entry, isTagStale(entry, found) ? found : await raiseTag(planned, found, tools), log);
}

function checkTag(entry: Entry, found: Found, log: PublishTools['log']): void {
  const { id, tag, version } = entry.planned;
  const pointed = found.tags?.get(tag);
  if (found.tags === undefined || pointed === version) return;
  const what = `${id} was published, but its dist-tag ${tag} points to ${printable(pointed ?? 'nothing')}`;
  if (isTagStale(entry, found)) log.warning(`${what}: the registry does not show it yet`);
  // Another pipeline may have published a higher version at the same time.
  else if (pointed !== undefined && isHigher(pointed, version)) {
    const message = `${what}, a higher version that was published in the meantime`;
    if (entry.planned.isTagGiven) log.warning(message);
    else log.info(message);
  } else throw new VerificationError(what);
}

/** Whether the dist-tag is as it may have been before: not set, or at a version that was known already. */
function isTagStale({ planned: { tag, version }, knownVersions }: Entry, { tags }: Found): boolean {
  const pointed = tags?.get(tag);
  if (tags === undefined || pointed === version) return false;
  if (pointed === undefined) return true;
  return knownVersions === undefined ? !isHigher(pointed, version) : knownVersions.has(pointed);
}

function isHigher(version: string, than: string): boolean {
  try {
    return gt(version, than);
  } catch {
    return false;
  }
}
