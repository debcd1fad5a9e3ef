/**
 * Reads a compressed tar archive as a source.
 *
 * It is decompressed once to list its content, which also verifies its checksum, and again for the layers that are needed;
 * never to disk, because build machines may lack the space. The first pass runs at 200 MB/s or more and usually saves more
 * time than it costs: `docker save` writes manifest.json at the end, and only manifest.json shows which layers the registry
 * already has. If they are opened in ascending order of `position`, all layers take one more pass: a reader that has
 * reached the end of a file waits there for the next one.
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

/** The limit of waiting readers. Each has the file open and uses a few hundred kilobytes. */
const maxWaiting = 2;

/** Scans the archive. @throws InputError if it is damaged or cut off */
export async function openCompressedTar(file: SourceFile, compression: Compression): Promise<Source> {
  const name = printable(file.path);
  const start = (): ForwardReader => new ForwardReader(decompress(readRange(file, 0, file.size), compression, name));
  const first = start();
  const scan = new ArchiveScan(first, `${name} (decompressed)`);
  try {
    for await (const file of scan.files()) void file;
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
      yield chunk;
    }
    isWhole = true;
  } finally {
    if (isWhole) waiting.push(reader);
    else await reader.close();
    // The reader that is furthest ahead is the least useful.
    if (waiting.length > maxWaiting)
      await waiting
        .sort((a, b) => a.position - b.position)
        .pop()
        ?.close();
  }
}

/** Takes the waiting reader that has the least to skip. */
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
