/** Hashes bytes as they pass by, and stops them before their end where they are the wrong ones. */

import { createSha256 } from '../../io/hashes.ts';

/**
 * @param length of all the bytes
 * @param verify sees `sha256:…` of all the bytes before the last ones are yielded; rejects where it is wrong
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
  if (position !== length) throw new Error(`${position} bytes came where ${length} were announced`);
  if (length === 0) await verify(`sha256:${hash.digest()}`);
}
