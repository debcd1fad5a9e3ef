/** The four checksums that a Maven repository keeps beside each file. */

import { createHashes, type Hashes } from '../../io/hashes.ts';
import { type Algorithm, algorithms } from './algorithms.ts';

/** In lower-case hexadecimal digits. */
export type Checksums = Readonly<Record<Algorithm, string>>;

/** Computes all four checksums, for one opening of a body. */
export function createChecksums(): Hashes<Algorithm> {
  return createHashes(algorithms);
}

/** The four checksums of the bytes. */
export function checksumsOf(bytes: Uint8Array): Checksums {
  const checksums = createChecksums();
  checksums.update(bytes);
  return checksums.digest();
}

/** Whether a file with this extension gets checksum files: Maven publishes none for signatures. */
export function getsChecksums(extension: string): boolean {
  return !/(?:^|\.)(?:asc|sigstore|sigstore\.json)$/.test(extension);
}

/** The checksum in a checksum file, without any file name; undefined if it has no checksum of that kind. */
export function parseChecksum(text: string, algorithm: Algorithm): string | undefined {
  const digits = { md5: 32, sha1: 40, sha256: 64, sha512: 128 }[algorithm];
  return text
    .toLowerCase()
    .split(/[^0-9a-z]+/)
    .find((word) => word.length === digits && /^[0-9a-f]+$/.test(word));
}
