/**
 * Reads an OCI image layout: index.json, which names manifests or indexes, and blobs by digest.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Descriptor, Document, Image, Platform, PlatformImage } from '../image.ts';
import type { Source } from '../sources/source.ts';
import { chooseByName, chooseByPlatform } from './choose.ts';
import type { DockerImage } from './docker-archive.ts';
import { digestOf } from '../descriptors.ts';
import { readBlob, readDocument } from './documents.ts';
import { asObject, asString, isRecord, parseJson } from '../../io/json.ts';
import { annotationsOf, isAttestation, kindOf, parseIndex, platformOf } from './manifests.ts';
import { oci } from '../media-types.ts';
import { type Available, createManifestReader, type ManifestReader } from './oci-manifest.ts';
import { formatPlatform } from '../platforms.ts';
import { asReferrer, readReferrers, type Referrer } from './referrers.ts';

/** The content of index.json. */
export interface OciListing {
  /** Distinct images, each with all its names. */
  readonly images: readonly OciImage[];
  /** What only refers to the images. */
  readonly referrers: readonly Referrer[];
  /** index.json itself, if it is the index of one multi-platform image. */
  readonly whole?: { readonly document: Document; readonly descriptors: readonly Descriptor[] };
}

interface OciImage {
  readonly names: readonly string[];
  readonly descriptor: Descriptor;
}

/** An image's content, without its source. */
export type ImageContent = Pick<Image, 'images' | 'index' | 'referrers' | 'notes'>;

const indexPath = 'index.json';
const nameAnnotations = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'] as const;

/** The images that index.json lists; undefined if there is no index.json. @throws InputError if it is not valid */
export async function listOciImages(source: Source): Promise<OciListing | undefined> {
  const bytes = await readDocument(source, indexPath);
  if (bytes === undefined) return undefined;
  await checkVersion(source);
  const { manifests: descriptors } = parseIndex(bytes, oci.index, `${source.name}: ${indexPath}`);
  const referrers: Referrer[] = [];
  const others: Descriptor[] = [];
  for (const descriptor of descriptors) {
    if (isAttestation(descriptor)) continue;
    const referrer = await asReferrer(source, descriptor);
    if (referrer === undefined) others.push(descriptor);
    else referrers.push(referrer);
  }
  // An artifact may be in a layout of its own, without its subject.
  if (others.length === 0) return { images: namedImages(referrers.map(({ descriptor }) => descriptor)), referrers: [] };
  const images = namedImages(others);
  // Some writers use index.json as the index of one multi-platform image: its entries have platforms, and no names.
  const isWhole =
    images.length > 1 &&
    images.every(({ names, descriptor }) => names.length === 0 && isRecord(descriptor['platform']));
  const document = { mediaType: oci.index, digest: digestOf(bytes), bytes };
  return isWhole ? { images, referrers: [], whole: { document, descriptors } } : { images, referrers };
}

/** Each image once, with all its names. */
function namedImages(descriptors: readonly Descriptor[]): readonly OciImage[] {
  const byDigest = new Map<string, OciImage>();
  for (const descriptor of descriptors) {
    const annotations = annotationsOf(descriptor);
    const given = nameAnnotations.map((key) => annotations[key]);
    const names = given.filter((name) => typeof name === 'string').filter((name) => name !== '');
    const former = byDigest.get(descriptor.digest);
    byDigest.set(descriptor.digest, {
      descriptor: former?.descriptor ?? descriptor,
      names: [...new Set([...(former?.names ?? []), ...names])],
    });
  }
  return [...byDigest.values()];
}

async function checkVersion(source: Source): Promise<void> {
  const bytes = await readDocument(source, 'oci-layout');
  if (bytes === undefined) return;
  const where = `${source.name}: oci-layout`;
  const version = asString(
    asObject(parseJson(bytes, where), where)['imageLayoutVersion'],
    `${where}: imageLayoutVersion`,
  );
  if (!version.startsWith('1.'))
    throw new InputError(`${where} has version ${printable(version)}: only version 1 is supported`);
}

/**
 * Reads the image that is chosen by its name and platform.
 *
 * @param docker the images that manifest.json lists, if there is one
 * @param wanted one platform; undefined for all
 * @throws InputError if the image is not found, damaged or incomplete
 */
export async function readOciImage(
  source: Source,
  listing: OciListing,
  docker: readonly DockerImage[] | undefined,
  reference: string | undefined,
  wanted: Platform | undefined,
): Promise<ImageContent> {
  const reader = createManifestReader(source, docker);
  if (listing.whole !== undefined) {
    const { document, descriptors } = listing.whole;
    return await readIndex(source, document, descriptors, reader, wanted, false);
  }
  const { descriptor } = chooseByName(listing.images, reference, source.name);
  const content = await readChosen(
    source,
    descriptor,
    reader,
    wanted,
    docker !== undefined || source.kind === 'engine',
  );
  if (listing.referrers.length === 0) return content;
  const manifests = content.images.map((image) => image.descriptor?.digest);
  const published = [content.index?.digest, ...manifests].filter((digest) => digest !== undefined);
  const { referrers, notes } = await readReferrers(listing.referrers, new Set(published), reader);
  return { ...content, referrers, notes: [...content.notes, ...notes] };
}

/** @param isExport see `readIndex` */
async function readChosen(
  source: Source,
  descriptor: Descriptor,
  reader: ManifestReader,
  wanted: Platform | undefined,
  isExport: boolean,
): Promise<ImageContent> {
  const where = `${source.name}: ${descriptor.digest}`;
  if (kindOf(descriptor, where) === 'manifest') {
    const image = await reader.build(await reader.require(descriptor));
    if (wanted !== undefined) chooseByPlatform([image], wanted, source.name);
    return { images: [image], notes: reader.notes };
  }
  const document = await readBlob(source, descriptor, 'the index');
  if (document === undefined)
    throw new InputError(`${source.name}: the index ${descriptor.digest} is not in the ${source.kind}${source.hint}`);
  const { manifests } = parseIndex(document.bytes, descriptor.mediaType, where);
  return await readIndex(source, document, manifests, reader, wanted, isExport);
}

/** @param isExport whether it is an engine's, which leaves out platforms that it has not pulled */
async function readIndex(
  source: Source,
  index: Document,
  descriptors: readonly Descriptor[],
  reader: ManifestReader,
  wanted: Platform | undefined,
  isExport: boolean,
): Promise<ImageContent> {
  const where = `${source.name}: the index ${index.digest}`;
  for (const descriptor of descriptors) {
    if (kindOf(descriptor, `${where}: ${descriptor.digest}`) === 'index')
      throw new InputError(
        `${where} contains another index, ${descriptor.digest}: most clients cannot pull a nested index. Make one index of the images themselves, as crane index append and podman manifest add --all do`,
      );
  }
  if (wanted !== undefined) {
    const choices: { descriptor: Descriptor; platform: Platform | undefined }[] = [];
    for (const descriptor of descriptors)
      choices.push({ descriptor, platform: platformOf(descriptor, where) ?? (await reader.platform(descriptor)) });
    const { descriptor } = chooseByPlatform(choices, wanted, source.name);
    return { images: [await reader.build(await reader.require(descriptor))], notes: reader.notes };
  }
  const available: Available[] = [];
  const absent: Descriptor[] = [];
  for (const descriptor of descriptors) {
    const found = await reader.find(descriptor);
    if (found === undefined) absent.push(descriptor);
    else available.push(found);
  }
  if (absent.length > 0) return await readPart(source, available, absent, reader, isExport);
  const images: PlatformImage[] = [];
  for (const each of available) images.push(await reader.build(each));
  return { images, index, notes: reader.notes };
}

/** Publishes the only available platform of an engine's image alone, as `docker push` does. The user must choose among several. */
async function readPart(
  source: Source,
  available: readonly Available[],
  absent: readonly Descriptor[],
  reader: ManifestReader,
  isExport: boolean,
): Promise<ImageContent> {
  const [only, ...others] = available.filter(({ descriptor }) => !isAttestation(descriptor));
  const missing = absent.map((descriptor) => shownPlatform(descriptor, source)).join(', ');
  if (only === undefined || others.length > 0 || !isExport) {
    const list = available.map(({ descriptor }) => shownPlatform(descriptor, source)).join(', ') || 'nothing';
    throw new InputError(
      `${source.name} contains only part of its multi-platform image: ${list}, not ${missing}${source.hint}. Choose one of the available platforms to publish it alone`,
    );
  }
  const note = `Only ${shownPlatform(only.descriptor, source)} of the multi-platform image is available, and is published as a single-platform image (missing: ${missing})`;
  const image = await reader.build(only);
  return { images: [image], notes: [...reader.notes, note] };
}

function shownPlatform(descriptor: Descriptor, source: Source): string {
  if (isAttestation(descriptor)) return 'an attestation';
  const platform = platformOf(descriptor, source.name);
  return platform === undefined ? descriptor.digest : formatPlatform(platform);
}
