/** The media types of images, in the OCI family and in Docker's: what they say, and the way from one to the other. */

import type { Packing } from './image.ts';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */
export const oci = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: {
    none: 'application/vnd.oci.image.layer.v1.tar',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  },
} as const;

/** @see https://distribution.github.io/distribution/spec/manifest-v2-2/ */
export const docker = {
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: {
    none: 'application/vnd.docker.image.rootfs.diff.tar',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const;

export const manifestTypes: readonly string[] = [oci.index, oci.manifest, docker.index, docker.manifest];

export function isManifestType(mediaType: string): boolean {
  return mediaType === oci.manifest || mediaType === docker.manifest;
}

export function isOciType(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.oci.');
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === oci.index || mediaType === docker.index;
}

/** `application/vnd.docker.distribution.manifest.v1+json`, also signed: given up in 2015. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+');
}

export function isImageConfigType(mediaType: string): boolean {
  return mediaType === oci.config || mediaType === docker.config;
}

const packings: ReadonlyMap<string, Packing> = new Map([
  [oci.layer.none, 'none'],
  [oci.layer.gzip, 'gzip'],
  [oci.layer.zstd, 'zstd'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  [docker.layer.none, 'none'],
  [docker.layer.gzip, 'gzip'],
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

/** Docker's own tools never wrote layers of zstd: not all of them read the type that containerd has for it. */
const pairs: readonly (readonly [oci: string, docker: string])[] = [
  [oci.index, docker.index],
  [oci.manifest, docker.manifest],
  [oci.config, docker.config],
  [oci.layer.none, docker.layer.none],
  [oci.layer.gzip, docker.layer.gzip],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'application/vnd.docker.image.rootfs.foreign.diff.tar'],
  [
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ],
];

/** The Docker type that means the same; undefined where Docker has none. */
export function toDocker(mediaType: string): string | undefined {
  return pairs.find((pair) => pair.includes(mediaType))?.[1];
}

/** The OCI type that means the same, or the type itself. */
export function toOci(mediaType: string): string {
  return pairs.find((pair) => pair.includes(mediaType))?.[0] ?? mediaType;
}

/** How a layer that an OCI manifest can name is packed; undefined for any other (foreign, encrypted, unknown). */
export function layerPacking(mediaType: string): Exclude<Packing, 'opaque'> | undefined {
  const known = toOci(mediaType);
  return (['none', 'gzip', 'zstd'] as const).find((packing) => oci.layer[packing] === known);
}
