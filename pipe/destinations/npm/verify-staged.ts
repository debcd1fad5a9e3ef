/** Reads a staged version back. */

import { VerificationError } from '../../errors.ts';
import { askUntil } from '../../http/read-back.ts';
import { printable } from '../../toolkit/stdout.ts';
import { describeContent, isSameContent } from './compare.ts';
import type { Entry, PublishTools } from './entry.ts';
import { findVersion, type Found } from './look-up.ts';

/**
 * Reads a staged version back. If the registry shows nothing for long, or does not let this token read, that is only a warning:
 * it has given the identifier.
 *
 * @throws VerificationError if the registry shows different content, or another dist-tag
 */
export async function verifyStaged(entry: Entry, { client, log, signal, patience }: PublishTools): Promise<void> {
  const { planned } = entry;
  const { id, tag, integrity } = planned;
  entry.action = 'unconfirmed';
  let found: Found;
  try {
    found = await askUntil(
      async () => await findVersion(planned, client),
      ({ version }) => version !== undefined,
      patience,
    );
  } catch (error) {
    signal.throwIfAborted();
    log.warning(`${id} was staged, but could not be read back: ${(error as Error).message}`);
    return;
  }
  const { version } = found;
  if (version === undefined) {
    log.warning(`${id} was staged, but the registry does not show it yet`);
    return;
  }
  entry.stageId ??= version.staged?.id;
  if (isSameContent(version, planned) === false)
    throw new VerificationError(
      `${id} differs from what was sent: the registry has staged ${describeContent(version)}, not ${integrity}`,
    );
  const stagedTag = version.staged?.tag;
  if (stagedTag !== undefined && stagedTag !== tag)
    throw new VerificationError(`${id} was staged, but with the dist-tag ${printable(stagedTag)} instead of ${tag}`);
}
