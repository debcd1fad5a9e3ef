/** Hashes bytes while they are read, and fails before their end if their digest is wrong. */

import { createSha256 } from '../../io/hashes.ts';

/**
 * Yields the bytes unchanged.
 *
 * @param length of all the bytes
 * @param verify called with `sha256:…` of all the bytes before the last chunk is yielded; rejects if it is wrong
 */
export async function* withDigestCheck(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
  verify: (digest: string) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const hash = createSha256();
  let position = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    position += chunk.length;
    if (position === length) await verify(`sha256:${hash.digest()}`);
    yield chunk;
  }
  if (position !== length) throw new Error(`Read ${position} bytes instead of ${length}`);
  if (length === 0) await verify(`sha256:${hash.digest()}`);
}
