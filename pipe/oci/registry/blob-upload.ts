/** Sends one blob by a method that the registry accepts: one PUT, one PATCH, chunks, or compressing it twice. */

import { HttpError } from '../../errors.ts';
import type { Body, SizedBody } from '../../io/body.ts';
import type { Http } from '../../http/send.ts';
import type { BlobClient, UploadSession } from './blob-client.ts';
import { sendChunks } from './blob-chunks.ts';
import { type BlobSearches, maySomebodyHoldIt } from './blob-search.ts';
import { ChunkMemory } from './chunk-memory.ts';
import { BlobAppearedError, stoppableBody } from './stoppable-body.ts';

/** A blob to send. */
export interface BlobSource {
  /** For messages: `layer 3 of 6`. */
  readonly subject: string;
  readonly body: Body;
  /** For content that is generated while it is sent, the digest of the opening that the registry accepted; undefined before. */
  readonly digest: () => string | undefined;
  /** Whether `digest` may be called before `body` is read. */
  readonly isDigestKnown: boolean;
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** For a registry that needs digest and length in advance, if `isDigestKnown` is false. */
  readonly compressTwice?: CompressTwice | undefined;
}

/** Compresses once to learn digest and length, and calls `send` with a body that compresses again. */
export type CompressTwice = (send: (body: SizedBody, digest: string) => Promise<void>) => Promise<void>;

/** What a registry accepts. The run keeps what it finds out, so that nothing refused is tried again. */
export interface UploadCapability {
  acceptsPut: boolean;
  acceptsPatch: boolean;
  /** Set once a whole blob in one request is refused: from then on, everything is sent in chunks of this size. */
  chunkBytes: number | undefined;
  /** Whether one manifest may be stored under several tags at once. */
  acceptsTagList: boolean;
  /** The last `BlobSource.compressTwice` in the queue. One runs at a time, since each needs threads and memory. */
  compressing: Promise<unknown>;
  readonly chunkMemory: ChunkMemory;
}

/** For a registry that has not refused anything yet. */
export function newCapability(): UploadCapability {
  return {
    acceptsPut: true,
    acceptsPatch: true,
    chunkBytes: undefined,
    acceptsTagList: true,
    compressing: Promise.resolve(),
    chunkMemory: new ChunkMemory(),
  };
}

type UploadMethod =
  | { readonly kind: 'put' | 'patch' }
  | { readonly kind: 'compress-twice'; readonly compressTwice: CompressTwice }
  | { readonly kind: 'chunks'; readonly bytes: number };

const firstChunkBytes = 8 * 1024 * 1024;
const minChunkBytes = 256 * 1024;

/** The answers of registries that do not accept an upload method. */
const fallbackStatuses: ReadonlySet<number> = new Set([400, 404, 405, 411, 413, 415, 416, 501]);

/** What uploads need besides the blob. */
export interface UploadTools {
  readonly http: Http;
  /** The registry. */
  readonly registry: URL;
  readonly client: BlobClient;
  readonly capability: UploadCapability;
  readonly searches: BlobSearches;
}

/**
 * Sends the blob. A retry starts from its first byte, since the state of an interrupted upload is unknown. Whatever the
 * registry refuses, it may have the blob: another step may be sending the same one.
 *
 * @returns `present` if somebody else has sent it meanwhile; then not all of `body` was read
 * @throws what `BlobClient` throws, once retries and other methods are exhausted
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function uploadBlob(
  { http, registry, client, capability, searches }: UploadTools,
  blob: BlobSource,
): Promise<'sent' | 'present'> {
  const search = searches.start(blob.subject, blob.digest);
  // Without all of its bytes, it is not checked, and what is there is not from here.
  let isSentWhole = !blob.isDigestKnown;
  const onSent = (bytes: number): void => {
    isSentWhole ||= bytes === blob.body.length;
    blob.onSent?.(bytes);
  };
  return await http.repeat(blob.subject, registry, async () => {
    for (;;) {
      const method = chooseMethod(capability, blob);
      try {
        await sendWith(method, client, capability, { ...blob, onSent });
        return 'sent';
      } catch (error) {
        if (error instanceof BlobAppearedError) return 'present';
        const found = await search.after(error);
        if (found === 'there') return isSentWhole && !maySomebodyHoldIt(error) ? 'sent' : 'present';
        if (found === 'missing' && !fallBack(capability, method, error, blob)) throw error;
      }
    }
  });
}

function chooseMethod({ acceptsPut, acceptsPatch, chunkBytes }: UploadCapability, blob: BlobSource): UploadMethod {
  if (!acceptsPatch && blob.compressTwice !== undefined)
    return { kind: 'compress-twice', compressTwice: blob.compressTwice };
  if (chunkBytes !== undefined) return { kind: 'chunks', bytes: chunkBytes };
  return { kind: blob.isDigestKnown && (acceptsPut || !acceptsPatch) ? 'put' : 'patch' };
}

async function sendWith(
  method: UploadMethod,
  client: BlobClient,
  capability: UploadCapability,
  blob: BlobSource,
): Promise<void> {
  const { subject, onSent } = blob;
  if (method.kind === 'compress-twice') {
    const sending = capability.compressing.then(() =>
      method.compressTwice(async (body, digest) =>
        client.putBlob(subject, await client.startUpload(subject), digest, body, onSent),
      ),
    );
    capability.compressing = sending.catch(() => undefined);
    return await sending;
  }
  const session = await client.startUpload(subject);
  const digest = blob.isDigestKnown ? blob.digest() : undefined;
  if (digest === undefined) return await sendBody(method, session, client, capability, blob);
  const stoppable = stoppableBody(blob.body, async () => await client.peekBlob(digest));
  try {
    await sendBody(method, session, client, capability, { ...blob, body: stoppable.body });
  } catch (error) {
    if (error instanceof BlobAppearedError) await client.cancelUpload(session);
    throw error;
  } finally {
    stoppable.close();
  }
}

async function sendBody(
  method: Exclude<UploadMethod, { readonly kind: 'compress-twice' }>,
  session: UploadSession,
  client: BlobClient,
  { chunkMemory }: UploadCapability,
  blob: BlobSource,
): Promise<void> {
  const { subject, body, onSent } = blob;
  const digest = (): string => {
    const known = blob.digest();
    if (known === undefined) throw new Error('the digest is known once the content is accepted');
    return known;
  };
  if (method.kind === 'put') return await client.putBlob(subject, session, digest(), body, onSent);
  const last =
    method.kind === 'chunks'
      ? await chunkMemory.use(Math.max(method.bytes, session.minChunkBytes ?? 0), (buffer) =>
          sendChunks(client, session, buffer, blob),
        )
      : await client.patchBlob(subject, session, body, undefined, onSent);
  await client.commitBlob(subject, last, digest());
}

/**
 * Falls back to the next upload method, unless another blob with the same failure has already done so.
 *
 * @returns false if there is no other method, or if the failure has another cause
 */
function fallBack(capability: UploadCapability, method: UploadMethod, error: unknown, blob: BlobSource): boolean {
  if (!(error instanceof HttpError)) return false;
  const { status } = error.refusal;
  if (!fallbackStatuses.has(status) || error.refusal.method === 'POST' || method.kind === 'compress-twice')
    return false;
  if (method.kind === 'chunks') {
    if (status !== 413 || method.bytes <= minChunkBytes) return false;
    capability.chunkBytes = Math.min(capability.chunkBytes ?? Infinity, method.bytes / 2);
    return true;
  }
  if (method.kind === 'put' && status !== 413) {
    const { acceptsPut } = capability;
    capability.acceptsPut = false;
    return acceptsPut || capability.acceptsPatch;
  }
  if (method.kind === 'patch' && [405, 501].includes(status)) {
    capability.acceptsPatch = false;
    return blob.compressTwice !== undefined;
  }
  capability.chunkBytes ??= firstChunkBytes;
  return capability.acceptsPatch;
}
