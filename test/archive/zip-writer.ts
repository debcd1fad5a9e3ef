/** Writes ZIP archives for tests, valid and invalid. @see APPNOTE.TXT 6.3.10 */

import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipMember {
  readonly name: string;
  readonly content: Buffer | string;
  /** Not compressed. */
  readonly isStored?: boolean;
  /** The size in the headers, instead of the real one. */
  readonly claimedSize?: number;
}

export interface ZipOptions {
  /** Writes sizes, offsets and counts as ZIP64 records, as in an archive that needs them. */
  readonly isZip64?: boolean;
}

export function zip(members: readonly ZipMember[], { isZip64 = false }: ZipOptions = {}): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, isStored = false, claimedSize } of members) {
    const bytes = Buffer.from(content);
    const data = isStored ? bytes : deflateRawSync(bytes);
    const size = claimedSize ?? bytes.length;
    const encodedName = Buffer.from(name);
    const common = numbers([20, 2], [0x0800, 2], [isStored ? 0 : 8, 2], [0, 4], [crc32(bytes), 4]);
    const local = Buffer.concat([
      numbers([0x04034b50, 4]),
      common,
      numbers([data.length, 4], [size, 4], [encodedName.length, 2], [0, 2]),
      encodedName,
      data,
    ]);
    const extra = isZip64 ? numbers([1, 2], [24, 2], [size, 8], [data.length, 8], [offset, 8]) : Buffer.alloc(0);
    const shown = (value: number): number => (isZip64 ? 0xffffffff : value);
    directory.push(
      numbers([0x02014b50, 4], [20, 2]),
      common,
      numbers(
        [shown(data.length), 4],
        [shown(size), 4],
        [encodedName.length, 2],
        [extra.length, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [0, 4],
      ),
      numbers([shown(offset), 4]),
      encodedName,
      extra,
    );
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const count = members.length;
  const end64 = isZip64
    ? [
        numbers([0x06064b50, 4], [44, 8], [45, 2], [45, 2], [0, 4], [0, 4], [count, 8], [count, 8]),
        numbers([central.length, 8], [offset, 8]),
        numbers([0x07064b50, 4], [0, 4], [offset + central.length, 8], [1, 4]),
      ]
    : [];
  const shownCount = isZip64 ? 0xffff : count;
  const shownOffset = isZip64 ? 0xffffffff : offset;
  return Buffer.concat([
    ...locals,
    central,
    ...end64,
    numbers(
      [0x06054b50, 4],
      [0, 2],
      [0, 2],
      [shownCount, 2],
      [shownCount, 2],
      [central.length, 4],
      [shownOffset, 4],
      [0, 2],
    ),
  ]);
}

/** Little-endian numbers, each with its length in bytes. */
function numbers(...fields: readonly (readonly [value: number, bytes: 2 | 4 | 8])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const buffer = Buffer.alloc(bytes);
      if (bytes === 8) buffer.writeBigUInt64LE(BigInt(value));
      else buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}
