/**
 * Keeps a dist-tag that nobody asked for at the highest release, if several runs publish at once: each moves it to its own
 * version, and the last one to do so may not have the highest.
 */

import { pause } from '../../http/read-back.ts';
import { printable } from '../../toolkit/stdout.ts';
import { higherVersion } from './compare.ts';
import type { PublishTools } from './entry.ts';
import { findVersion, type Found } from './look-up.ts';
import type { PlannedPackage } from './plan.ts';

/** Each of twenty runs needs one or two. */
const maxMoves = 10;

/**
 * Moves the dist-tag up until it points to the highest release. What goes wrong is only a warning: the version is published.
 *
 * @param found what the registry has after the version was published
 * @returns what it has in the end
 */
export async function raiseTag(planned: PlannedPackage, found: Found, tools: PublishTools): Promise<Found> {
  const { client, log, signal, patience } = tools;
  const { name, id, tag, version, isTagGiven } = planned;
  let current = found;
  if (isTagGiven) return current;
  try {
    for (let moves = 0; moves < maxMoves; moves++) {
      const highest = highestRelease(current, version);
      if (highest === undefined || current.tags?.get(tag) === highest) break;
      await client.setTag(name, tag, highest);
      log.info(
        `${id}: dist-tag ${tag} moved to ${highest}, the highest of the versions that were published at the same time`,
      );
      // Another version may have been published between reading and moving.
      await pause(patience.baseMs * (1 + Math.random()), patience);
      current = await findVersion({ name, version }, client);
    }
  } catch (error) {
    signal.throwIfAborted();
    log.warning(
      `${id}: dist-tag ${tag} points to ${printable(current.tags?.get(tag) ?? 'nothing')}, not to the highest version, and could not be moved: ${(error as Error).message}`,
    );
  }
  return current;
}

function highestRelease({ versions, tags }: Found, version: string): string | undefined {
  return versions === undefined || tags === undefined ? undefined : higherVersion({ versions, tags }, version);
}
