/** A tar archive on disk as a source: its headers are read once, and its files where they lie. */

import { rangeReader, readRange, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import { Members } from '../../archive/tar/members.ts';
import { TarWalk, type TarMember } from '../../archive/tar/walk.ts';
import { contentOf, headBytes } from '../../archive/content.ts';
import { FileReader, readBytes } from './file-reader.ts';
import { cutOffHint } from './scanned.ts';
import type { Entry, Source } from './source.ts';

/** @throws InputError where the archive is damaged */
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
