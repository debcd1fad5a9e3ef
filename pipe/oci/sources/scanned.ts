/** Turns a scanned archive into a source. */

import type { ArchiveScan } from '../../archive/tar/scan.ts';
import type { TarMember, TarWalk } from '../../archive/tar/walk.ts';
import type { Entry, Source } from './source.ts';

export interface ScannedParts {
  /** Names the source in messages. */
  readonly name: string;
  /** Reads a file again. */
  readonly reopen: (member: TarMember) => AsyncIterable<Uint8Array>;
  /** The digest of a file, if it was read to its end during the scan. */
  readonly measured?: (member: TarMember) => string | undefined;
  readonly close: () => Promise<void>;
}

/** Creates a source. @param scan has ended */
export function scannedSource(scan: ArchiveScan, { name, reopen, measured, close }: ScannedParts): Source {
  const entryOf = (member: TarMember): Entry => {
    const document = scan.documentOf(member);
    return {
      name: member.name,
      size: member.size,
      position: member.position,
      measured: measured?.(member),
      content: () => Promise.resolve(scan.contentOf(member)),
      open: () => (document === undefined ? reopen(member) : inMemory(document)),
    };
  };
  return {
    name,
    kind: 'archive',
    isForwardOnly: true,
    async find(path) {
      const member = scan.members.find(path);
      return member === undefined ? undefined : entryOf(member);
    },
    earlier: (path) => scan.members.earlier(path).map(entryOf),
    paths: () => scan.members.paths(),
    hint: cutOffHint(scan.walk),
    close,
  };
}

async function* inMemory(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A missing end mark is the only sign of an archive cut off between two members; but some writers never write it. */
export function cutOffHint({ hasEndMark }: TarWalk): string {
  return hasEndMark ? '' : '. The archive has no end mark: it may be cut off';
}
