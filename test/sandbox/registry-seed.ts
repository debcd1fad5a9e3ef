/** Seeds the registry with images, both correct and incorrect ones. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { mediaTypes, type Descriptor } from './registry-manifest-check.ts';
import { digestOf } from './registry-store.ts';

export interface SeedLayer {
  /** Uncompressed. */
  readonly content: Buffer | string;
  /** Default `gzip`. Docker's manifests do not support zstd. */
  readonly compression?: 'gzip' | 'zstd' | 'none';
  /** A wrong diff ID for the config. */
  readonly diffId?: string;
  /** Named by the manifest, but missing. */
  readonly missing?: boolean;
}

export interface SeedImage {
  /** Default: one small layer. */
  readonly layers?: readonly SeedLayer[];
  /** Default `latest`; if empty, reachable by digest only. */
  readonly tags?: readonly string[];
  /** Default `oci`. */
  readonly family?: 'oci' | 'docker';
  /** Instead of these fields of the config. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Instead of these fields of the manifest; not checked. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}

export interface SeededImage {
  readonly digest: string;
  readonly mediaType: string;
  readonly manifest: Buffer;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** As in the config. */
  readonly diffIds: readonly string[];
}

export interface SeedManifest {
  readonly mediaType: string;
  /** Not checked; a value that is neither a string nor bytes becomes JSON. */
  readonly content: Buffer | string | Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
}

export interface SeedTarget {
  putBlob(name: string, content: Buffer | string): string | Promise<string>;
  putManifest(name: string, manifest: SeedManifest): string | Promise<string>;
}

const layerTypes = {
  oci: {
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
    none: 'application/vnd.oci.image.layer.v1.tar',
  },
  docker: {
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
    none: 'application/vnd.docker.image.rootfs.diff.tar',
  },
};

export async function seedImage(target: SeedTarget, name: string, image: SeedImage): Promise<SeededImage> {
  const { layers = [{ content: 'sandbox layer' }], tags = ['latest'], family = 'oci' } = image;
  const descriptors: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const { content, compression = 'gzip', diffId, missing = false } of layers) {
    const plain = Buffer.from(content);
    const compressed = compress(plain, compression);
    if (!missing) await target.putBlob(name, compressed);
    descriptors.push({
      mediaType: layerTypes[family][compression],
      digest: digestOf(compressed),
      size: compressed.length,
    });
    diffIds.push(diffId ?? digestOf(plain));
  }
  const configBytes = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
      ...image.config,
    }),
  );
  const config: Descriptor = {
    mediaType:
      family === 'oci' ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.docker.container.image.v1+json',
    digest: await target.putBlob(name, configBytes),
    size: configBytes.length,
  };
  const mediaType = family === 'oci' ? mediaTypes.ociManifest : mediaTypes.dockerManifest;
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config, layers: descriptors, ...image.manifest }),
  );
  const digest = await target.putManifest(name, { mediaType, content: manifest, tags });
  return { digest, mediaType, manifest, config, layers: descriptors, diffIds };
}

export function manifestBytes({ content }: SeedManifest): Buffer {
  if (Buffer.isBuffer(content)) return content;
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
}

function compress(content: Buffer, compression: 'gzip' | 'zstd' | 'none'): Buffer {
  if (compression === 'none') return content;
  return compression === 'gzip' ? gzipSync(content) : zstdCompressSync(content);
}
