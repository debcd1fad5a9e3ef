/** Converts an image to OCI's media types. Layers and configs stay as they are: only their types have other names. */

import { digestOf } from '../descriptors.ts';
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
  return documentOf(oci.manifest, { ...fields, config: convert(config), layers: layers.map(convert) });
}

function convertIndex(index: Document, made: ReadonlyMap<string, Document>): Document {
  const isUnchanged = [...made].every(([digest, document]) => digest === document.digest);
  if (index.mediaType === oci.index && isUnchanged) return index;
  const { fields, manifests } = parseIndex(index.bytes, index.mediaType, `the index ${index.digest}`);
  const entries = manifests.map((descriptor) => {
    const { mediaType, digest, bytes } = made.get(descriptor.digest) ?? {};
    return bytes === undefined ? descriptor : { ...descriptor, mediaType, digest, size: bytes.length };
  });
  return documentOf(oci.index, { ...fields, manifests: entries });
}

function convert(descriptor: Descriptor): Descriptor {
  return { ...descriptor, mediaType: toOci(descriptor.mediaType) };
}

function documentOf(mediaType: string, fields: object): Document {
  const bytes = Buffer.from(JSON.stringify({ ...fields, mediaType }));
  return { mediaType, digest: digestOf(bytes), bytes };
}
