/** Hashes bytes as they pass by, and stops them before their end where they are the wrong ones. */

import { createHash } from 'node:crypto';

/**
 * @param length of all the bytes
 * @param check sees `sha256:…` of all the bytes before the last ones are yielded; throws where it is wrong
 */
export async function* withDigestCheck(
  bytes: AsyncIterable<Uint8Array>,
  length: number,
  check: (digest: string) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let position = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    position += chunk.length;
    if (position === length) check(`sha256:${hash.digest('hex')}`);
    yield chunk;
  }
  if (position !== length) throw new Error(`${position} bytes came where ${length} were announced`);
  if (length === 0) check(`sha256:${hash.digest('hex')}`);
}
