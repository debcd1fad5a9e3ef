/** SHA-256 of what passes by, started anew with each opening of a body. */

import { createHash, type Hash } from 'node:crypto';

export interface Sha256 {
  start(): void;
  update(chunk: Uint8Array): void;
  /** 64 lower-case hexadecimal digits of everything since the last start; to be asked once. */
  digest(): string;
}

export function createSha256(): Sha256 {
  let hash: Hash = createHash('sha256');
  return {
    start() {
      hash = createHash('sha256');
    },
    update(chunk) {
      hash.update(chunk);
    },
    digest: () => hash.digest('hex'),
  };
}
