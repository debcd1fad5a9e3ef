/** Hashes of streamed bytes: the only place where a hash is created. */

import { createHash, hash } from 'node:crypto';
import { Blake2b256 } from './blake2b.ts';

export type Algorithm = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'blake2b256';

/** Several hashes of the same bytes. */
export interface Hashes<Name extends Algorithm> {
  update(chunk: Uint8Array): void;
  /** The digest of all bytes by algorithm, as lower-case hexadecimal digits; can be called once. */
  digest(): Readonly<Record<Name, string>>;
}

interface Sha256 {
  update(chunk: Uint8Array): void;
  /** The digest of all bytes as 64 lower-case hexadecimal digits; can be called once. */
  digest(): string;
}

/** Creates hashes with these algorithms, as an observer (observed-body.ts): each opening of a body needs its own. */
export function createHashes<Name extends Algorithm>(algorithms: readonly Name[]): Hashes<Name> {
  const hashes = algorithms.map(
    (algorithm) => [algorithm, algorithm === 'blake2b256' ? new Blake2b256() : createHash(algorithm)] as const,
  );
  return {
    update(chunk) {
      for (const [, hash] of hashes) hash.update(chunk);
    },
    digest: () =>
      Object.fromEntries(hashes.map(([algorithm, hash]) => [algorithm, hash.digest('hex')])) as Record<Name, string>,
  };
}

/**
 * The length in bytes, and the SHA-256, of all that the source yields.
 *
 * @param maxBytes a source that yields more is read no further
 * @throws whatever the source throws
 */
export async function measure(
  source: AsyncIterable<Uint8Array>,
  maxBytes = Infinity,
): Promise<{ readonly length: number; readonly sha256: string }> {
  const hash = createSha256();
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    hash.update(chunk);
    if (length > maxBytes) break;
  }
  return { length, sha256: hash.digest() };
}

/** The SHA-1 of a few bytes, in 20 bytes. */
export function sha1(bytes: Uint8Array): Buffer {
  return hash('sha1', bytes, 'buffer');
}

/** Creates a SHA-256 hash, also as an observer. */
export function createSha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => hash.digest('hex'),
  };
}
