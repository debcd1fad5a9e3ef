/** Tells from its first bytes what a piece of data is. */

import { blockBytes, isTarHeader, isZeroBlock } from './tar/header.ts';

export type Content = 'tar' | 'gzip' | 'zstd' | 'json' | 'bzip2' | 'xz' | 'zip' | 'empty' | 'other';

/** Bytes that are enough to tell. */
export const headBytes = blockBytes;

const magics: readonly (readonly [Content, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
];

export function contentOf(head: Uint8Array): Content {
  if (head.length === 0) return 'empty';
  // First, since a file's name at the beginning of an archive can look like anything.
  if (isTarHeader(head) || (head.length >= blockBytes && isZeroBlock(head.subarray(0, blockBytes)))) return 'tar';
  const known = magics.find(([, magic]) => magic.every((byte, index) => head[index] === byte));
  if (known !== undefined) return known[0];
  // A zstd file may begin with a frame to be skipped (RFC 8878, section 3.1.2).
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zstd';
  return /^\s*[[{]/.test(Buffer.from(head).toString('latin1')) ? 'json' : 'other';
}
