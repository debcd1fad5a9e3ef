/** SHA-256 of what passes by: one for each opening of a body. */

import { createHash } from 'node:crypto';

export interface Sha256 {
  update(chunk: Uint8Array): void;
  /** 64 lower-case hexadecimal digits of everything seen; to be asked once. */
  digest(): string;
}

export function createSha256(): Sha256 {
  const hash = createHash('sha256');
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => hash.digest('hex'),
  };
}
