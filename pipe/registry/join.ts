/** Makes one multi-platform image of tags that were published one platform each. */

import { InputError } from '../errors.ts';
import { digestOf } from '../image/formats/documents.ts';
import { docker, isManifestType, oci } from '../image/formats/media-types.ts';
import type { Descriptor, Document, Image, Platform } from '../image/image.ts';
import { maxConfigBytes, type RegistryClient } from './client.ts';

/**
 * An index of what the tags point to, in their order; nothing of it needs sending but the index itself.
 *
 * @throws InputError where a tag is missing, is an index itself, or has a platform that another one has
 */
export async function joinTags(client: RegistryClient, tags: readonly string[]): Promise<Image> {
  const manifests: (Descriptor & { readonly platform: Platform })[] = [];
  for (const tag of tags) {
    const manifest = await client.readManifest(tag);
    if (manifest === undefined)
      throw new InputError(`--join ${tag}: there is no such tag yet. Publish it first, in a step before this one`);
    if (!isManifestType(manifest.mediaType)) {
      throw new InputError(`--join ${tag}: is ${manifest.mediaType}, and only images of one platform can be joined`);
    }
    const platform = await platformOf(client, manifest, tag);
    const twin = manifests.findIndex((other) => JSON.stringify(other.platform) === JSON.stringify(platform));
    if (twin >= 0)
      throw new InputError(
        `--join ${tag}: is for ${platform.os}/${platform.architecture}, as ${tags[twin]} is: give one tag for each platform`,
      );
    manifests.push({ mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length, platform });
  }
  const mediaType = manifests.every((manifest) => manifest.mediaType === docker.manifest) ? docker.index : oci.index;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return {
    description: `the tags ${tags.join(', ')}`,
    images: [],
    index: { mediaType, digest: digestOf(bytes), bytes },
    notes: [],
    close: async () => await Promise.resolve(),
  };
}

async function platformOf(client: RegistryClient, manifest: Document, tag: string): Promise<Platform> {
  const { config } = JSON.parse(manifest.bytes.toString('utf8')) as { config?: Descriptor };
  if (config === undefined)
    throw new InputError(`--join ${tag}: its manifest has no config, so its platform is not known`);
  const bytes = await client.readBlob(config.digest, maxConfigBytes);
  const { os, architecture, variant } = JSON.parse(bytes.toString('utf8')) as Partial<Platform>;
  if (os === undefined || architecture === undefined)
    throw new InputError(`--join ${tag}: its config names no platform`);
  return { os, architecture, ...(variant !== undefined && variant !== '' && { variant }) };
}
