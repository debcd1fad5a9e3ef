/** Converts an image to Docker's media types, the only ones that older registries accept. */

import { InputError } from '../../errors.ts';
import { isCompression } from '../../compression/formats.ts';
import { parseConfig } from '../formats/config.ts';
import { descriptorOf, documentOf } from '../descriptors.ts';
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
  encodingOf,
  toDocker,
} from '../media-types.ts';
import type { Descriptor, Document, Platform } from '../image.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatCount } from '../../toolkit/units.ts';
import { maxConfigBytes, type RegistryClient } from './client.ts';

/** What the tags will point to, and the manifests that it names and that must be sent first. */
export interface ManifestTree {
  readonly top: Document;
  readonly children: readonly Document[];
  /** Artifacts that refer to these, each after its subject. */
  readonly referrers: readonly Document[];
}

/** An image in Docker's media types. */
export interface DockerForm {
  readonly tree: ManifestTree;
  /** For the log: names of what Docker's types cannot express. */
  readonly omitted: readonly string[];
}

/** What a conversion omits. */
interface Omissions {
  readonly names: Set<string>;
  attestations: number;
  readonly referrers: number;
}

/** Whether anything in the tree needs converting. */
export function isOci({ top, children }: ManifestTree): boolean {
  return [top, ...children].some(({ mediaType }) => isOciType(mediaType));
}

/**
 * Converts all documents of an image, since Docker's lists can only name Docker's manifests. Attestations are omitted:
 * Docker has no type for them, and the manifest that they attest changes.
 *
 * @throws InputError if Docker has no type for something that a pull needs
 * @see https://distribution.github.io/distribution/spec/manifest-v2-2/
 */
export async function toDockerForm(
  { top, children, referrers }: ManifestTree,
  client: RegistryClient,
): Promise<DockerForm> {
  const omissions: Omissions = { names: new Set(), attestations: 0, referrers: referrers.length };
  const tree = isIndexType(top.mediaType)
    ? await convertIndex(top, children, client, omissions)
    : { top: convertManifest(top, readManifest(top), omissions), children: [], referrers: [] };
  return { tree, omitted: describe(omissions) };
}

async function convertIndex(
  top: Document,
  children: readonly Document[],
  client: RegistryClient,
  omissions: Omissions,
): Promise<ManifestTree> {
  const where = `the index ${top.digest}`;
  const { manifests, fields } = parseIndex(top.bytes, top.mediaType, where);
  const held = new Map(children.map((child) => [child.digest, child]));
  const made = new Map<string, Document>();
  const entries: Descriptor[] = [];
  for (const descriptor of manifests) {
    if (isAttestation(descriptor) || isReferrer(descriptor)) {
      omissions.attestations++;
      continue;
    }
    const document = held.get(descriptor.digest) ?? (await client.readManifest(descriptor.digest));
    if (document === undefined) throw new InputError(`the manifest ${descriptor.digest} cannot be read`);
    const manifest = readManifest(document);
    if (manifest.fields['subject'] !== undefined && !isImageConfigType(manifest.config.mediaType)) {
      omissions.attestations++;
      continue;
    }
    const converted = convertManifest(document, manifest, omissions);
    const platform = platformOf(descriptor, where) ?? (await readPlatform(manifest, client));
    if (platform === undefined)
      throw new InputError(`${descriptor.digest} names no platform, which Docker's manifest lists need`);
    recordOmissions(descriptor, omissions);
    if (converted !== document || held.has(descriptor.digest)) made.set(converted.digest, converted);
    entries.push({
      ...descriptorOf(converted),
      // Its own if it has one, which may have further fields.
      platform: platformOf(descriptor, where) === undefined ? platform : descriptor['platform'],
    });
  }
  if (entries.length === 0) throw new InputError(`${where} names no image`);
  recordOmissions(fields, omissions);
  const list = documentOf({ schemaVersion: 2, mediaType: docker.index, manifests: entries });
  return { top: list, children: [...made.values()], referrers: [] };
}

/** @throws InputError */
function readManifest({ bytes, mediaType, digest }: Document): Manifest {
  if (!isManifestType(mediaType)) throw new InputError(`${digest} is ${printable(mediaType)}, not a manifest`);
  return parseManifest(bytes, mediaType, `the manifest ${digest}`);
}

function convertManifest(document: Document, { config, layers, fields }: Manifest, omissions: Omissions): Document {
  if (document.mediaType === docker.manifest) return document;
  recordOmissions(fields, omissions);
  return documentOf({
    schemaVersion: 2,
    mediaType: docker.manifest,
    config: convertDescriptor(config, 'the config', omissions),
    layers: layers.map((layer) => convertDescriptor(layer, 'the layer', omissions)),
  });
}

function convertDescriptor(descriptor: Descriptor, what: string, omissions: Omissions): Descriptor {
  const { digest, size, urls } = descriptor;
  const mediaType = toDocker(descriptor.mediaType);
  if (mediaType === undefined) {
    const hint = isCompression(encodingOf(descriptor.mediaType)) ? ': compress layers with gzip' : '';
    throw new InputError(
      `${what} ${digest} has the media type ${printable(descriptor.mediaType)}, which Docker has no equivalent of${hint}`,
    );
  }
  recordOmissions(descriptor, omissions);
  return { mediaType, digest, size, ...(urls !== undefined && { urls }) };
}

async function readPlatform({ config }: Manifest, client: RegistryClient): Promise<Platform | undefined> {
  const bytes = await client.readBlob(config.digest, maxConfigBytes);
  return parseConfig(bytes, `the config ${config.digest}`).platform;
}

/** Records what is in an OCI document, but not in its conversion. */
function recordOmissions(source: JsonObject, { names }: Omissions): void {
  for (const annotation of Object.keys(annotationsOf(source))) names.add(printable(annotation));
  for (const field of ['subject', 'artifactType']) if (source[field] !== undefined) names.add(field);
}

const maxNames = 10;

function describe({ names, attestations, referrers }: Omissions): readonly string[] {
  const more = names.size > maxNames ? [`${names.size - maxNames} more`] : [];
  const counts = [
    { count: attestations, what: 'attestation' },
    { count: referrers, what: 'referrer' },
  ];
  const counted = counts.filter(({ count }) => count > 0).map(({ count, what }) => formatCount(count, what));
  return [...counted, ...[...names].slice(0, maxNames), ...more];
}
