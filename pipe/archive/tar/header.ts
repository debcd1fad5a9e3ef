/**
 * Reads one header block of a tar archive: v7, ustar, pax and GNU.
 *
 * @see POSIX.1-2024, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"
 */

import { InputError } from '../../errors.ts';

export const blockBytes = 512;

export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  /** Bytes of data after the header. */
  readonly size: number;
  /** One character; `0` for a regular file. */
  readonly type: string;
}

const fields = {
  name: [0, 100],
  size: [124, 136],
  checksum: [148, 156],
  type: [156, 157],
  linkName: [157, 257],
  magic: [257, 265],
  prefix: [345, 500],
  // star keeps times at the end of the prefix.
  shortPrefix: [345, 476],
  starMagic: [508, 512],
} as const;

/** Whether the block has a header's checksum. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < blockBytes) return false;
  const stored = octal(fieldOf(block, 'checksum'));
  if (stored === undefined) return false;
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < blockBytes; index++) {
    const isChecksum = index >= fields.checksum[0] && index < fields.checksum[1];
    const byte = isChecksum ? 0x20 : (block[index] ?? 0);
    unsigned += byte;
    // Some old writers added up signed characters.
    signed += byte > 127 ? byte - 256 : byte;
  }
  return stored === unsigned || stored === signed;
}

/** Whether all bytes are 0; two such blocks end an archive (POSIX.1-2017, pax, ustar interchange format). */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads a header block. @param where names the header in messages. @throws InputError if its size is not valid */
export function parseTarHeader(block: Buffer, where: string): TarHeader {
  const magic = fieldOf(block, 'magic').toString('latin1');
  const isStar = fieldOf(block, 'starMagic').toString('latin1') === 'tar\0';
  // GNU's magic is `ustar  `, and its headers have times in place of the prefix.
  const prefix = magic.startsWith('ustar\0') ? stringOf(block, isStar ? 'shortPrefix' : 'prefix') : '';
  const name = stringOf(block, 'name');
  const type = fieldOf(block, 'type').toString('latin1');
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: stringOf(block, 'linkName'),
    size: parseSize(fieldOf(block, 'size'), where),
    // `\0` is a regular file in v7; POSIX says to read `7` as one.
    type: type === '\0' || type === '7' ? '0' : type,
  };
}

/** Octal digits, or base 256 if the first bit is set (GNU and star, for 8 GiB and more). */
function parseSize(field: Buffer, where: string): number {
  const first = field[0] ?? 0;
  let size: number | undefined;
  if ((first & 0x80) === 0) size = octal(field);
  else if (first === 0x80) size = Number(BigInt(`0x${field.subarray(1).toString('hex')}`));
  if (size === undefined || !Number.isSafeInteger(size))
    throw new InputError(`${where} has no valid size: the archive is damaged`);
  return size;
}

function octal(field: Buffer): number | undefined {
  const digits = field
    .toString('latin1')
    .replace(/^[ \0]+/, '')
    .replace(/[ \0].*$/s, '');
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function stringOf(block: Uint8Array, field: keyof typeof fields): string {
  return stringUpToNul(fieldOf(block, field));
}

/** Decodes a string that ends at the first NUL: as UTF-8, which all writers use today although the standard does not. */
export function stringUpToNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

function fieldOf(block: Uint8Array, field: keyof typeof fields): Buffer {
  const [start, end] = fields[field];
  return Buffer.from(block.buffer, block.byteOffset + start, end - start);
}
