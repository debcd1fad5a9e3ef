/**
 * Converts an image to Docker's media types, the only ones that older registries take: all of its documents, since
 * Docker's lists name Docker's manifests.
 *
 * @see https://distribution.github.io/distribution/spec/manifest-v2-2/
 */

import { InputError } from '../../errors.ts';
import { isCompression } from '../../compression/formats.ts';
import { parseConfig } from '../formats/config.ts';
import { digestOf } from '../descriptors.ts';
import type { JsonObject } from '../../io/json.ts';
import {
  annotationsOf,
  isAttestation,
  isReferrer,
  type Manifest,
  parseIndex,
  parseManifest,
  platformOf,
} from '../formats/manifests.ts';
import {
  docker,
  isImageConfigType,
  isIndexType,
  isManifestType,
  isOciType,
  packingOf,
  toDocker,
} from '../media-types.ts';
import type { Descriptor, Document, Platform } from '../image.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatCount } from '../../toolkit/units.ts';
import { maxConfigBytes, type RegistryClient } from './client.ts';

/** What the tags will point to, and the manifests that it names and that are to be sent before. */
export interface ManifestTree {
  readonly top: Document;
  readonly children: readonly Document[];
}

export interface DockerForm {
  readonly tree: ManifestTree;
  /** For the log: what Docker's types cannot hold. */
  readonly leftOut: readonly string[];
}

/** What a conversion leaves out. */
interface LeftOut {
  readonly names: Set<string>;
  attestations: number;
}

/** Whether there is anything to convert. */
export function isOci({ top, children }: ManifestTree): boolean {
  return [top, ...children].some(({ mediaType }) => isOciType(mediaType));
}

/**
 * Attestations are left out: no type of Docker's can hold them, and what they speak of is a manifest that becomes another.
 *
 * @throws InputError if Docker has no type for something that a pull needs
 */
export async function toDockerForm({ top, children }: ManifestTree, client: RegistryClient): Promise<DockerForm> {
  const leftOut: LeftOut = { names: new Set(), attestations: 0 };
  const tree = isIndexType(top.mediaType)
    ? await convertIndex(top, children, client, leftOut)
    : { top: convertManifest(top, readManifest(top), leftOut), children: [] };
  return { tree, leftOut: describe(leftOut) };
}

async function convertIndex(
  top: Document,
  children: readonly Document[],
  client: RegistryClient,
  leftOut: LeftOut,
): Promise<ManifestTree> {
  const where = `the index ${top.digest}`;
  const { manifests, fields } = parseIndex(top.bytes, top.mediaType, where);
  const held = new Map(children.map((child) => [child.digest, child]));
  const made = new Map<string, Document>();
  const entries: Descriptor[] = [];
  for (const descriptor of manifests) {
    if (isAttestation(descriptor) || isReferrer(descriptor)) {
      leftOut.attestations++;
      continue;
    }
    const document = held.get(descriptor.digest) ?? (await client.readManifest(descriptor.digest));
    if (document === undefined) throw new InputError(`the manifest ${descriptor.digest} cannot be read`);
    const manifest = readManifest(document);
    if (manifest.fields['subject'] !== undefined && !isImageConfigType(manifest.config.mediaType)) {
      leftOut.attestations++;
      continue;
    }
    const converted = convertManifest(document, manifest, leftOut);
    const platform = platformOf(descriptor, where) ?? (await readPlatform(manifest, client));
    if (platform === undefined)
      throw new InputError(`${descriptor.digest} names no platform, which Docker's lists need`);
    note(descriptor, leftOut);
    if (converted !== document || held.has(descriptor.digest)) made.set(converted.digest, converted);
    entries.push({
      mediaType: converted.mediaType,
      digest: converted.digest,
      size: converted.bytes.length,
      // Its own, with what else it says, if it has one.
      platform: platformOf(descriptor, where) === undefined ? platform : descriptor['platform'],
    });
  }
  if (entries.length === 0) throw new InputError(`${where} names no image`);
  note(fields, leftOut);
  return { top: documentOf(docker.index, { manifests: entries }), children: [...made.values()] };
}

/** @throws InputError */
function readManifest({ bytes, mediaType, digest }: Document): Manifest {
  if (!isManifestType(mediaType)) throw new InputError(`${digest} is ${printable(mediaType)}, not a manifest`);
  return parseManifest(bytes, mediaType, `the manifest ${digest}`);
}

function convertManifest(document: Document, { config, layers, fields }: Manifest, leftOut: LeftOut): Document {
  if (document.mediaType === docker.manifest) return document;
  note(fields, leftOut);
  return documentOf(docker.manifest, {
    config: convertDescriptor(config, 'the config', leftOut),
    layers: layers.map((layer) => convertDescriptor(layer, 'the layer', leftOut)),
  });
}

function convertDescriptor(descriptor: Descriptor, what: string, leftOut: LeftOut): Descriptor {
  const { digest, size, urls } = descriptor;
  const mediaType = toDocker(descriptor.mediaType);
  if (mediaType === undefined) {
    const hint = isCompression(packingOf(descriptor.mediaType)) ? ': compress layers with gzip' : '';
    throw new InputError(
      `${what} ${digest} is ${printable(descriptor.mediaType)}, for which Docker has no type${hint}`,
    );
  }
  note(descriptor, leftOut);
  return { mediaType, digest, size, ...(urls !== undefined && { urls }) };
}

async function readPlatform({ config }: Manifest, client: RegistryClient): Promise<Platform | undefined> {
  const bytes = await client.readBlob(config.digest, maxConfigBytes);
  return parseConfig(bytes, `the config ${config.digest}`).platform;
}

function documentOf(mediaType: string, content: JsonObject): Document {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }));
  return { mediaType, digest: digestOf(bytes), bytes };
}

/** Names what is in an OCI document, and not in the one that is made of it. */
function note(source: JsonObject, { names }: LeftOut): void {
  for (const annotation of Object.keys(annotationsOf(source))) names.add(printable(annotation));
  for (const field of ['subject', 'artifactType']) if (source[field] !== undefined) names.add(field);
}

const maxNames = 10;

function describe({ names, attestations }: LeftOut): readonly string[] {
  const more = names.size > maxNames ? [`${names.size - maxNames} more`] : [];
  const counted = attestations > 0 ? [formatCount(attestations, 'attestation')] : [];
  return [...counted, ...[...names].slice(0, maxNames), ...more];
}
