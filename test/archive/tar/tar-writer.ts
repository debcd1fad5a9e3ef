/** Writes tar archives for tests, valid and invalid. */

export interface TarEntry {
  readonly name: string;
  readonly content?: Buffer | string;
  /** Type flag. Default: a regular file. */
  readonly type?: string;
  readonly linkName?: string;
  readonly prefix?: string;
  /** Instead of the content's length: a number, or the bytes of the field. */
  readonly size?: number | Buffer;
  readonly magic?: string;
  /** Added to the correct checksum. */
  readonly checksumError?: number;
  readonly signedChecksum?: boolean;
  /** Leaves out the padding after the content. */
  readonly withoutPadding?: boolean;
}

const endMark = Buffer.alloc(1024);

/** A complete archive. */
export function tar(entries: readonly TarEntry[], end: Buffer = endMark): Buffer {
  return Buffer.concat([...entries.map(tarEntry), end]);
}

export function tarEntry(entry: TarEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  const padding = entry.withoutPadding === true ? 0 : (512 - (content.length % 512)) % 512;
  return Buffer.concat([headerOf(entry, content.length), content, Buffer.alloc(padding)]);
}

function headerOf(entry: TarEntry, length: number): Buffer {
  const block = Buffer.alloc(512);
  const { size = length } = entry;
  block.write(entry.name, 0, 100);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  if (typeof size === 'number') block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else size.copy(block, 124);
  block.write('00000000000\0', 136);
  block.write(entry.type ?? '0', 156, 'latin1');
  block.write(entry.linkName ?? '', 157, 100);
  block.write(entry.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(entry.prefix ?? '', 345, 155);
  block.fill(' ', 148, 156);
  const sum = [...block].reduce(
    (total, byte) => total + (entry.signedChecksum === true && byte > 127 ? byte - 256 : byte),
    0,
  );
  block.write(`${(sum + (entry.checksumError ?? 0)).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A pax header, which extends the next one. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): TarEntry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    const bytes = Buffer.byteLength(rest);
    const digits = String(bytes + String(bytes + 2).length).length;
    return `${bytes + digits}${rest}`;
  });
  return { name: 'PaxHeaders/x', type, content: lines.join('') };
}

/** GNU's long name (`L`) or long link name (`K`) of the next entry. */
export function gnuLong(type: 'L' | 'K', text: string): TarEntry {
  return { name: '././@LongLink', type, content: `${text}\0`, magic: 'ustar  \0' };
}

/** A size in base 256. */
export function base256(size: bigint): Buffer {
  const field = Buffer.alloc(12);
  field.writeBigUInt64BE(size, 4);
  field[0] = 0x80;
  return field;
}
