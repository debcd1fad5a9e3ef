/** Finds out which layers need neither compressing nor sending, because they are published already. */

import { HttpError, InputError, NetworkError, PipeError, StalledError } from '../../errors.ts';
import { isTransient } from '../../http/retry.ts';
import type { Http } from '../../http/send.ts';
import type { Log } from '../../toolkit/log.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { parseConfig } from '../formats/config.ts';
import { parseIndex, parseManifest, platformOf } from '../formats/manifests.ts';
import { isImageConfigType, isIndexType, isManifestType, layerEncoding } from '../media-types.ts';
import { isSamePlatform } from '../platforms.ts';
import type { Descriptor, Document, Platform } from '../image.ts';
import { createRegistryClient, maxConfigBytes, type RegistryClient } from './client.ts';

/** Several are held in memory while layers are compressed. A manifest of 127 layers has about 30 kB. */
const maxManifestBytes = 1024 * 1024;

/** Layers in the registry that an image may consist of. */
export interface ReusableLayers {
  /** What they belong to, for messages: `tag 1.2`, `acme/base:1.2`. */
  readonly name: string;
  /** The repository to mount them from; undefined if it is the one that is published to. */
  readonly repository: string | undefined;
  /** Their descriptors by diff ID. */
  readonly layers: ReadonlyMap<string, Descriptor>;
  /** Undefined if it is not known. */
  readonly configDigest?: string;
}

/** A published image. */
export interface PublishedImage extends ReusableLayers {
  /** The manifest of one platform, byte for byte. */
  readonly manifest: Document;
  readonly configDigest: string;
}

interface ReuseTools {
  readonly http: Http;
  /** The registry's base URL. */
  readonly registry: URL;
  readonly client: RegistryClient;
  readonly log: Log;
}

/** A tag of another repository of the same registry. */
export interface SourceTag {
  readonly repository: string;
  readonly tag: string;
}

/**
 * Reads the published images whose layers may be reused. An unusable tag is not a failure: its layers are sent instead.
 *
 * @param isGiven whether the user has named the tags, and so expects them to be there
 * @throws HttpError if the registry refuses access; NetworkError or StalledError if it cannot be reached
 */
export async function readReusable(
  tags: readonly string[],
  platform: Platform | undefined,
  isGiven: boolean,
  { client, log }: ReuseTools,
): Promise<readonly PublishedImage[]> {
  const found: PublishedImage[] = [];
  for (const tag of new Set(tags)) {
    const name = `tag ${tag}`;
    try {
      const published = await readPublishedImage(client, tag, platform);
      const absence = `${name} is not reused: there is no such tag, or it has no image for this platform`;
      if (published !== undefined) found.push({ name, repository: undefined, ...published });
      else if (isGiven) log.info(absence);
      else log.debug(absence);
    } catch (error) {
      if (error instanceof HttpError && [401, 403].includes(error.refusal.status)) throw error;
      // The server is down: what follows would only wait for it again.
      if (error instanceof NetworkError || error instanceof StalledError) throw error;
      log.warning(`${name} is not reused: ${(error as Error).message}`);
      if (isTransient(error)) break;
    }
  }
  return found;
}

/** Reads the images of other repositories whose layers may be mounted. One that cannot be read is only a warning. */
export async function readMountable(
  sources: readonly SourceTag[],
  platform: Platform | undefined,
  { http, registry, log }: ReuseTools,
): Promise<readonly PublishedImage[]> {
  const found: PublishedImage[] = [];
  for (const { repository, tag } of sources) {
    const name = `${repository}:${tag}`;
    try {
      const published = await readPublishedImage(createRegistryClient(http, registry, repository), tag, platform);
      if (published === undefined)
        log.warning(
          `${name} is not reused: the registry shows no such tag to this account, or it has no image for this platform`,
        );
      else found.push({ name, repository, ...published });
    } catch (error) {
      if (!(error instanceof PipeError)) throw error;
      log.warning(`${name} is not reused: ${error.message}`);
      // The next would only take as long again.
      if (isTransient(error)) break;
    }
  }
  return found;
}

/**
 * Reads the manifest and the config that a tag points to. `config.rootfs.diff_ids[i]` belongs to `manifest.layers[i]`
 * (image-spec, "rootfs"), so a local layer with that diff ID is the same as the published blob.
 *
 * @returns undefined if there is nothing to reuse: no such tag, another platform, not an image, or lists that differ in length
 * @throws InputError if a document is invalid or too large
 */
async function readPublishedImage(
  client: RegistryClient,
  tag: string,
  platform: Platform | undefined,
): Promise<Pick<PublishedImage, 'manifest' | 'configDigest' | 'layers'> | undefined> {
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
  return { manifest, configDigest: config.digest, layers: new Map(usable) };
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
