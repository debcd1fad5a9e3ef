/**
 * The media types of images, and what they say.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 * @see https://distribution.github.io/distribution/spec/manifest-v2-2/
 */

import type { Packing } from '../image.ts';

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const ociConfig = 'application/vnd.oci.image.config.v1+json';
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerManifestList = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const dockerConfig = 'application/vnd.docker.container.image.v1+json';

export function isManifestType(mediaType: string): boolean {
  return mediaType === ociManifest || mediaType === dockerManifest;
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === ociIndex || mediaType === dockerManifestList;
}

/** `application/vnd.docker.distribution.manifest.v1+json`, also signed: given up in 2015. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+');
}

export function isImageConfigType(mediaType: string): boolean {
  return mediaType === ociConfig || mediaType === dockerConfig;
}

const packings: ReadonlyMap<string, Packing> = new Map([
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
]);

/** `opaque` for what is no plain file system: encrypted layers, attestations, types unknown. */
export function packingOf(mediaType: string): Packing {
  return packings.get(mediaType) ?? 'opaque';
}

/** Layers that are fetched from elsewhere, such as Windows' own. */
export function isForeignType(mediaType: string): boolean {
  return /\.(?:nondistributable|foreign)\./.test(mediaType);
}
