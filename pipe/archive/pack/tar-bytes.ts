/**
 * Writes a tar archive: ustar, with pax records for what ustar cannot say.
 *
 * @see POSIX.1-2024, pax, "ustar Interchange Format" and "pax Extended Header"
 */

import { blockBytes } from '../tar/header.ts';
import { type PackedEntry, plainModes } from './packed-entry.ts';

/** Octal digits of a size: 8 GiB, less one byte. */
const maxUstarBytes = 8 ** 11 - 1;
const maxUstarSeconds = 8 ** 11 - 1;
const maxNameBytes = 100;

/**
 * Yields the archive.
 *
 * @param time milliseconds since 1970, the time of every entry, to a second
 * @throws what the bodies throw, such as FileChangedError
 */
export async function* tarBytes(entries: Iterable<PackedEntry>, time: number): AsyncGenerator<Uint8Array> {
  const seconds = Math.min(maxUstarSeconds, Math.max(0, Math.floor(time / 1000)));
  for (const entry of entries) {
    const isFile = entry.kind === 'file';
    const path = isFile ? entry.path : `${entry.path}/`;
    const size = isFile ? entry.body.length : 0;
    const mode = isFile ? (entry.isExecutable ? plainModes.executable : plainModes.file) : plainModes.directory;
    const records = paxRecords(path, size);
    if (records.length > 0) {
      yield header({ path: 'pax', size: records.length, mode: plainModes.file, type: 'x', seconds });
      yield padded(records);
    }
    yield header({ path, size, mode, type: isFile ? '0' : '5', seconds });
    if (!isFile) continue;
    yield* entry.body.open();
    yield Buffer.alloc(-size & (blockBytes - 1));
  }
  yield Buffer.alloc(2 * blockBytes);
}

interface Fields {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  readonly type: '0' | '5' | 'x';
  readonly seconds: number;
}

function header({ path, size, mode, type, seconds }: Fields): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, start: number, digits: number): number =>
    block.write(value.toString(8).padStart(digits, '0'), start, 'latin1');
  // Of a path that a pax record gives in full, as much as fits.
  Buffer.from(path).copy(block, 0, 0, maxNameBytes);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size > maxUstarBytes ? 0 : size, 124, 11);
  octal(seconds, 136, 11);
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  octal(0, 329, 7);
  octal(0, 337, 7);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  // The checksum ends with a NUL and a space.
  block[154] = 0;
  return block;
}

/** The records for a name that is long or not ASCII, and for a size from 8 GiB on. */
function paxRecords(path: string, size: number): Buffer {
  const isPlain = Buffer.byteLength(path) <= maxNameBytes && /^[\x20-\x7E]*$/.test(path);
  return Buffer.concat([
    isPlain ? Buffer.alloc(0) : paxRecord('path', path),
    size > maxUstarBytes ? paxRecord('size', String(size)) : Buffer.alloc(0),
  ]);
}

/** `"%d %s=%s\n"`, in which the number counts itself. */
function paxRecord(keyword: string, value: string): Buffer {
  const rest = Buffer.from(` ${keyword}=${value}\n`);
  let length = rest.length + 1;
  while (rest.length + String(length).length !== length) length++;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (blockBytes - 1))]);
}
