/** Where a container image comes from: the one interface behind archives, layouts and engines. */

import type { Compression } from '../compression/formats.ts';
import type { Body } from '../io/body.ts';
import type { ByobReader } from '../io/byob-reader.ts';

/**
 * A content descriptor; further fields (annotations, platform, urls, artifactType, …) are kept as they are.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 lower-case hexadecimal digits. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly [field: string]: unknown;
}

/** Of a descriptor or a config, under the names of the specification. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/**
 * How a layer's bytes are compressed in its source, by their first bytes. `opaque` is what only passes through as it is:
 * an encrypted layer, an attestation, a type that the pipe does not know.
 */
export type Packing = 'none' | Compression | 'opaque';

/** Bytes for a reader that hashes them anyway. */
export interface UnverifiedBytes {
  readonly source: AsyncIterable<Uint8Array> | ByobReader;
  /** Is to see `sha256:…` of them all before anything comes of them; rejects if it is wrong. */
  readonly verify: (digest: string) => Promise<void>;
}

/**
 * One layer as its source holds it. `open` yields the source's bytes as they are, and throws an InputError before its
 * end where they are not what the source promised: cut off, or of another digest than `descriptor` or, decompressed,
 * `diffId` says. Of a compressed layer with a descriptor only the compressed bytes are checked: `withDiffIdCheck` adds the rest.
 */
export interface Layer extends Body {
  readonly length: number;
  /** What the source calls it. Two layers of one image that share it are one and the same. */
  readonly name: string;
  /** Digest of the uncompressed tar, from the image's config; undefined where `packing` is `opaque`. */
  readonly diffId: string | undefined;
  readonly packing: Packing;
  /** Where the source names the blob itself (OCI): kept as it is when the bytes are passed through. */
  readonly descriptor?: Descriptor;
  /** Where it lies in its source: see `Image.isForwardOnly`. */
  readonly position: number;
  /** Its bytes are not in the source, and not to be published: the descriptor's `urls` say where they are. Cannot be opened. */
  readonly isForeign: boolean;
  /**
   * The same bytes for a reader that hashes them: hashing them twice would take a twentieth of a push's time. Only where
   * their digest is all that `open` looks at.
   */
  openUnverified?(): UnverifiedBytes;
}

/** A document kept byte for byte. */
export interface Document {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** What one manifest stands for: a config and its layers. */
export interface PlatformImage {
  /** From the index or the config; undefined for an attestation. */
  readonly platform: Platform | undefined;
  /** Sent as it is: its digest is the image's identity. */
  readonly config: Document;
  /** Lowest first, as in the manifest and in `rootfs.diff_ids`. */
  readonly layers: readonly Layer[];
  /** The source's own manifest, where it has one. It stays valid only where every layer is passed through. */
  readonly manifest?: Document;
  /** Its descriptor in the source's index, with platform and annotations. */
  readonly descriptor?: Descriptor;
}

export interface Image {
  /** For people: `docker archive build/app.tar`, `app:latest of the Docker Engine at unix:///var/run/docker.sock`. */
  readonly description: string;
  /** One, or all those of `index` in its order, attestations included. */
  readonly images: readonly PlatformImage[];
  /** The source's index, where it has one that stands for a multi-platform image. */
  readonly index?: Document;
  /**
   * The source can only be read forward, and costs a further pass for each turning back: its layers are best opened one
   * after the other, in ascending order of `position`.
   */
  readonly isForwardOnly?: boolean;
  /** For the log: where the source was not taken at its word, or only part of it was taken. */
  readonly notes: readonly string[];
  /** Frees what was opened. */
  close(): Promise<void>;
}

/** Which image of a source is meant. */
export interface Choice {
  /** Of several images the one of this name; a single image is taken whatever its name. */
  readonly reference?: string | undefined;
  /** Of a multi-platform image this one, as in `linux/arm64` or `linux/arm/v7`; otherwise the whole. */
  readonly platform?: string | undefined;
}
