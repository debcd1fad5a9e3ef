/** Sends one blob by the way that the registry turns out to take: one PUT, one PATCH, chunks, or what is compressed twice. */

import { HttpError } from '../../errors.ts';
import type { Body, SizedBody } from '../../io/body.ts';
import { bytesBody } from '../../io/body.ts';
import type { Http } from '../../http/send.ts';
import type { RegistryClient, UploadSession } from './client.ts';

/** A blob to be sent. */
export interface BlobSource {
  /** For messages: `layer 3 of 6`. */
  readonly subject: string;
  readonly body: Body;
  /** The digest; of what is made on the way, that of the opening that the registry accepted. */
  readonly digest: () => string;
  /** Whether `digest` may be asked before `body` was read. */
  readonly isDigestKnown: boolean;
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** For a registry that wants to know digest and length beforehand, where `isDigestKnown` is false. */
  readonly compressTwice?: CompressTwice | undefined;
}

/** Compresses once to learn what comes out, and calls `send` with a body that compresses once more. */
export type CompressTwice = (send: (body: SizedBody, digest: string) => Promise<void>) => Promise<void>;

/** What a registry was found not to take: kept for the run, so that each is found out only once. */
export interface UploadCapability {
  takesPut: boolean;
  takesPatch: boolean;
  /** Set once a request was too large for it, or had too little to say: everything goes in chunks of this. */
  chunkBytes: number | undefined;
  /** The last to wait for `BlobSource.compressTwice`, which is done by one at a time: each takes threads and memory. */
  compressing: Promise<unknown>;
}

export function newCapability(): UploadCapability {
  return { takesPut: true, takesPatch: true, chunkBytes: undefined, compressing: Promise.resolve() };
}

type Way =
  | { readonly kind: 'put' | 'patch' }
  | { readonly kind: 'compress-twice'; readonly compressTwice: CompressTwice }
  | { readonly kind: 'chunks'; readonly bytes: number };

const firstChunkBytes = 8 * 1024 * 1024;
const leastChunkBytes = 256 * 1024;

/** What registries answer to a way of sending that they do not take. */
const fallbackStatuses: ReadonlySet<number> = new Set([400, 404, 405, 411, 413, 415, 416, 501]);

/**
 * Sends the blob, again from its start where that helps: what a broken upload holds is the registry's secret.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function uploadBlob(
  http: Http,
  url: URL,
  client: RegistryClient,
  capability: UploadCapability,
  blob: BlobSource,
): Promise<void> {
  await http.repeat(blob.subject, url, async () => {
    for (;;) {
      const way = chooseWay(capability, blob);
      try {
        await sendBy(way, client, capability, blob);
        return;
      } catch (error) {
        if (!fallBack(capability, way, error, blob)) throw error;
      }
    }
  });
}

function chooseWay({ takesPut, takesPatch, chunkBytes }: UploadCapability, blob: BlobSource): Way {
  if (!takesPatch && blob.compressTwice !== undefined)
    return { kind: 'compress-twice', compressTwice: blob.compressTwice };
  if (chunkBytes !== undefined) return { kind: 'chunks', bytes: chunkBytes };
  return { kind: blob.isDigestKnown && (takesPut || !takesPatch) ? 'put' : 'patch' };
}

async function sendBy(way: Way, client: RegistryClient, capability: UploadCapability, blob: BlobSource): Promise<void> {
  const { subject, body, onSent } = blob;
  if (way.kind === 'compress-twice') {
    const turn = capability.compressing.then(() =>
      way.compressTwice(async (body, digest) =>
        client.putBlob(subject, await client.startUpload(subject), digest, body, onSent),
      ),
    );
    capability.compressing = turn.catch(() => undefined);
    return await turn;
  }
  const session = await client.startUpload(subject);
  if (way.kind === 'put') return await client.putBlob(subject, session, blob.digest(), body, onSent);
  const last =
    way.kind === 'chunks'
      ? await sendChunks(client, session, Math.max(way.bytes, session.minChunkBytes ?? 0), blob)
      : await client.patchBlob(subject, session, body, undefined, onSent);
  await client.commitBlob(subject, last, blob.digest());
}

/**
 * Falls back to the next way of sending, unless another blob that failed the same way has meanwhile.
 *
 * @returns false if there is none, or if the failure is of another kind
 */
function fallBack(capability: UploadCapability, way: Way, error: unknown, blob: BlobSource): boolean {
  if (!(error instanceof HttpError)) return false;
  const { status } = error.refusal;
  if (!fallbackStatuses.has(status) || error.refusal.method === 'POST' || way.kind === 'compress-twice') return false;
  if (way.kind === 'chunks') {
    if (status !== 413 || way.bytes <= leastChunkBytes) return false;
    capability.chunkBytes = Math.min(capability.chunkBytes ?? Infinity, way.bytes / 2);
    return true;
  }
  if (way.kind === 'put' && status !== 413) {
    const { takesPut } = capability;
    capability.takesPut = false;
    return takesPut || capability.takesPatch;
  }
  if (way.kind === 'patch' && [405, 501].includes(status)) {
    capability.takesPatch = false;
    return blob.compressTwice !== undefined;
  }
  capability.chunkBytes ??= firstChunkBytes;
  return capability.takesPatch;
}

async function sendChunks(
  client: RegistryClient,
  start: UploadSession,
  chunkBytes: number,
  { subject, body, onSent }: BlobSource,
): Promise<UploadSession> {
  let session = start;
  let from = 0;
  const opening = body.open();
  for await (const chunk of inChunks(opening, chunkBytes)) {
    const before = from;
    const onChunkSent = (bytes: number): void => onSent?.(opening.progress?.() ?? before + bytes);
    session = await client.patchBlob(subject, session, chunk, from, onChunkSent);
    from += chunk.length;
  }
  opening.accepted?.();
  return session;
}

/** Cuts a stream into pieces of one size, but for the last; each is held in memory, and can be sent again. */
async function* inChunks(source: AsyncIterable<Uint8Array>, chunkBytes: number): AsyncGenerator<SizedBody> {
  let buffer = Buffer.allocUnsafe(chunkBytes);
  let filled = 0;
  for await (const piece of source) {
    for (let at = 0; at < piece.length;) {
      const count = Math.min(piece.length - at, chunkBytes - filled);
      buffer.set(piece.subarray(at, at + count), filled);
      filled += count;
      at += count;
      if (filled < chunkBytes) continue;
      yield bytesBody(buffer);
      buffer = Buffer.allocUnsafe(chunkBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield bytesBody(buffer.subarray(0, filled));
}
