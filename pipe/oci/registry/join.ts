/** Makes one multi-platform image from published tags. */

import { InputError } from '../../errors.ts';
import { parseConfig } from '../formats/config.ts';
import { descriptorOf, documentOf } from '../descriptors.ts';
import { isAttestation, kindOf, parseIndex, parseManifest, platformOf } from '../formats/manifests.ts';
import { docker, isImageConfigType, oci } from '../media-types.ts';
import { formatPlatform, isSamePlatform } from '../platforms.ts';
import type { Descriptor, Document, Image, Platform } from '../image.ts';
import { maxConfigBytes, type RegistryClient } from './client.ts';

/** An entry of the new index. */
interface Entry {
  readonly tag: string;
  readonly descriptor: Descriptor;
  /** Undefined for anything but a runnable image, such as an attestation. */
  readonly platform: Platform | undefined;
}

/**
 * Makes an index of the images that the tags point to, and of everything else in the tags' own indexes (attestations), in
 * their order. Only the index itself needs sending.
 *
 * @param imageName of the new image, for messages, if the run makes several
 * @throws InputError if a tag is missing or cannot be joined, or two tags have an image for one platform
 */
export async function joinTags(client: RegistryClient, tags: readonly string[], imageName?: string): Promise<Image> {
  const prefix = imageName === undefined ? '' : `${imageName}: `;
  const entries = new Map<string, Entry>();
  for (const tag of tags) {
    for (const entry of await readEntries(client, tag, prefix)) {
      // An index may list one image for two platforms: amd64, and amd64/v2.
      const key = JSON.stringify([entry.descriptor.digest, entry.platform]);
      if (entries.has(key)) continue;
      checkPlatform(entry, [...entries.values()], prefix);
      entries.set(key, entry);
    }
  }
  const manifests = [...entries.values()].map(({ descriptor }) => descriptor);
  const mediaType = manifests.every((each) => each.mediaType === docker.manifest) ? docker.index : oci.index;
  return {
    description: `the tags ${tags.join(', ')}`,
    images: [],
    index: documentOf({ schemaVersion: 2, mediaType, manifests }),
    notes: [],
    close: async () => await Promise.resolve(),
  };
}

/** A pull gets one image for a platform. If a single tag has two (say, gzip and zstd), its publisher intended that. */
function checkPlatform({ tag, platform }: Entry, others: readonly Entry[], prefix: string): void {
  if (platform === undefined) return;
  const duplicate = others.find(
    (other) => other.tag !== tag && other.platform !== undefined && isSamePlatform(other.platform, platform),
  );
  if (duplicate === undefined) return;
  throw new InputError(
    `${prefix}--join ${duplicate.tag} and --join ${tag} both have an image for ${formatPlatform(platform)}: join only one image for each platform`,
  );
}

async function readEntries(client: RegistryClient, tag: string, prefix: string): Promise<readonly Entry[]> {
  const where = `${prefix}--join ${tag}`;
  const top = await client.readManifest(tag);
  if (top === undefined)
    throw new InputError(`${where}: there is no such tag yet. Publish it first, in an earlier step`);
  const descriptor = descriptorOf(top);
  if (kindOf(descriptor, where) === 'manifest') {
    const platform = await readPlatform(client, top, where);
    if (platform === undefined)
      throw new InputError(`${where}: its config names no platform (os and architecture), which an index needs`);
    if (platform === 'not an image') throw new InputError(`${where} is not a runnable image, so it cannot be joined`);
    return [{ tag, descriptor: { ...descriptor, platform }, platform }];
  }
  const { manifests } = parseIndex(top.bytes, top.mediaType, `${where}: its index`);
  if (manifests.length === 0) throw new InputError(`${where}: its index names no image`);
  const entries: Entry[] = [];
  for (const child of manifests) entries.push(await readEntry(client, tag, child, where));
  return entries;
}

async function readEntry(client: RegistryClient, tag: string, descriptor: Descriptor, parent: string): Promise<Entry> {
  const where = `${parent}: ${descriptor.digest}`;
  if (kindOf(descriptor, where) === 'index')
    throw new InputError(`${where} is an index inside an index, so it cannot be joined`);
  if (isAttestation(descriptor)) return { tag, descriptor, platform: undefined };
  const named = platformOf(descriptor, where);
  if (named !== undefined) return { tag, descriptor, platform: named };
  const manifest = await client.readManifest(descriptor.digest);
  if (manifest === undefined) throw new InputError(`${where} is in its index, but not in the registry`);
  const platform = await readPlatform(client, manifest, where);
  if (platform === undefined || platform === 'not an image') return { tag, descriptor, platform: undefined };
  return { tag, descriptor: { ...descriptor, platform }, platform };
}

/** The platform in the image's config. */
async function readPlatform(
  client: RegistryClient,
  { mediaType, bytes }: Document,
  where: string,
): Promise<Platform | 'not an image' | undefined> {
  const { config } = parseManifest(bytes, mediaType, `${where}: its manifest`);
  if (!isImageConfigType(config.mediaType)) return 'not an image';
  return parseConfig(await client.readBlob(config.digest, maxConfigBytes), `${where}: its config`).platform;
}
