/** Reads a tar file as a source: headers once, files in place. */

import { rangeReader, readRange, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { Members } from '../../archive/tar/members.ts';
import { TarWalk, type TarMember } from '../../archive/tar/walk.ts';
import { contentOf, headBytes } from '../../archive/content.ts';
import { FileReader, readBytes } from './file-reader.ts';
import { cutOffHint } from './scanned.ts';
import type { Entry, Source } from './source.ts';

/** Reads the archive's headers. @throws InputError if it is damaged or cut off */
export async function openTarFile(file: SourceFile): Promise<Source> {
  const name = printable(file.path);
  const members = new Members(name);
  const reader = await FileReader.open(file);
  const walk = new TarWalk(reader, name);
  try {
    for await (const member of walk.members()) members.add(member);
  } finally {
    await reader.close();
  }
  const entryOf = ({ name, position, size }: TarMember): Entry => ({
    name,
    size,
    position,
    content: async () => contentOf(await readBytes(file, position, Math.min(size, headBytes))),
    open: () => readRange(file, position, size),
    read: () => rangeReader(file, position, size),
  });
  return {
    name,
    kind: 'archive',
    isForwardOnly: false,
    async find(path) {
      const member = members.find(path);
      return member === undefined ? undefined : entryOf(member);
    },
    earlier: (path) => members.earlier(path).map(entryOf),
    paths: () => members.paths(),
    hint: cutOffHint(walk),
    close: () => Promise.resolve(),
  };
}
