/** Learns from a published tag which layers need neither compressing nor sending. */

import { PipeError } from '../errors.ts';
import { isDigest } from '../image/formats/descriptors.ts';
import { digestOf } from '../image/formats/documents.ts';
import { isManifestType, layerPacking } from '../image/formats/media-types.ts';
import type { Descriptor, Document, Platform } from '../image/image.ts';
import { maxConfigBytes, type RegistryClient } from './client.ts';

/** What a published image of the same repository tells. */
export interface Published {
  readonly tag: string;
  /** The manifest of one platform, byte for byte. */
  readonly manifest: Document;
  readonly configDigest: string;
  /** Descriptors of its layers by diff ID. */
  readonly layers: ReadonlyMap<string, Descriptor>;
}

/**
 * Reads the manifest and the config behind a tag. `config.rootfs.diff_ids[i]` belongs to `manifest.layers[i]`
 * (image-spec, "rootfs"), so a local layer of that diff ID is the published blob.
 *
 * @returns undefined where there is nothing that can be trusted: no such tag, another platform, lists of two lengths
 */
export async function readPublished(
  client: RegistryClient,
  tag: string,
  platform: Platform | undefined,
): Promise<Published | undefined> {
  const top = await client.readManifest(tag);
  const manifest = top === undefined ? undefined : await selectManifest(client, top, platform);
  if (manifest === undefined) return undefined;
  const { config, layers } = parseJson(manifest.bytes) as { config?: Descriptor; layers?: readonly Descriptor[] };
  if (typeof config?.digest !== 'string' || !Array.isArray(layers) || !isDigest(config.digest)) return undefined;
  const bytes = await client.readBlob(config.digest, maxConfigBytes);
  const diffIds = (parseJson(bytes) as { rootfs?: { diff_ids?: unknown } }).rootfs?.diff_ids;
  if (!Array.isArray(diffIds) || diffIds.length !== layers.length) return undefined;
  const usable = (layers as readonly Descriptor[]).flatMap((layer, index): [string, Descriptor][] =>
    typeof diffIds[index] === 'string' && isPlainLayer(layer) ? [[diffIds[index], layer]] : [],
  );
  return { tag, manifest, configDigest: config.digest, layers: new Map(usable) };
}

/** Foreign, encrypted and unknown layers are nobody's to reuse. */
function isPlainLayer({ mediaType, digest, size, urls }: Descriptor): boolean {
  return (
    layerPacking(mediaType) !== undefined &&
    urls === undefined &&
    isDigest(digest) &&
    Number.isSafeInteger(size) &&
    size >= 0
  );
}

async function selectManifest(
  client: RegistryClient,
  top: Document,
  platform: Platform | undefined,
): Promise<Document | undefined> {
  if (isManifestType(top.mediaType)) return top;
  const { manifests } = parseJson(top.bytes) as { manifests?: readonly (Descriptor & { platform?: Platform })[] };
  if (!Array.isArray(manifests) || platform === undefined) return undefined;
  const child = (manifests as readonly (Descriptor & { platform?: Platform })[]).find(
    ({ platform: theirs }) =>
      theirs?.os === platform.os &&
      theirs.architecture === platform.architecture &&
      theirs.variant === platform.variant,
  );
  return child === undefined ? undefined : await client.readManifest(child.digest);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new PipeError(`the registry holds a document that is not JSON, ${digestOf(bytes)}`, { cause: error });
  }
}
