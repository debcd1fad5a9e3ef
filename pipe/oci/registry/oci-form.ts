/** Converts an image to OCI's media types. Layers and configs stay as they are: only their types have other names. */

import { descriptorOf, documentOf } from '../descriptors.ts';
import { parseIndex, parseManifest } from '../formats/manifests.ts';
import { docker, isIndexType, oci, toOci } from '../media-types.ts';
import type { Descriptor, Document } from '../image.ts';
import type { ManifestTree } from './docker-form.ts';

/**
 * Converts the manifests and the index that are in Docker's types. An index still names Docker's manifests if they are
 * only in the registry.
 */
export function toOciForm({ top, children, referrers }: ManifestTree): ManifestTree {
  const made = new Map(children.map((child) => [child.digest, convertManifest(child)]));
  const converted = isIndexType(top.mediaType) ? convertIndex(top, made) : convertManifest(top);
  return { top: converted, children: [...made.values()], referrers };
}

function convertManifest(document: Document): Document {
  if (document.mediaType !== docker.manifest) return document;
  const where = `the manifest ${document.digest}`;
  const { fields, config, layers } = parseManifest(document.bytes, document.mediaType, where);
  return documentOf({ ...fields, config: convert(config), layers: layers.map(convert), mediaType: oci.manifest });
}

function convertIndex(index: Document, made: ReadonlyMap<string, Document>): Document {
  const isUnchanged = [...made].every(([digest, document]) => digest === document.digest);
  if (index.mediaType === oci.index && isUnchanged) return index;
  const { fields, manifests } = parseIndex(index.bytes, index.mediaType, `the index ${index.digest}`);
  const entries = manifests.map((descriptor) => {
    const document = made.get(descriptor.digest);
    return document === undefined ? descriptor : { ...descriptor, ...descriptorOf(document) };
  });
  return documentOf({ ...fields, manifests: entries, mediaType: oci.index });
}

function convert(descriptor: Descriptor): Descriptor {
  return { ...descriptor, mediaType: toOci(descriptor.mediaType) };
}
