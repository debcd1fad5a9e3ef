/** Manifests by tag and by digest: distribution-spec 1.1, "Pulling manifests" and "Pushing Manifests". */
import { Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { registryError, registryErrors, registryStandardAnswer } from './registry-answers.ts';
import type { RegistryContext } from './registry-context.ts';
import { contentLocation } from './registry-locations.ts';
import {
  isIndex,
  isOci,
  ManifestError,
  mediaTypes,
  parseManifest,
  type Descriptor,
} from './registry-manifest-check.ts';
import { splitPath } from './request-path.ts';
import { digestOf, digestPattern, type KeptRepository, tagPattern } from './registry-store.ts';

const known: readonly string[] = Object.values(mediaTypes);

/** HEAD and GET. */
export async function readManifest(
  exchange: Exchange,
  { store, behaviour }: RegistryContext,
  repository: KeptRepository,
  reference: string,
): Promise<void> {
  checkReference(reference);
  const { accept = '' } = exchange.request.headers;
  const accepted = accept.split(',').map((item) => item.replace(/;.*/s, '').trim());
  // Without an Accept header, registries may answer with the format for the oldest clients.
  if (!accepted.some((type) => known.includes(type))) exchange.violate(`Accept names no manifest: ${accept}`);
  const shown = staleDigest(repository, reference, behaviour.staleReads) ?? reference;
  if (shown === 'nothing') throw manifestUnknown(reference);
  const [digest, manifest] = store.findManifest(repository, shown) ?? [];
  if (manifest === undefined || digest === undefined) throw manifestUnknown(reference);
  if (!accepted.some((type) => ['', '*/*', 'application/*', manifest.mediaType].includes(type))) {
    throw new Refusal(
      registryError(404, 'MANIFEST_UNKNOWN', 'manifest found, but the Accept header does not name its type'),
    );
  }
  await exchange.respond({
    status: 200,
    headers: { 'content-type': manifest.mediaType, 'docker-content-digest': digest, etag: `"${digest}"` },
    body: manifest.bytes,
  });
}

/** What a tag pointed to before, if it was moved and has not been read often enough since. */
function staleDigest({ moves }: KeptRepository, reference: string, staleReads: number): string | undefined {
  const move = moves.findLast(({ tag, from, to }) => tag === reference && from !== to);
  if (move === undefined || move.reads >= staleReads) return undefined;
  move.reads += 1;
  return move.from ?? 'nothing';
}

export async function putManifest(
  exchange: Exchange,
  registry: RegistryContext,
  repository: KeptRepository,
  reference: string,
): Promise<void> {
  const { behaviour, store } = registry;
  checkReference(reference);
  const { 'content-type': mediaType = '' } = exchange.request.headers;
  if (!known.includes(mediaType)) throw invalid(`Content-Type is ${mediaType}`);
  const tooLarge = new Refusal(registryStandardAnswer(413));
  if ((exchange.contentLength ?? 0) > behaviour.maxManifestBytes) throw tooLarge;
  const bytes = await exchange.receiveAll(behaviour.maxManifestBytes, tooLarge);
  const { acceptsOci, acceptsOciIndexes, ociRefusalStatus, ociRefusalCode } = behaviour;
  if (isOci(mediaType) && !(acceptsOci && (acceptsOciIndexes || !isIndex(mediaType))))
    throw new Refusal(registryError(ociRefusalStatus, ociRefusalCode, `unsupported media type ${mediaType}`));
  const digest = digestOf(bytes);
  const isTag = !digestPattern.test(reference);
  if (!isTag && reference !== digest) {
    throw new Refusal(
      registryError(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content', { digest }),
      'a manifest of another digest',
    );
  }
  checkContents(exchange, registry, repository, bytes, mediaType);
  const tags = isTag
    ? [reference]
    : behaviour.tagLists
      ? splitPath(exchange.request.url ?? '').query.getAll('tag')
      : [];
  for (const tag of tags) checkReference(tag);
  const { subject } = parseOrRefuse(bytes, mediaType);
  if (behaviour.needsSubjects && subject !== undefined && !repository.manifests.has(subject))
    throw new Refusal(registryError(404, 'MANIFEST_UNKNOWN', 'the subject is unknown to the registry', { subject }));
  for (const tag of tags) checkImmutable(registry, repository, tag, digest);
  if (tags.length === 0) store.putManifest(repository, { mediaType, bytes }, undefined);
  for (const tag of tags) store.putManifest(repository, { mediaType, bytes }, tag);
  const location = contentLocation(registry, `/v2/${repository.name}/manifests/${digest}`);
  const linked = behaviour.referrers && subject !== undefined ? { 'oci-subject': subject } : {};
  const listed = !isTag && tags.length > 0 ? { 'oci-tag': tags.join(', ') } : {};
  await exchange.respond({ status: 201, headers: { location, 'docker-content-digest': digest, ...linked, ...listed } });
}

/** Checks that everything it refers to exists and matches. */
function checkContents(
  exchange: Exchange,
  { behaviour }: RegistryContext,
  repository: KeptRepository,
  bytes: Buffer,
  mediaType: string,
): void {
  const { blobs, manifests } = parseOrRefuse(bytes, mediaType);
  const unknown = (missing: readonly Descriptor[], status: number, code: string, message: string): Refusal => {
    const digests = [...new Set(missing.map(({ digest }) => digest))];
    return new Refusal(
      registryErrors(
        status,
        digests.map((digest) => ({ code, message, detail: detailOf(behaviour.blobUnknownDetail, digest) })),
      ),
    );
  };
  const blobsUnknown = (missing: readonly Descriptor[]): Refusal =>
    unknown(missing, behaviour.blobUnknownStatus, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry');
  const manifestsUnknown = (missing: readonly Descriptor[]): Refusal =>
    unknown(missing, 404, 'MANIFEST_UNKNOWN', 'manifest unknown to registry');

  for (const { digest, size } of blobs) {
    const stored = repository.blobs.get(digest);
    if (stored !== undefined && stored.size !== size) throw invalid(`${digest} has ${stored.size} bytes, not ${size}`);
  }
  for (const { digest, size, mediaType: type } of manifests) {
    const stored = repository.manifests.get(digest);
    if (stored === undefined) continue;
    if (stored.bytes.length !== size) throw invalid(`${digest} has ${stored.bytes.length} bytes, not ${size}`);
    if (stored.mediaType !== type) throw invalid(`${digest} is ${stored.mediaType}, not ${type}`);
  }
  // Layers with their own URLs are not distributed by registries.
  const missingBlobs = blobs.filter(({ digest, urls }) => !repository.blobs.has(digest) && urls === undefined);
  if (missingBlobs.length > 0) throw blobsUnknown(missingBlobs);
  const missingManifests = manifests.filter(({ digest }) => !repository.manifests.has(digest));
  if (missingManifests.length > 0) throw manifestsUnknown(missingManifests);

  const fault = exchange.fault('blob-unknown');
  if (fault === undefined) return;
  const children = blobs.length > 0 ? blobs : manifests;
  const chosen = children.filter((_, index) => (fault.positions ?? [children.length - 1]).includes(index));
  for (const { digest } of fault.drop ? chosen : []) {
    repository.blobs.delete(digest);
    repository.manifests.delete(digest);
  }
  if (chosen.length > 0) throw blobs.length > 0 ? blobsUnknown(chosen) : manifestsUnknown(chosen);
}

function parseOrRefuse(bytes: Buffer, mediaType: string): ReturnType<typeof parseManifest> {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    if (error instanceof ManifestError) throw invalid(error.message);
    throw error;
  }
}

/** Pushing identical content changes nothing, but some registries still refuse it. */
function checkImmutable({ behaviour }: RegistryContext, { tags }: KeptRepository, tag: string, digest: string): void {
  const current = tags.get(tag);
  if (current === undefined || (current === digest && !behaviour.refusesSame)) return;
  if (!new RegExp(`^(?:${behaviour.immutableTags})$`).test(tag)) return;
  const message = behaviour.immutableMessage ?? `The tag "${tag}" is immutable and cannot be overwritten`;
  throw new Refusal(registryError(behaviour.immutableStatus, behaviour.immutableCode, message, { tag }));
}

function checkReference(reference: string): void {
  if (digestPattern.test(reference) || tagPattern.test(reference)) return;
  const code = reference.includes(':') ? 'DIGEST_INVALID' : 'TAG_INVALID';
  throw new Refusal(registryError(400, code, 'invalid reference', { reference }), `the reference ${reference}`);
}

function detailOf(form: 'string' | 'object' | 'none', digest: string): unknown {
  if (form === 'none') return undefined;
  return form === 'object' ? { digest } : digest;
}

function manifestUnknown(reference: string): Refusal {
  return new Refusal(registryError(404, 'MANIFEST_UNKNOWN', 'manifest unknown', { reference }));
}

function invalid(problem: string): Refusal {
  return new Refusal(registryError(400, 'MANIFEST_INVALID', `manifest invalid: ${problem}`), problem);
}
