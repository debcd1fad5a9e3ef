/** Sends a blob in chunks of one size, for registries that do not accept it as a whole. */

import { bytesBody, type SizedBody } from '../../io/body.ts';
import type { BlobClient, UploadSession } from './blob-client.ts';
import type { BlobSource } from './blob-upload.ts';

/** Sends a blob in chunks that fit into the buffer. @returns the session, in which the commit is still to come */
export async function sendChunks(
  client: Pick<BlobClient, 'patchBlob'>,
  start: UploadSession,
  buffer: Buffer,
  { subject, body, onSent }: BlobSource,
): Promise<UploadSession> {
  let session = start;
  let from = 0;
  const opening = body.open();
  for await (const chunk of inChunks(opening, buffer)) {
    const before = from;
    const onChunkSent = (bytes: number): void => onSent?.(opening.progress?.() ?? before + bytes);
    session = await client.patchBlob(subject, session, chunk, from, onChunkSent);
    from += chunk.length;
  }
  opening.accepted?.();
  return session;
}

/**
 * Cuts a stream into chunks of one size, except the last. Each is held in the buffer, so that it can be sent again, until the
 * next one is asked for.
 */
async function* inChunks(source: AsyncIterable<Uint8Array>, buffer: Buffer): AsyncGenerator<SizedBody> {
  let filled = 0;
  for await (const bytes of source) {
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, buffer.length - filled);
      buffer.set(bytes.subarray(at, at + count), filled);
      filled += count;
      at += count;
      if (filled < buffer.length) continue;
      yield bytesBody(buffer);
      filled = 0;
    }
  }
  if (filled > 0) yield bytesBody(buffer.subarray(0, filled));
}
