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
  /** All that the document says. */
  readonly fields: JsonObject;
}

export interface Index {
  readonly manifests: readonly Descriptor[];
  /** All that the document says. */
  readonly fields: JsonObject;
}

/** @param mediaType what refers to it says that it is. @throws InputError */
export function parseManifest(bytes: Uint8Array, mediaType: string, where: string): Manifest {
  const manifest = parseVersioned(bytes, mediaType, where);
  // One document must not be two things to two readers (CVE-2021-41190).
  if (manifest['manifests'] !== undefined) throw new InputError(`${where} is a manifest and an index at once`);
  return {
    fields: manifest,
    config: parseDescriptor(manifest['config'], `${where}: config`),
    layers: asListOrEmpty(manifest['layers'], `${where}: layers`).map((layer, index) =>
      parseDescriptor(layer, `${where}: layers[${index}]`),
    ),
  };
}

/** @throws InputError */
export function parseIndex(bytes: Uint8Array, mediaType: string, where: string): Index {
  const index = parseVersioned(bytes, mediaType, where);
  if (index['layers'] !== undefined || index['config'] !== undefined)
    throw new InputError(`${where} is an index and a manifest at once`);
  // Docker 25.0.0 wrote `null` for an image that was saved by its ID.
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
      `${where} says that it is ${printable(typeof own === 'string' ? own : typeof own)}, and what refers to it, that it is ${printable(mediaType)}`,
    );
  return document;
}

/** @throws InputError for what is neither */
export function kindOf({ mediaType }: Descriptor, where: string): 'manifest' | 'index' {
  if (isManifestType(mediaType)) return 'manifest';
  if (isIndexType(mediaType)) return 'index';
  if (isSchema1Type(mediaType)) throw schema1(where);
  throw new InputError(`${where} is ${printable(mediaType)}, which is neither an image nor an index of images`);
}

function schema1(where: string): InputError {
  return new InputError(
    `${where} is a manifest of schema 1, which registries no longer take: build or save the image with a Docker of 1.10 or later`,
  );
}

/** What BuildKit puts beside an image: its provenance, its bill of materials. */
export function isAttestation(descriptor: Descriptor): boolean {
  if (annotationsOf(descriptor)['vnd.docker.reference.type'] !== undefined) return true;
  const platform = descriptor['platform'];
  return isRecord(platform) && platform['os'] === 'unknown' && platform['architecture'] === 'unknown';
}

/** What only refers to an image, and that containerd lists beside it: a signature, for example. */
export function isReferrer(descriptor: Descriptor): boolean {
  return annotationsOf(descriptor)['io.containerd.manifest.subject'] !== undefined;
}

export function annotationsOf({ annotations }: JsonObject): JsonObject {
  return isRecord(annotations) ? annotations : {};
}

/** What the descriptor says; undefined where it says nothing, and of an attestation. @throws InputError */
export function platformOf(descriptor: Descriptor, where: string): Platform | undefined {
  const platform = descriptor['platform'];
  if (platform === undefined || platform === null || isAttestation(descriptor)) return undefined;
  return readPlatformIfNamed(platform, `${where}: platform`);
}
