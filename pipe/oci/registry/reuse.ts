/** Reads from a published tag which layers need neither compressing nor sending. */

import { InputError } from '../../errors.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { parseConfig } from '../formats/config.ts';
import { parseIndex, parseManifest, platformOf } from '../formats/manifests.ts';
import { isImageConfigType, isIndexType, isManifestType, layerEncoding } from '../media-types.ts';
import { isSamePlatform } from '../platforms.ts';
import type { Descriptor, Document, Platform } from '../image.ts';
import { maxConfigBytes, type RegistryClient } from './client.ts';

/** Several are held in memory while layers are compressed. A manifest of 127 layers has about 30 kB. */
const maxManifestBytes = 1024 * 1024;

/** A published image of the same repository. */
export interface PublishedImage {
  readonly tag: string;
  /** The manifest of one platform, byte for byte. */
  readonly manifest: Document;
  readonly configDigest: string;
  /** Descriptors of its reusable layers by diff ID. */
  readonly layers: ReadonlyMap<string, Descriptor>;
}

/**
 * Reads the manifest and the config that a tag points to. `config.rootfs.diff_ids[i]` belongs to `manifest.layers[i]`
 * (image-spec, "rootfs"), so a local layer with that diff ID is the same as the published blob.
 *
 * @returns undefined if there is nothing to reuse: no such tag, another platform, not an image, or lists that differ in length
 * @throws InputError if a document is invalid or too large
 */
export async function readPublishedImage(
  client: RegistryClient,
  tag: string,
  platform: Platform | undefined,
): Promise<PublishedImage | undefined> {
  const top = await client.readManifest(tag);
  const manifest = top === undefined ? undefined : await selectManifest(client, top, platform);
  if (manifest === undefined) return undefined;
  if (manifest.bytes.length > maxManifestBytes)
    throw new InputError(`its manifest has ${formatBytes(manifest.bytes.length)}`);
  const { config, layers } = parseManifest(manifest.bytes, manifest.mediaType, `its manifest ${manifest.digest}`);
  if (!isImageConfigType(config.mediaType)) return undefined;
  const bytes = await client.readBlob(config.digest, maxConfigBytes);
  const { diffIds } = parseConfig(bytes, `its config ${config.digest}`);
  if (diffIds.length !== layers.length) return undefined;
  const usable = layers.flatMap((layer, index): [string, Descriptor][] => {
    const diffId = diffIds[index];
    return diffId !== undefined && isPlainLayer(layer) ? [[diffId, layer]] : [];
  });
  return { tag, manifest, configDigest: config.digest, layers: new Map(usable) };
}

/** Foreign, encrypted and unknown layers are not reused. */
function isPlainLayer({ mediaType, urls }: Descriptor): boolean {
  return layerEncoding(mediaType) !== undefined && urls === undefined;
}

async function selectManifest(
  client: RegistryClient,
  top: Document,
  platform: Platform | undefined,
): Promise<Document | undefined> {
  if (isManifestType(top.mediaType)) return top;
  if (!isIndexType(top.mediaType) || platform === undefined) return undefined;
  const where = `its index ${top.digest}`;
  const child = parseIndex(top.bytes, top.mediaType, where).manifests.find((descriptor) => {
    const theirs = platformOf(descriptor, where);
    return theirs !== undefined && isManifestType(descriptor.mediaType) && isSamePlatform(theirs, platform);
  });
  return child === undefined ? undefined : await client.readManifest(child.digest);
}
