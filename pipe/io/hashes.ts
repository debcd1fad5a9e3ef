/** Digests of the bytes that pass by: the one place where hashing begins. */

import { createHash } from 'node:crypto';

export type Algorithm = 'md5' | 'sha1' | 'sha256' | 'sha512';

/** Several hashes of the same bytes. */
export interface Hashes<Name extends Algorithm> {
  update(chunk: Uint8Array): void;
  /** Of everything seen, by algorithm, in lower-case hexadecimal digits; to be called once. */
  digest(): Readonly<Record<Name, string>>;
}

interface Sha256 {
  update(chunk: Uint8Array): void;
  /** 64 lower-case hexadecimal digits of everything seen; to be called once. */
  digest(): string;
}

/** Hashes by these algorithms. They are observers (observed-body.ts): each opening of a body needs its own. */
export function createHashes<Name extends Algorithm>(algorithms: readonly Name[]): Hashes<Name> {
  const hashes = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
  return {
    update(chunk) {
      for (const [, hash] of hashes) hash.update(chunk);
    },
    digest: () =>
      Object.fromEntries(hashes.map(([algorithm, hash]) => [algorithm, hash.digest('hex')])) as Record<Name, string>,
  };
}

/** SHA-256 alone; an observer, too. */
export function createSha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => hash.digest('hex'),
  };
}
