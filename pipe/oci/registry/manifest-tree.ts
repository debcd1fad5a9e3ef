/** Makes the manifests of an image from those of its parts. */

import { descriptorOf, documentOf } from '../descriptors.ts';
import { parseIndex } from '../formats/manifests.ts';
import { oci } from '../media-types.ts';
import type { Document, Image, PlatformImage } from '../image.ts';
import type { ManifestTree } from './docker-form.ts';
import type { PushedPlatform } from './push-platform.ts';

/** The parts of an image whose blobs are in the registry; others are left out. */
export type PushedParts = Map<PlatformImage, PushedPlatform>;

/** The digests in the source of the parts that have another one now, and of their index. */
export function changedDigests({ index }: Image, parts: PushedParts): readonly string[] {
  const changed = [...parts].flatMap(([{ descriptor }, { manifest }]) =>
    descriptor === undefined || descriptor.digest === manifest.digest ? [] : [descriptor.digest],
  );
  return index === undefined || changed.length === 0 ? changed : [...changed, index.digest];
}

/** The manifests to send, those without a subject first, and what the tags will point to. */
export function treeOf({ images, index, referrers = [] }: Image, parts: PushedParts): ManifestTree {
  const manifestOf = (image: PlatformImage): Document | readonly Document[] => parts.get(image)?.manifest ?? [];
  const others = referrers.flatMap(manifestOf);
  if (index !== undefined) {
    const states = ({ subjects = [] }: PlatformImage): boolean => subjects.length > 0;
    const sorted = [...images.filter((image) => !states(image)), ...images.filter(states)];
    return { top: indexFor(index, images, parts), children: sorted.flatMap(manifestOf), referrers: others };
  }
  const [top] = images.flatMap(manifestOf);
  if (top === undefined) throw new Error('an image needs an index or a manifest');
  return { top, children: [], referrers: others };
}

/** The source's index, with the new digests of the manifests that have changed, and without those that are left out. */
function indexFor(index: Document, images: readonly PlatformImage[], parts: PushedParts): Document {
  const made = new Map(images.map((image) => [image.descriptor?.digest, parts.get(image)?.manifest]));
  if ([...made].every(([digest, manifest]) => digest === manifest?.digest)) return index;
  const { manifests, fields } = parseIndex(index.bytes, index.mediaType, `the index ${index.digest}`);
  const entries = manifests.flatMap((descriptor) => {
    const manifest = made.get(descriptor.digest);
    return manifest === undefined ? [] : [{ ...descriptor, ...descriptorOf(manifest) }];
  });
  return documentOf({ ...fields, schemaVersion: 2, mediaType: oci.index, manifests: entries });
}
