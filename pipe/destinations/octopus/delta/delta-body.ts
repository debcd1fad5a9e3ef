/**
 * Writes a delta in the format of octodiff.
 *
 * @see https://github.com/OctopusDeploy/Octodiff "BinaryDeltaWriter.cs"
 */

import { bytesBody, concatBodies, type SizedBody } from '../../../io/body.ts';
import { readRange, type SourceFile } from '../../../io/source-file.ts';
import type { DeltaPart } from './find-delta.ts';

/*
 * delta = "OCTODELTA" %x01 %x04 "SHA1" hash-length hash ">>>" *( copy / data ) ; the hash is that of the new file
 * copy  = %x60 start length                                                    ; of a part of the old file
 * data  = %x80 length bytes
 * Lengths and starts have 8 bytes, the length of the hash has 4, all little-endian.
 */

/** The delta that makes the new file. @param sha1 of the new file, hexadecimal */
export function deltaBody(file: SourceFile, parts: readonly DeltaPart[], sha1: string): SizedBody {
  const hash = Buffer.from(sha1, 'hex');
  const length = Buffer.alloc(4);
  length.writeInt32LE(hash.length);
  const head = Buffer.concat([Buffer.from('OCTODELTA\u0001\u0004SHA1'), length, hash, Buffer.from('>>>')]);
  return concatBodies([bytesBody(head), ...parts.flatMap((part) => partBodies(file, part))]);
}

/** The length of that delta in bytes. */
export function deltaBytes(parts: readonly DeltaPart[]): number {
  const headBytes = 42;
  return parts.reduce((sum, part) => sum + (part.kind === 'copy' ? 17 : 9 + part.length), headBytes);
}

function partBodies(file: SourceFile, part: DeltaPart): readonly SizedBody[] {
  if (part.kind === 'copy')
    return [bytesBody(Buffer.concat([Buffer.of(0x60), int64(part.oldStart), int64(part.length)]))];
  const { start, length } = part;
  return [
    bytesBody(Buffer.concat([Buffer.of(0x80), int64(length)])),
    { length, open: () => readRange(file, start, length) },
  ];
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}
