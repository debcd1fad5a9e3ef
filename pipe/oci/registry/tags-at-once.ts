/** Points several tags to an image with one request, if the registry can do that. */

import { HttpError } from '../../errors.ts';
import type { Document } from '../image.ts';
import type { PushTools } from './push-layer.ts';
import type { Put, TagState } from './put-tag.ts';

/** With fewer, nothing is gained, and a request is lost where the registry cannot do it. */
const minTags = 3;
/** "SHOULD support pushing at least 10 tags per request". */
const maxTags = 10;

/**
 * Each tag has to be read afterwards, like any other; one that the registry has left out has to be moved on its own. What
 * it refuses leaves the tags as they are.
 *
 * @throws what `put` throws if there is no answer
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests (end-7b)
 */
export async function putTagsAtOnce(
  entries: readonly TagState[],
  document: Document,
  { capability, log }: Pick<PushTools, 'capability' | 'log'>,
  put: Put,
): Promise<void> {
  for (let start = 0; start < entries.length && capability.acceptsTagList; start += maxTags) {
    const batch = entries.slice(start, start + maxTags);
    if (batch.length < minTags) return;
    for (const entry of batch) entry.action = 'failed';
    try {
      const { tags } = await put(
        document.digest,
        document,
        batch.map(({ tag }) => tag),
      );
      capability.acceptsTagList = tags.length > 0;
      for (const entry of batch) entry.action = tags.includes(entry.tag) ? 'unconfirmed' : 'not attempted';
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      capability.acceptsTagList = false;
      for (const entry of batch) entry.action = 'not attempted';
      log.debug(`${error.message}. Moving the tags one by one`);
    }
  }
}
