/** Hashes bytes as they pass by, and stops them before their end where they are the wrong ones. */

import { createHash } from 'node:crypto';

/** Bytes for a reader that hashes them anyway. */
export interface UnverifiedBytes {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Is to see `sha256:…` of them all before anything comes of them; rejects where it is wrong. */
  verify(digest: string): Promise<void>;
}

/** @param length of all the bytes, of which the last ones are yielded only where `verify` lets them pass */
export async function* withDigestCheck(unverified: UnverifiedBytes, length: number): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let position = 0;
  for await (const chunk of unverified.bytes) {
    hash.update(chunk);
    position += chunk.length;
    if (position === length) await unverified.verify(`sha256:${hash.digest('hex')}`);
    yield chunk;
  }
  if (position !== length) throw new Error(`${position} bytes came where ${length} were announced`);
  if (length === 0) await unverified.verify(`sha256:${hash.digest('hex')}`);
}
