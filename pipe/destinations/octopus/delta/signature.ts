/**
 * Reads the signature of a file: a checksum and a hash for each of its chunks, in the format of octodiff.
 *
 * @see https://github.com/OctopusDeploy/Octodiff "SignatureWriter.cs" and "BinaryFormat.cs"
 */

import { InputError } from '../../../errors.ts';

/** The chunks of a file, all of one length except the last. */
export interface Signature {
  readonly chunkBytes: number;
  readonly lastChunkBytes: number;
  readonly count: number;
  /** Of the sums of the rolling checksum: 65,536 if they only overflow, 65,521 as in RFC 1950. */
  readonly modulus: number;
  /** The checksum of each chunk. */
  readonly sums: Uint32Array;
  /** The SHA-1 of each chunk, one after the other. */
  readonly hashes: Buffer;
}

export const sha1Bytes = 20;
const entryBytes = 2 + 4 + sha1Bytes;
const minChunkBytes = 128;
const maxChunkBytes = 31 * 1024;
const moduli: Readonly<Record<string, number>> = { Adler32: 65_536, Adler32V2: 65_521 };

/*
 * signature = "OCTOSIG" %x01 string string ">>>" *chunk   ; the names of the hash and of the rolling checksum
 * string    = length bytes                                ; one byte for the length
 * chunk     = length sum hash                             ; 2 bytes and 4 bytes, little-endian, and 20 bytes
 */

/** Reads a signature. @throws InputError if it is damaged, or of another version */
export function parseSignature(bytes: Buffer): Signature {
  const magic = Buffer.from('OCTOSIG\u0001');
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new InputError('the signature has an unknown format');
  const [hash, afterHash] = readString(bytes, magic.length);
  const [checksum, afterChecksum] = readString(bytes, afterHash);
  const modulus = Object.hasOwn(moduli, checksum) ? moduli[checksum] : undefined;
  if (hash !== 'SHA1' || modulus === undefined) throw new InputError('the signature uses unknown algorithms');
  const start = afterChecksum + 3;
  const count = (bytes.length - start) / entryBytes;
  if (bytes.toString('latin1', afterChecksum, start) !== '>>>' || !Number.isInteger(count) || count < 1)
    throw new InputError('the signature is damaged');
  return { ...readChunks(bytes, start, count), count, modulus };
}

function readString(bytes: Buffer, start: number): readonly [text: string, end: number] {
  const end = start + 1 + (bytes[start] ?? 0);
  return [bytes.toString('latin1', start + 1, end), end];
}

function readChunks(bytes: Buffer, start: number, count: number): Omit<Signature, 'count' | 'modulus'> {
  const sums = new Uint32Array(count);
  const hashes = Buffer.allocUnsafeSlow(count * sha1Bytes);
  const chunkBytes = bytes.readUInt16LE(start);
  const lastChunkBytes = bytes.readUInt16LE(start + (count - 1) * entryBytes);
  const isValid = (count === 1 || chunkBytes >= minChunkBytes) && chunkBytes <= maxChunkBytes && lastChunkBytes > 0;
  if (!isValid || lastChunkBytes > chunkBytes) throw new InputError('the signature has chunks of an invalid length');
  for (let index = 0; index < count; index++) {
    const offset = start + index * entryBytes;
    if (index < count - 1 && bytes.readUInt16LE(offset) !== chunkBytes)
      throw new InputError('the signature has chunks of different lengths');
    sums[index] = bytes.readUInt32LE(offset + 2);
    bytes.copy(hashes, index * sha1Bytes, offset + 6, offset + entryBytes);
  }
  return { chunkBytes, lastChunkBytes, sums, hashes };
}
