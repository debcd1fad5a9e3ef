/** Pushing blobs: distribution-spec 1.1, "Pushing a blob monolithically", "in chunks", and "Mounting a blob". */
import { Refusal } from './answers.ts';
import type { StoredContent } from './content-store.ts';
import type { Exchange } from './exchange.ts';
import { registryError, registryStandardAnswer } from './registry-answers.ts';
import type { Grant } from './registry-authorization.ts';
import type { RegistryContext } from './registry-context.ts';
import { contentLocation, uploadLocation } from './registry-locations.ts';
import { digestPattern, type KeptRepository } from './registry-store.ts';
import type { Upload } from './registry-open-uploads.ts';
import { decodeSegment, splitPath } from './request-path.ts';

/** Thrown if a fault stops the reading. */
class CutOff extends Error {}

/** `POST …/blobs/uploads/`. */
export async function startUpload(
  exchange: Exchange,
  registry: RegistryContext,
  repository: KeptRepository,
  grant: Grant,
): Promise<void> {
  const { query } = splitPath(exchange.path);
  for (const key of query.keys()) {
    if (!['mount', 'from', 'digest'].includes(key)) exchange.violate(`unknown query key ${key}`);
  }
  const digest = query.get('mount') ?? query.get('digest');
  if (digest !== null) checkDigest(digest);
  if (query.has('mount') && tryMount(registry, repository, grant, query)) {
    return exchange.respond(created(registry, repository.name, digest ?? ''));
  }
  const upload = registry.uploads.start(repository.name);
  if (query.has('digest') && registry.behaviour.monolithicPost) {
    if (!(await takeData(exchange, registry, upload))) return;
    return commit(exchange, registry, repository, upload, digest ?? '');
  }
  // A registry that does not accept the content answers as if there were none.
  if (exchange.contentLength !== 0 && !query.has('digest')) exchange.violate('content without a digest');
  await exchange.drain();
  const { minChunkBytes } = registry.behaviour;
  const answer = accepted(exchange, registry, upload, 202);
  const announced = minChunkBytes > 0 && { 'oci-chunk-min-length': String(minChunkBytes) };
  return exchange.respond({ ...answer, headers: { ...answer.headers, ...announced } });
}

function tryMount(
  { behaviour, store }: RegistryContext,
  repository: KeptRepository,
  grant: Grant,
  query: URLSearchParams,
): boolean {
  const from = query.get('from');
  const digest = query.get('mount') ?? '';
  const blob = store.repositories.get(from ?? '')?.blobs.get(digest);
  if (from === null || blob === undefined || !behaviour.mounts || !grant(from).has('pull')) return false;
  store.mountBlob(repository, digest, blob);
  return true;
}

/** PATCH, PUT and GET of an upload's Location. */
export async function continueUpload(exchange: Exchange, registry: RegistryContext, name: string): Promise<void> {
  const { method, path } = exchange;
  const [suffix, encodedDigest] = (method === 'PUT' && /[?&]digest=([^&]*)$/.exec(path)) || [''];
  const bare = path.slice(0, path.length - suffix.length);
  const upload = registry.uploads.find(exchange.server === 'blobs' ? 'blobs' : 'registry', bare);
  const repository = registry.store.repositories.get(name);
  if (repository === undefined) throw new Refusal(registryStandardAnswer(404));
  if (method === 'GET') return exchange.respond(accepted(exchange, registry, upload, 204));
  if (method === 'PATCH') {
    checkChunk(exchange, registry, upload);
    if (!(await takeData(exchange, registry, upload))) return;
    return exchange.respond(accepted(exchange, registry, upload, 202));
  }
  if (encodedDigest === undefined || !suffix.startsWith(bare.includes('?') ? '&' : '?')) {
    throw new Refusal(registryError(400, 'DIGEST_INVALID', 'digest missing'), 'no digest at the end of the query');
  }
  const digest = decodeSegment(encodedDigest);
  checkDigest(digest);
  const release = registry.uploads.claim(upload, digest, repository.blobs.has(digest));
  try {
    if (exchange.contentLength !== 0) {
      checkChunk(exchange, registry, upload);
      if (!(await takeData(exchange, registry, upload))) return;
    }
    await commit(exchange, registry, repository, upload, digest);
  } finally {
    release();
  }
}

function checkChunk(exchange: Exchange, registry: RegistryContext, upload: Upload): void {
  const { behaviour } = registry;
  const { contentLength, method } = exchange;
  const { 'content-type': type, 'content-range': range } = exchange.request.headers;
  if (type !== 'application/octet-stream') exchange.violate(`Content-Type is ${type}`);
  if (contentLength === undefined && !behaviour.chunkedEncoding) throw new Refusal(registryStandardAnswer(411));
  if ((contentLength ?? 0) > behaviour.maxChunkBytes) throw new Refusal(registryStandardAnswer(413));
  if (upload.chunks > 0 && upload.lastChunkBytes < behaviour.minChunkBytes) {
    const message = `a chunk of ${upload.lastChunkBytes} bytes that was not the last`;
    throw new Refusal(registryError(400, 'SIZE_INVALID', message), message);
  }
  if (method === 'PATCH' && upload.chunks >= behaviour.maxChunks) {
    throw new Refusal(registryError(400, 'BLOB_UPLOAD_INVALID', `at most ${behaviour.maxChunks} chunks`));
  }
  if (range === undefined) {
    if (!behaviour.needsContentRange || method !== 'PATCH') return;
    throw new Refusal(registryError(400, 'RANGE_INVALID', 'Content-Range is required'));
  }
  const [, start, end] = /^(\d+)-(\d+)$/.exec(range) ?? [];
  if (start === undefined) throw new Refusal(registryStandardAnswer(400), `Content-Range is ${range}, not start-end`);
  if (Number(start) !== upload.size) throw outOfOrder(exchange, registry, upload);
  if (contentLength !== undefined && Number(end) - Number(start) + 1 !== contentLength) {
    const message = `Content-Range ${range} with ${contentLength} bytes`;
    throw new Refusal(registryError(400, 'SIZE_INVALID', message), message);
  }
}

/** False if a fault ended it. */
async function takeData(exchange: Exchange, registry: RegistryContext, upload: Upload): Promise<boolean> {
  const { size } = upload;
  const writer = registry.store.writer(exchange.storesCorruptly);
  const cutAt = exchange.fault('reset-keeping-data')?.bytes ?? Infinity;
  let part: StoredContent;
  let isCut = false;
  try {
    await exchange.receive((chunk) => {
      const left = cutAt - writer.size;
      writer.write(chunk.length < left ? chunk : chunk.subarray(0, left));
      if (chunk.length >= left) throw new CutOff();
      if (writer.size > registry.behaviour.maxChunkBytes) throw new Refusal(registryStandardAnswer(413));
      return writer.pending;
    });
  } catch (error) {
    isCut = error instanceof CutOff;
    if (!isCut) {
      await writer.discard();
      throw error;
    }
  }
  part = await writer.finish();
  // Another request was faster.
  if (upload.size !== size) {
    part.remove();
    throw outOfOrder(exchange, registry, upload);
  }
  const [, end] = /^\d+-(\d+)$/.exec(exchange.request.headers['content-range'] ?? '') ?? [];
  if (end !== undefined && !isCut && !exchange.storesCorruptly && Number(end) - size + 1 !== part.size) {
    const message = `Content-Range ends at ${end}, and ${part.size} bytes came`;
    throw new Refusal(registryError(400, 'SIZE_INVALID', message), message);
  }
  upload.parts.push(part);
  upload.size += part.size;
  upload.chunks += 1;
  upload.lastChunkBytes = part.size;
  if (isCut) exchange.reset();
  return !isCut;
}

async function commit(
  exchange: Exchange,
  registry: RegistryContext,
  repository: KeptRepository,
  upload: Upload,
  digest: string,
): Promise<void> {
  registry.uploads.end(upload);
  const stored = await registry.store.join(upload.parts);
  if (stored.kept && `sha256:${stored.sha256}` !== digest) {
    const detail = { digest: `sha256:${stored.sha256}`, size: stored.size };
    stored.remove();
    throw new Refusal(registryError(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content', detail));
  }
  registry.store.addBlob(repository, digest, stored);
  return exchange.respond(created(registry, repository.name, digest));
}

function created(
  registry: RegistryContext,
  name: string,
  digest: string,
): { status: number; headers: Record<string, string> } {
  const location = contentLocation(registry, `/v2/${name}/blobs/${digest}`);
  return { status: 201, headers: { location, 'docker-content-digest': digest } };
}

function accepted(
  exchange: Exchange,
  registry: RegistryContext,
  upload: Upload,
  status: number,
): { status: number; headers: Record<string, string> } {
  return {
    status,
    headers: {
      location: uploadLocation(exchange, registry, upload),
      range: `0-${Math.max(0, upload.size - 1)}`,
      'docker-upload-uuid': upload.id,
    },
  };
}

function outOfOrder(exchange: Exchange, registry: RegistryContext, upload: Upload): Refusal {
  const { headers } = accepted(exchange, registry, upload, 416);
  return new Refusal({ ...registryStandardAnswer(416), headers });
}

export function checkDigest(digest: string): void {
  if (digestPattern.test(digest)) return;
  throw new Refusal(registryError(400, 'DIGEST_INVALID', 'invalid digest', { digest }), `the digest ${digest}`);
}
