/**
 * Reads manifests and indexes.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Descriptor, Platform } from '../image.ts';
import { parseDescriptor } from '../descriptors.ts';
import { asList, asListOrEmpty, asObject, isRecord, type JsonObject, parseJson } from '../../io/json.ts';
import { isIndexType, isManifestType, isSchema1Type } from '../media-types.ts';
import { readPlatformIfNamed } from '../platforms.ts';

export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** All fields of the document. */
  readonly fields: JsonObject;
}

export interface Index {
  readonly manifests: readonly Descriptor[];
  /** All fields of the document. */
  readonly fields: JsonObject;
}

/** Parses and checks a manifest. @param mediaType from its descriptor. @throws InputError if it is not valid */
export function parseManifest(bytes: Uint8Array, mediaType: string, where: string): Manifest {
  const manifest = parseVersioned(bytes, mediaType, where);
  // A document must not be a manifest to one reader and an index to another (CVE-2021-41190).
  if (manifest['manifests'] !== undefined) throw new InputError(`${where} is both a manifest and an index`);
  return {
    fields: manifest,
    config: parseDescriptor(manifest['config'], `${where}: config`),
    layers: asListOrEmpty(manifest['layers'], `${where}: layers`).map((layer, index) =>
      parseDescriptor(layer, `${where}: layers[${index}]`),
    ),
  };
}

/** Parses and checks an index. @param mediaType from its descriptor. @throws InputError if it is not valid */
export function parseIndex(bytes: Uint8Array, mediaType: string, where: string): Index {
  const index = parseVersioned(bytes, mediaType, where);
  if (index['layers'] !== undefined || index['config'] !== undefined)
    throw new InputError(`${where} is both an index and a manifest`);
  // Docker 25.0.0 writes `null` for an image that is saved by its ID.
  const manifests = index['manifests'] === null ? [] : asList(index['manifests'], `${where}: manifests`);
  return {
    fields: index,
    manifests: manifests.map((manifest, position) => parseDescriptor(manifest, `${where}: manifests[${position}]`)),
  };
}

function parseVersioned(bytes: Uint8Array, mediaType: string, where: string): JsonObject {
  const document = asObject(parseJson(bytes, where), where);
  if (document['schemaVersion'] === 1 || document['fsLayers'] !== undefined) throw schema1(where);
  if (document['schemaVersion'] !== 2) throw new InputError(`${where}: schemaVersion is not 2`);
  const own = document['mediaType'];
  if (own !== undefined && own !== '' && own !== mediaType)
    throw new InputError(
      `${where} has the media type ${printable(typeof own === 'string' ? own : typeof own)}, but its descriptor says ${printable(mediaType)}`,
    );
  return document;
}

/** Whether a descriptor is that of a manifest or an index. @throws InputError if it is neither */
export function kindOf({ mediaType }: Descriptor, where: string): 'manifest' | 'index' {
  if (isManifestType(mediaType)) return 'manifest';
  if (isIndexType(mediaType)) return 'index';
  if (isSchema1Type(mediaType)) throw schema1(where);
  throw new InputError(`${where} is of type ${printable(mediaType)}, neither an image nor an index of images`);
}

function schema1(where: string): InputError {
  return new InputError(
    `${where} is a schema 1 manifest, which registries no longer accept: build or save the image with Docker 1.10 or later`,
  );
}

/** Whether it is an attestation, which BuildKit adds to an index: provenance or an SBOM. */
export function isAttestation(descriptor: Descriptor): boolean {
  if (annotationsOf(descriptor)['vnd.docker.reference.type'] !== undefined) return true;
  const platform = descriptor['platform'];
  return isRecord(platform) && platform['os'] === 'unknown' && platform['architecture'] === 'unknown';
}

/** Whether it only refers to an image, such as a signature; containerd and `cosign save` list these beside the image. */
export function isReferrer(descriptor: Descriptor): boolean {
  const { 'io.containerd.manifest.subject': subject, kind } = annotationsOf(descriptor);
  return subject !== undefined || (typeof kind === 'string' && /^dev\.cosignproject\.cosign\/(?:sig|att)s$/.test(kind));
}

/**
 * The digests of the manifests that a manifest or an index states: its `subject`, and what its descriptor says that it
 * attests.
 */
export function subjectsOf(descriptor: Descriptor, fields: JsonObject): readonly string[] {
  const attested = annotationsOf(descriptor)['vnd.docker.reference.digest'];
  return [...new Set([subjectOf(fields), attested])].filter((digest) => typeof digest === 'string');
}

/** The digest of the `subject` of a manifest or an index (image-spec 1.1, manifest.md). */
export function subjectOf({ subject }: JsonObject): string | undefined {
  const digest = isRecord(subject) ? subject['digest'] : undefined;
  return typeof digest === 'string' ? digest : undefined;
}

/** A descriptor's or a document's annotations; empty if it has none. */
export function annotationsOf({ annotations }: JsonObject): JsonObject {
  return isRecord(annotations) ? annotations : {};
}

/** The descriptor's platform; undefined if it has none or is an attestation. @throws InputError if it is not valid */
export function platformOf(descriptor: Descriptor, where: string): Platform | undefined {
  const platform = descriptor['platform'];
  if (platform === undefined || platform === null || isAttestation(descriptor)) return undefined;
  return readPlatformIfNamed(platform, `${where}: platform`);
}

/**
 * A gateway may answer any request with 200 and some JSON: that must not pass for a tag that exists. Checks only what all
 * kinds of manifests and indexes have in common, old and unknown ones too.
 *
 * @throws InputError
 */
export function checkManifest(bytes: Uint8Array, where: string): void {
  const { schemaVersion, mediaType } = asObject(parseJson(bytes, where), where);
  if (typeof schemaVersion !== 'number' && typeof mediaType !== 'string')
    throw new InputError(`${where} is not a manifest: schemaVersion is missing`);
}
