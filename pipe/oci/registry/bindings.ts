/**
 * What states an image's digest binds it: a layer that is compressed again changes the digest of the manifest, and an
 * attestation, a signature or an SBOM of it then refers to something that does not exist.
 */

import type { Image, PlatformImage } from '../image.ts';
import type { PushTools } from './push-layer.ts';
import type { ReusableLayers } from './reuse.ts';

/** The digests of the manifests that something in the image, or beside it, states. */
export function boundDigests({ images, index, referrers = [] }: Image): ReadonlySet<string> {
  const stated = new Set([...images, ...referrers].flatMap(({ subjects }) => subjects ?? []));
  // The digest of an index depends on all that it lists.
  const children = index !== undefined && stated.has(index.digest) ? images : [];
  return new Set([...stated, ...children.flatMap(({ descriptor }) => descriptor?.digest ?? [])]);
}

/** Whether the user asks for a compression that the image does not have. */
export function isToBeCompressed({ layers }: PlatformImage, { compression }: PushTools): boolean {
  return compression?.isChosen === true && layers.some(({ encoding }) => encoding === 'none');
}

/** The same tools, for an image whose layers stay as they are. */
export function keepingLayers({ layers }: PlatformImage, tools: PushTools): PushTools {
  if (tools.compression !== undefined && layers.some(({ encoding }) => encoding === 'none'))
    tools.log.info(
      "Uncompressed layers stay as they are, since an attestation states the image's digest. With --compression, they are compressed, and the attestation is left out",
    );
  const digests = new Map(layers.map(({ name, descriptor }) => [name, descriptor?.digest]));
  const sent = [...tools.sent].filter(([name, { descriptor }]) => digests.get(name) === descriptor.digest);
  return { ...tools, compression: undefined, sent: new Map(sent) };
}

/** Of the layers that are published, those with the bytes of the image's own. */
export function identicalLayers(
  { layers }: PlatformImage,
  published: readonly ReusableLayers[],
): readonly ReusableLayers[] {
  const own = new Map(layers.map(({ diffId, descriptor }) => [diffId, descriptor?.digest]));
  return published.map((image) => ({
    ...image,
    layers: new Map([...image.layers].filter(([diffId, { digest }]) => own.get(diffId) === digest)),
  }));
}
