/** Checks manifests by image-spec 1.1 (manifest.md, image-index.md) and Docker's "Image Manifest V 2, Schema 2". */
import { isRecord } from './check-fields.ts';
import { digestPattern } from './registry-store.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
}

export interface ParsedManifest {
  /** The config, then the layers; empty for an index. */
  readonly blobs: readonly Descriptor[];
  /** The manifests of an index. */
  readonly manifests: readonly Descriptor[];
  /** Digest. */
  readonly subject: string | undefined;
}

export class ManifestError extends Error {}

export const isOci = (mediaType: string): boolean => mediaType.startsWith('application/vnd.oci.');
export const isIndex = (mediaType: string): boolean =>
  mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;

const dockerConfig = 'application/vnd.docker.container.image.v1+json';
const dockerLayer = /^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.gzip)?$/;
const fields = {
  manifest: ['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'subject', 'annotations'],
  index: ['schemaVersion', 'mediaType', 'artifactType', 'manifests', 'subject', 'annotations'],
  descriptor: ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'artifactType', 'platform'],
};

/** @throws ManifestError that names the problem */
export function parseManifest(bytes: Buffer, mediaType: string): ParsedManifest {
  const manifest = parseJson(bytes);
  check(manifest['schemaVersion'] === 2, 'schemaVersion is not 2');
  // Optional in OCI manifests, required in Docker's.
  const stated = manifest['mediaType'];
  check(
    stated === mediaType || (stated === undefined && isOci(mediaType)),
    `mediaType is ${JSON.stringify(stated)}, Content-Type ${mediaType}`,
  );
  checkAnnotations('the manifest', manifest['annotations']);
  const subject = manifest['subject'] === undefined ? undefined : descriptor('subject', manifest['subject']).digest;
  if (isIndex(mediaType)) {
    checkNames('the index', manifest, fields.index);
    const manifests = descriptors('manifests', manifest['manifests']);
    for (const [index, { mediaType: type }] of manifests.entries()) {
      // An OCI index may also name Docker manifests, as when images of both kinds are joined.
      const family = isOci(mediaType)
        ? [mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest]
        : [mediaTypes.dockerManifest];
      check(
        family.some((known) => known === type),
        `manifests[${index}] is ${type}`,
      );
    }
    return { blobs: [], manifests, subject };
  }
  checkNames('the manifest', manifest, fields.manifest);
  const config = descriptor('config', manifest['config']);
  const layers = descriptors('layers', manifest['layers']);
  for (const [index, layer] of layers.entries()) {
    const fits = isOci(mediaType) ? !/vnd\.docker\./.test(layer.mediaType) : dockerLayer.test(layer.mediaType);
    check(fits, `layers[${index}] is ${layer.mediaType}`);
  }
  const configFits = isOci(mediaType) ? !/vnd\.docker\./.test(config.mediaType) : config.mediaType === dockerConfig;
  check(configFits, `config is ${config.mediaType}`);
  return { blobs: [config, ...layers], manifests: [], subject };
}

function parseJson(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new ManifestError('not JSON');
  }
  if (!isRecord(value)) throw new ManifestError('not a JSON object');
  return value;
}

function descriptors(what: string, value: unknown): Descriptor[] {
  if (!Array.isArray(value)) throw new ManifestError(`${what} is not an array`);
  return value.map((item, index) => descriptor(`${what}[${index}]`, item));
}

function descriptor(what: string, value: unknown): Descriptor {
  if (!isRecord(value)) throw new ManifestError(`${what} is not an object`);
  checkNames(what, value, fields.descriptor);
  const { mediaType, digest, size, urls, annotations, platform } = value;
  if (typeof mediaType !== 'string' || !/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(mediaType)) {
    throw new ManifestError(`${what}.mediaType is ${JSON.stringify(mediaType)}`);
  }
  if (typeof digest !== 'string' || !digestPattern.test(digest)) {
    throw new ManifestError(`${what}.digest is ${JSON.stringify(digest)}`);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new ManifestError(`${what}.size is ${JSON.stringify(size)}`);
  }
  checkAnnotations(what, annotations);
  if (platform !== undefined) {
    const isPlatform = isRecord(platform) && [platform['architecture'], platform['os']].every(isText);
    check(isPlatform, `${what}.platform lacks its architecture or os`);
  }
  if (urls === undefined) return { mediaType, digest, size };
  if (!Array.isArray(urls) || !urls.every(isText)) throw new ManifestError(`${what}.urls are not URLs`);
  return { mediaType, digest, size, urls };
}

/** Both specifications allow further fields, but a field that they do not name is a mistake in a manifest from the pipe. */
function checkNames(what: string, value: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  check(unknown.length === 0, `${what} has ${unknown.join()}`);
}

function checkAnnotations(what: string, value: unknown): void {
  const fine =
    value === undefined || (isRecord(value) && Object.values(value).every((item) => typeof item === 'string'));
  check(fine, `the annotations of ${what} are not strings`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function check(fine: boolean, problem: string): void {
  if (!fine) throw new ManifestError(problem);
}
