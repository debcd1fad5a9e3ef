/** Recognises what data is by its first bytes. */

import {
  type Compression,
  compressionFormats,
  compressionNames,
  type UnsupportedCompression,
  unsupportedMagics,
} from '../compression/formats.ts';
import { blockBytes, isTarHeader, isZeroBlock } from './tar/header.ts';

export type Content = Compression | UnsupportedCompression | 'tar' | 'json' | 'zip' | 'empty' | 'other';

/** How many first bytes are enough to recognise any content. */
export const headBytes = blockBytes;

const magics: readonly (readonly [Content, readonly number[]])[] = [
  ...compressionNames.flatMap((name) => compressionFormats[name].magics.map((magic) => [name, magic] as const)),
  ...(Object.entries(unsupportedMagics) as [UnsupportedCompression, readonly number[]][]),
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
];

/** Recognises a file by its first bytes. @param head the first `headBytes` bytes, or the whole file if it is shorter */
export function contentOf(head: Uint8Array): Content {
  if (head.length === 0) return 'empty';
  // First, because an archive begins with a file's name, which can look like anything.
  if (isTarHeader(head) || (head.length >= blockBytes && isZeroBlock(head.subarray(0, blockBytes)))) return 'tar';
  const known = magics.find(([, magic]) => magic.every((byte, index) => head[index] === byte));
  if (known !== undefined) return known[0];
  return /^\s*[[{]/.test(Buffer.from(head).toString('latin1')) ? 'json' : 'other';
}
