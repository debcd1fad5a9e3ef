/** The four checksums that a Maven repository keeps beside each file. */

import { createHash } from 'node:crypto';

/** In the order in which they are published; `.sha256` and `.sha512` are not what every repository takes. */
export const algorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const;
export type Algorithm = (typeof algorithms)[number];

/** In lower-case hexadecimal digits. */
export type Checksums = Readonly<Record<Algorithm, string>>;

export interface Hashes {
  update(chunk: Uint8Array): void;
  /** Of everything seen; to be asked once. */
  digest(): Checksums;
}

/** All four of what passes by: to be made anew for each opening of a body. */
export function createHashes(): Hashes {
  const hashes = algorithms.map((algorithm) => createHash(algorithm));
  return {
    update(chunk) {
      for (const hash of hashes) hash.update(chunk);
    },
    digest() {
      const [md5 = '', sha1 = '', sha256 = '', sha512 = ''] = hashes.map((hash) => hash.digest('hex'));
      return { md5, sha1, sha256, sha512 };
    },
  };
}

export function checksumsOf(bytes: Uint8Array): Checksums {
  const hashes = createHashes();
  hashes.update(bytes);
  return hashes.digest();
}

/** The checksum in a checksum file, whatever stands around it; undefined where there is none of that kind. */
export function parseChecksum(text: string, algorithm: Algorithm): string | undefined {
  const digits = { md5: 32, sha1: 40, sha256: 64, sha512: 128 }[algorithm];
  return text
    .toLowerCase()
    .split(/[^0-9a-z]+/)
    .find((word) => word.length === digits && /^[0-9a-f]+$/.test(word));
}
