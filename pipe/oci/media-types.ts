/** The OCI and Docker media types of images: their meaning, and conversion between them. */

import {
  type Compression,
  compressionFormats,
  compressionNames,
  type LayerMediaTypes,
  type MediaTypePair,
} from '../compression/formats.ts';
import type { LayerEncoding } from './image.ts';

/** The compressions that have an OCI layer type. */
export type LayerPacking = Exclude<LayerEncoding, 'opaque'>;

const layerTypes: Readonly<Record<LayerPacking, LayerMediaTypes>> = {
  none: {
    layer: { oci: 'application/vnd.oci.image.layer.v1.tar', docker: 'application/vnd.docker.image.rootfs.diff.tar' },
    foreign: {
      oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
      docker: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
    },
    alsoRead: [],
  },
  ...byCompression((name) => compressionFormats[name].mediaTypes),
};

const packingNames: readonly LayerPacking[] = ['none', ...compressionNames];

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */
export const oci = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: { none: layerTypes.none.layer.oci, ...byCompression((name) => layerTypes[name].layer.oci) },
} as const;

/** @see https://distribution.github.io/distribution/spec/manifest-v2-2/ */
export const docker = {
  index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
} as const;

export const manifestTypes: readonly string[] = [oci.index, oci.manifest, docker.index, docker.manifest];

/** Whether it is the type of a manifest, OCI or Docker. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === oci.manifest || mediaType === docker.manifest;
}

/** Whether it is one of OCI's own types. */
export function isOciType(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.oci.');
}

/** Whether it is the type of an index, OCI or Docker. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === oci.index || mediaType === docker.index;
}

/** Whether it is `application/vnd.docker.distribution.manifest.v1+json` or its signed form, obsolete since 2015. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+');
}

/** Whether it is the type of an image's config, OCI or Docker. */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === oci.config || mediaType === docker.config;
}

const packings: ReadonlyMap<string, LayerEncoding> = new Map(
  packingNames.flatMap((encoding) => {
    const { layer, foreign, alsoRead } = layerTypes[encoding];
    const types = [layer.oci, layer.docker, foreign.oci, foreign.docker, ...alsoRead];
    return types.flatMap((type) => (type === undefined ? [] : [[type, encoding] as const]));
  }),
);

/** How a layer of this type is compressed; `opaque` if it is not a plain file system: encrypted, an attestation, unknown. */
export function encodingOf(mediaType: string): LayerEncoding {
  return packings.get(mediaType) ?? 'opaque';
}

/** Whether layers of this type are fetched from elsewhere, such as Windows' base layers. */
export function isForeignType(mediaType: string): boolean {
  return /\.(?:nondistributable|foreign)\./.test(mediaType);
}

const pairs: readonly MediaTypePair[] = [
  { oci: oci.index, docker: docker.index },
  { oci: oci.manifest, docker: docker.manifest },
  { oci: oci.config, docker: docker.config },
  ...packingNames.flatMap((encoding) => [layerTypes[encoding].layer, layerTypes[encoding].foreign]),
];

function pairOf(mediaType: string): MediaTypePair | undefined {
  return pairs.find((pair) => pair.oci === mediaType || pair.docker === mediaType);
}

/** The equivalent Docker type; undefined if there is none. */
export function toDocker(mediaType: string): string | undefined {
  return pairOf(mediaType)?.docker;
}

/** The equivalent OCI type, or the type itself if there is none. */
export function toOci(mediaType: string): string {
  return pairOf(mediaType)?.oci ?? mediaType;
}

/** How a layer of this OCI or Docker type is compressed; undefined for other types (foreign, encrypted, unknown). */
export function layerEncoding(mediaType: string): LayerPacking | undefined {
  const known = toOci(mediaType);
  return packingNames.find((encoding) => oci.layer[encoding] === known);
}

function byCompression<T>(valueOf: (name: Compression) => T): Record<Compression, T> {
  return Object.fromEntries(compressionNames.map((name) => [name, valueOf(name)])) as Record<Compression, T>;
}
