/** The media types of images, in the OCI family and in Docker's, and the way from one to the other. */

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
  layer: { gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip' },
} as const;

export const manifestTypes: readonly string[] = [oci.index, oci.manifest, docker.index, docker.manifest];

const pairs: readonly (readonly [oci: string, docker: string])[] = [
  [oci.index, docker.index],
  [oci.manifest, docker.manifest],
  [oci.config, docker.config],
  [oci.layer.gzip, docker.layer.gzip],
];

/** The Docker type that means the same; undefined where Docker has none. */
export function toDocker(mediaType: string): string | undefined {
  return pairs.find((pair) => pair.includes(mediaType))?.[1];
}

/** The OCI type that means the same, or the type itself. */
export function toOci(mediaType: string): string {
  return pairs.find((pair) => pair.includes(mediaType))?.[0] ?? mediaType;
}

/** How a layer of this type is packed; undefined where the type is no plain layer (foreign, encrypted, unknown). */
export function layerPacking(mediaType: string): 'none' | 'gzip' | 'zstd' | undefined {
  const known = toOci(mediaType);
  return (['none', 'gzip', 'zstd'] as const).find((packing) => oci.layer[packing] === known);
}
