/**
 * A tar archive that is compressed as a whole, as a source.
 *
 * It cannot be read in place. It is decompressed once to learn what is in it, which also checks its own checksum, and again
 * for the layers that are wanted; never to disk, where a build's machine may lack the room. The first pass, at 200 MB/s
 * and more, mostly costs less than it saves: only then is it known which layers the registry has already, since what
 * belongs where stands at the very end of what `docker save` writes. Opened in ascending order of `position`, all layers
 * take one further pass: a reader that has come to the end of a file waits there for the next one.
 */

import { readRange, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { ForwardReader } from '../../archive/tar/reader.ts';
import { ArchiveScan, cutOff } from '../../archive/tar/scan.ts';
import type { TarMember } from '../../archive/tar/walk.ts';
import { scannedSource } from './scanned.ts';
import type { Source } from './source.ts';
import { decompress } from '../../archive/decompress.ts';
import type { Compression } from '../../compression/formats.ts';

/** Readers that wait: each has the file open, and holds some hundred kilobytes. */
const maxWaiting = 2;

/** @throws InputError where the archive is damaged */
export async function openCompressedTar(file: SourceFile, compression: Compression): Promise<Source> {
  const name = printable(file.path);
  const start = (): ForwardReader => new ForwardReader(decompress(readRange(file, 0, file.size), compression, name));
  const first = start();
  const scan = new ArchiveScan(first, `${name} (decompressed)`);
  try {
    for await (const passing of scan.files()) void passing;
    await first.drain();
  } finally {
    await first.close();
  }
  const waiting: ForwardReader[] = [];
  return scannedSource(scan, {
    name,
    reopen: (member) => readMember(member, waiting, start, name),
    async close() {
      await Promise.all(waiting.splice(0).map((reader) => reader.close()));
    },
  });
}

async function* readMember(
  member: TarMember,
  waiting: ForwardReader[],
  start: () => ForwardReader,
  name: string,
): AsyncGenerator<Uint8Array> {
  const { position, size } = member;
  const reader = takeNearest(waiting, position) ?? start();
  let isWhole = false;
  try {
    await reader.skip(position - reader.position);
    for (const end = position + size; reader.position < end;) {
      const chunk = await reader.take(end - reader.position);
      if (chunk.length === 0) throw cutOff(name, member, reader.position);
      isWhole = reader.position === end;
      yield chunk;
    }
    isWhole = true;
  } finally {
    if (isWhole) waiting.push(reader);
    else await reader.close();
    // The one that is furthest ahead is of the least use.
    if (waiting.length > maxWaiting)
      await waiting
        .sort((a, b) => a.position - b.position)
        .pop()
        ?.close();
  }
}

/** Of the readers that wait, the one that has the least to skip. */
function takeNearest(waiting: ForwardReader[], position: number): ForwardReader | undefined {
  const nearest = waiting
    .filter((reader) => reader.position <= position)
    .reduce<ForwardReader | undefined>(
      (best, reader) => (best === undefined || reader.position > best.position ? reader : best),
      undefined,
    );
  if (nearest !== undefined) waiting.splice(waiting.indexOf(nearest), 1);
  return nearest;
}
