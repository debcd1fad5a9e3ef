/** Points several tags to an image with one request, if the registry can do that. */

import { PipeError } from '../../errors.ts';
import type { Document } from '../image.ts';
import type { PushTools } from './push-layer.ts';
import type { TagState } from './put-tag.ts';

/** With fewer, nothing is gained, and a request is lost where the registry cannot do it. */
const minTags = 3;
/** "SHOULD support pushing at least 10 tags per request". */
const maxTags = 10;

/**
 * Tries it once: whatever goes wrong, each tag can still be moved on its own. Each tag has to be read afterwards, like any
 * other.
 *
 * @throws the signal's reason if the run is stopped
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests (end-7b)
 */
export async function putTagsAtOnce(
  entries: readonly TagState[],
  document: Document,
  { capability, client, log }: Pick<PushTools, 'capability' | 'client' | 'log'>,
): Promise<void> {
  for (let start = 0; start < entries.length && capability.acceptsTagList; start += maxTags) {
    const batch = entries.slice(start, start + maxTags);
    if (batch.length < minTags) return;
    const wanted = batch.map(({ tag }) => tag);
    for (const entry of batch) entry.action = 'unconfirmed';
    try {
      const moved = await client.putTags(wanted, document);
      capability.acceptsTagList = moved.length > 0;
      for (const entry of batch) entry.action = moved.includes(entry.tag) ? 'unconfirmed' : 'not attempted';
    } catch (error) {
      if (!(error instanceof PipeError)) throw error;
      capability.acceptsTagList = false;
      log.debug(`${error.message}. Moving the tags one by one`);
    }
  }
}
