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
  /** The checksum of each chunk, and room for more. */
  readonly sums: Uint32Array;
  /** The SHA-1 of each chunk, one after the other, and room for more. */
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

/** Longer than any signature's head. */
const maxHeadBytes = 64;
/** Of 13 MB, which a package of 1 GB has, nothing is held twice. */
const firstCount = 4096;

/** Reads a signature piece by piece, as it arrives. */
export class SignatureParser {
  #rest = Buffer.alloc(0);
  #modulus: number | undefined;
  #count = 0;
  #chunkBytes = 0;
  #lastChunkBytes = 0;
  #sums = new Uint32Array(firstCount);
  #hashes = Buffer.allocUnsafeSlow(firstCount * sha1Bytes);

  /** @throws InputError if it is damaged, or of another version */
  add(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let position = 0;
    if (this.#modulus === undefined) {
      if (all.length < maxHeadBytes) {
        this.#rest = Buffer.from(all);
        return;
      }
      position = this.#readHead(all);
    }
    for (; position + entryBytes <= all.length; position += entryBytes) this.#readEntry(all, position);
    this.#rest = Buffer.from(all.subarray(position));
  }

  /** The signature. @throws InputError if it is damaged or cut off */
  end(): Signature {
    if (this.#modulus === undefined) {
      const all = this.#rest;
      const position = this.#readHead(all);
      this.#rest = Buffer.alloc(0);
      this.add(all.subarray(position));
    }
    if (this.#rest.length > 0 || this.#count === 0) throw new InputError('the signature is damaged');
    const [chunkBytes, lastChunkBytes, count] = [this.#chunkBytes, this.#lastChunkBytes, this.#count];
    const isValid = (count === 1 || chunkBytes >= minChunkBytes) && chunkBytes <= maxChunkBytes && lastChunkBytes > 0;
    if (!isValid || lastChunkBytes > chunkBytes) throw new InputError('the signature has chunks of an invalid length');
    return { chunkBytes, lastChunkBytes, count, modulus: this.#modulus ?? 1, sums: this.#sums, hashes: this.#hashes };
  }

  /** @returns where the chunks begin */
  #readHead(bytes: Buffer): number {
    const magic = Buffer.from('OCTOSIG\u0001');
    if (!bytes.subarray(0, magic.length).equals(magic)) throw new InputError('the signature has an unknown format');
    const [hash, afterHash] = readString(bytes, magic.length);
    const [checksum, afterChecksum] = readString(bytes, afterHash);
    this.#modulus = Object.hasOwn(moduli, checksum) ? moduli[checksum] : undefined;
    if (hash !== 'SHA1' || this.#modulus === undefined) throw new InputError('the signature uses unknown algorithms');
    const end = afterChecksum + 3;
    if (bytes.toString('latin1', afterChecksum, end) !== '>>>') throw new InputError('the signature is damaged');
    return end;
  }

  #readEntry(bytes: Buffer, position: number): void {
    const length = bytes.readUInt16LE(position);
    if (this.#count === 0) this.#chunkBytes = length;
    else if (this.#lastChunkBytes !== this.#chunkBytes)
      throw new InputError('the signature has chunks of different lengths');
    this.#lastChunkBytes = length;
    if (this.#count === this.#sums.length) this.#grow();
    this.#sums[this.#count] = bytes.readUInt32LE(position + 2);
    bytes.copy(this.#hashes, this.#count * sha1Bytes, position + 6, position + entryBytes);
    this.#count++;
  }

  #grow(): void {
    const sums = new Uint32Array(this.#sums.length * 2);
    sums.set(this.#sums);
    const hashes = Buffer.allocUnsafeSlow(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    [this.#sums, this.#hashes] = [sums, hashes];
  }
}

function readString(bytes: Buffer, start: number): readonly [text: string, end: number] {
  const end = start + 1 + (bytes[start] ?? 0);
  return [bytes.toString('latin1', start + 1, end), end];
}
