/** Asks at once for the published blobs that an image may consist of: one after the other, each takes a round trip. */

import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { Descriptor } from '../image.ts';
import type { BlobClient } from './blob-client.ts';
import type { ReusableLayers } from './reuse.ts';

const questionsAtOnce = 16;

/** Published images whose layers may be reused, and which of these blobs the repository has. */
export interface MappedBlobs {
  readonly images: readonly ReusableLayers[];
  /** Whether the repository has it, with this size. It may be deleted afterwards; the manifest's answer shows that. */
  has(blob: Descriptor): Promise<boolean>;
}

/**
 * Asks for the first published blob of each layer.
 *
 * @param diffIds of the image's layers, as far as they are known
 * @throws what `BlobClient.blobSize` throws
 */
export async function askForMapped(
  diffIds: readonly (string | undefined)[],
  images: readonly ReusableLayers[],
  client: Pick<BlobClient, 'blobSize'>,
): Promise<MappedBlobs> {
  const digests = diffIds.flatMap(
    (diffId = '') =>
      images.map(({ layers }) => layers.get(diffId)?.digest).find((digest) => digest !== undefined) ?? [],
  );
  const sizes = new Map<string, number | undefined>();
  await mapConcurrently([...new Set(digests)], questionsAtOnce, async (digest) => {
    sizes.set(digest, await client.blobSize(digest));
  });
  return {
    images,
    has: async ({ digest, size }) => (sizes.has(digest) ? sizes.get(digest) : await client.blobSize(digest)) === size,
  };
}
