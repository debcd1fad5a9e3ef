/** A container image as it is read: one interface for archives, layouts and engines. */

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

/** The platform in a descriptor or a config, with the specification's names. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

/**
 * How a layer is compressed in its source, by its first bytes. `opaque` layers are only passed through: encrypted layers,
 * attestations, unknown types.
 */
export type LayerEncoding = 'none' | Compression | 'opaque';

/** Bytes for a reader that hashes them itself. */
export interface UnverifiedBytes {
  readonly source: AsyncIterable<Uint8Array> | ByobReader;
  /** Must be called with `sha256:…` of all the bytes before they are used; rejects if the digest is wrong. */
  readonly verify: (digest: string) => Promise<void>;
}

/**
 * A layer as it is in its source. `open` yields the source's bytes unchanged. Before the end, it throws an InputError if
 * they are cut off, or if their digest differs from `descriptor` or, uncompressed, from `diffId`. Of a compressed layer it
 * checks only the compressed bytes, if their digest is known: `withDiffIdCheck` adds the other check.
 */
export interface Layer extends Body {
  readonly length: number;
  /** The source's name for it. Two layers of one image that have the same name are the same layer. */
  readonly name: string;
  /** Names it in messages: `layer 3, app.tar,`. Default: its name. */
  readonly where?: string;
  /** Digest of the uncompressed tar, from the image's config; undefined if `encoding` is `opaque`. */
  readonly diffId: string | undefined;
  /** Its source has compared the diff ID with its bytes: `withDiffIdCheck` does not decompress it. */
  readonly isUnpacked?: boolean;
  readonly encoding: LayerEncoding;
  /** The source's descriptor of the blob (OCI only): kept unchanged if the bytes are passed through. */
  readonly descriptor?: Descriptor;
  /** Its position in the source: see `Image.isForwardOnly`. */
  readonly position: number;
  /** Its bytes are not in the source and must not be published: they are at the descriptor's `urls`. It cannot be opened. */
  readonly isForeign: boolean;
  /**
   * The same bytes for a reader that hashes them itself: hashing twice would take a twentieth of a push's time. Present only
   * if `open` checks nothing but their digest.
   */
  openUnverified?(): UnverifiedBytes;
}

/** A JSON document, byte for byte. */
export interface Document {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An image of one platform: a manifest's config and layers. */
export interface PlatformImage {
  /** From the index or the config; undefined for an attestation. */
  readonly platform: Platform | undefined;
  /** Sent unchanged: its digest is the image's ID. */
  readonly config: Document;
  /** Lowest first, as in the manifest and in `rootfs.diff_ids`. */
  readonly layers: readonly Layer[];
  /** The source's own manifest, if it has one. Valid only if every layer is passed through. */
  readonly manifest?: Document;
  /** Its descriptor in the source's index, with platform and annotations. */
  readonly descriptor?: Descriptor;
  /**
   * Digests of the manifests that it states, such as the `subject` of an attestation or an SBOM. If such a manifest changes,
   * what it says of it is no longer true.
   */
  readonly subjects?: readonly string[];
  /** Not a runnable image: an attestation, a signature, an SBOM, a chart. */
  readonly isArtifact?: boolean;
}

/** A container image, of one platform or several. */
export interface Image {
  /** For messages: `docker archive build/app.tar`, `app:latest of the Docker Engine at unix:///var/run/docker.sock`. */
  readonly description: string;
  /** A single image, or all images of `index` in its order, including attestations. */
  readonly images: readonly PlatformImage[];
  /** The source's index, if the image is multi-platform. */
  readonly index?: Document;
  /** Artifacts that refer to the image, or to one another, without being part of it: each after its subject. */
  readonly referrers?: readonly PlatformImage[];
  /**
   * The source can only be read forward, and every step back costs another pass: open its layers one after the other, in
   * ascending order of `position`.
   */
  readonly isForwardOnly?: boolean;
  /** For the log: contradictions in the source and how they were resolved, and what is missing. */
  readonly notes: readonly string[];
  /** Closes the source. */
  close(): Promise<void>;
}

/** Selects an image of a source. */
export interface Choice {
  /** The image's name. Ignored if the source has only one image. */
  readonly reference?: string | undefined;
  /** One platform of a multi-platform image, such as `linux/arm64` or `linux/arm/v7`. Default: all platforms. */
  readonly platform?: string | undefined;
}
