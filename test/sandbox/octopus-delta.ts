/** Makes signatures and applies deltas as octodiff does: written from its format, independently of the pipe. */
import { createHash } from 'node:crypto';

export interface SignatureForm {
  readonly rollingChecksum: 'Adler32' | 'Adler32V2';
  readonly chunkBytes: number;
}

export class DeltaError extends Error {}

export function signatureOf(content: Buffer, { rollingChecksum, chunkBytes }: SignatureForm): Buffer {
  const pieces = [Buffer.from('OCTOSIG\u0001'), pascal('SHA1'), pascal(rollingChecksum), Buffer.from('>>>')];
  const modulus = rollingChecksum === 'Adler32' ? 2 ** 16 : 65_521;
  for (let start = 0; start < content.length; start += chunkBytes) {
    const chunk = content.subarray(start, start + chunkBytes);
    const head = Buffer.alloc(6);
    head.writeUInt16LE(chunk.length);
    head.writeUInt32LE(adler(chunk, modulus), 2);
    pieces.push(head, createHash('sha1').update(chunk).digest());
  }
  return Buffer.concat(pieces);
}

/** @throws DeltaError if it is malformed, or makes something else than it says */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from('OCTODELTA\u0001'), pascal('SHA1'), Buffer.from([20, 0, 0, 0])]);
  if (!delta.subarray(0, head.length).equals(head)) throw new DeltaError('a delta with another beginning');
  const hash = delta.subarray(head.length, head.length + 20);
  let position = head.length + 20;
  if (delta.toString('latin1', position, position + 3) !== '>>>') throw new DeltaError('no end of the metadata');
  position += 3;
  const take = (length: number): Buffer => {
    if (length < 0 || position + length > delta.length) throw new DeltaError('a delta that ends too early');
    position += length;
    return delta.subarray(position - length, position);
  };
  const int64 = (): number => Number(take(8).readBigInt64LE());
  const parts: Buffer[] = [];
  let lastEnd = -1;
  while (position < delta.length) {
    const [command] = take(1);
    if (command === 0x60) {
      const start = int64();
      const length = int64();
      if (start < 0 || length <= 0 || start + length > base.length) throw new DeltaError('a copy of what is not there');
      if (start === lastEnd) throw new DeltaError('adjacent copies that are not merged');
      lastEnd = start + length;
      parts.push(base.subarray(start, lastEnd));
    } else if (command === 0x80) {
      const length = int64();
      if (length <= 0) throw new DeltaError('data of no length');
      parts.push(take(length));
      lastEnd = -1;
    } else throw new DeltaError(`an unknown command ${command}`);
  }
  const made = Buffer.concat(parts);
  if (!createHash('sha1').update(made).digest().equals(hash)) throw new DeltaError('a delta that makes something else');
  return made;
}

function adler(chunk: Buffer, modulus: number): number {
  let a = 1;
  let b = 0;
  for (const byte of chunk) {
    a = (a + byte) % modulus;
    b = (b + a) % modulus;
  }
  return b * 2 ** 16 + a;
}

/** As .NET's BinaryWriter writes a short string. */
function pascal(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}
