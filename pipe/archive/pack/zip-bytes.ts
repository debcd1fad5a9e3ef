/** Writes a ZIP archive, ZIP64 if it must be: the same bytes for the same entries, whatever the machine's time zone. */

import { type PassThrough, Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import type { SizedBody } from '../../io/body.ts';
import { type PackedEntry, plainModes } from './packed-entry.ts';

/** Of stat(2), which ZIP's external attributes have in their upper half. */
const types = { file: 0o100000, directory: 0o040000 } as const;

/** Copies of this size are handed on: what is read is overwritten before a compressor has taken it. */
const copyBytes = 64 * 1024;

/** ZIP's times begin here; times of the first day count as the first, because yazl compares in the local time zone. */
const firstMs = Date.UTC(1980, 0, 1);
const lastMs = Date.UTC(2107, 11, 30);
const dayMs = 86_400_000;

/**
 * Yields the archive.
 *
 * @param time milliseconds since 1970, the time of every entry, to two seconds
 * @throws what the bodies throw, such as FileChangedError
 * @see PKWARE's APPNOTE.TXT 6.3.10
 */
export async function* zipBytes(entries: Iterable<PackedEntry>, time: number): AsyncGenerator<Uint8Array> {
  const zip = new ZipFile();
  const output = zip.outputStream as PassThrough;
  const fail = (error: Error): void => void output.destroy(error);
  // yazl emits it, although its types do not say so.
  (zip as unknown as PassThrough).on('error', fail);
  const common = { mtime: new UtcDate(inRange(time)), forceDosTimestamp: true };
  let reading: Readable | undefined;
  for (const entry of entries) {
    if (entry.kind === 'directory') {
      zip.addEmptyDirectory(entry.path, { ...common, mode: types.directory | plainModes.directory });
      continue;
    }
    const mode = types.file | (entry.isExecutable ? plainModes.executable : plainModes.file);
    zip.addReadStreamLazy(entry.path, { ...common, mode, size: entry.body.length }, (callback) => {
      reading = Readable.from(copiesOf(entry.body), { objectMode: false });
      reading.on('error', fail);
      callback(null, reading);
    });
  }
  zip.end();
  try {
    for await (const chunk of output) yield chunk as Buffer;
  } finally {
    reading?.destroy();
    output.destroy();
  }
}

async function* copiesOf(body: SizedBody): AsyncGenerator<Buffer> {
  for await (const chunk of body.open())
    for (let start = 0; start < chunk.length; start += copyBytes)
      yield Buffer.from(chunk.subarray(start, start + copyBytes));
}

function inRange(time: number): number {
  return time < firstMs + dayMs ? firstMs : Math.min(time, lastMs);
}

/** DOS times have no time zone, and yazl writes local ones. */
class UtcDate extends Date {
  override getFullYear(): number {
    return this.getUTCFullYear();
  }
  override getMonth(): number {
    return this.getUTCMonth();
  }
  override getDate(): number {
    return this.getUTCDate();
  }
  override getHours(): number {
    return this.getUTCHours();
  }
  override getMinutes(): number {
    return this.getUTCMinutes();
  }
  override getSeconds(): number {
    return this.getUTCSeconds();
  }
}
