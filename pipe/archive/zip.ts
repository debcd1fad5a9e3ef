/** Reads ZIP archives of any size: the list of their members, and the content of each. */

import { type Entry, fromRandomAccessReaderPromise } from 'yauzl';
import { PipeError } from '../errors.ts';
import { readWhole } from '../io/bounded-read.ts';
import { collectGarbage } from '../io/flat-heap.ts';
import { checkUnchanged, openUnchanged, type SourceFile } from '../io/source-file.ts';
import { memberContent } from './zip-content.ts';
import { ZipReader } from './zip-reader.ts';

/** A file that is not a valid ZIP archive. */
export class ZipError extends PipeError {
  override readonly name = 'ZipError';
}

/** A file in an archive. */
export interface ZipMember {
  readonly path: string;
  /** Bytes of content, by the archive's directory. */
  readonly size: number;
  /** Yields the content. A chunk is valid until the next one is requested. @throws ZipError if it cannot be read, or does not match its size or checksum */
  open(): AsyncGenerator<Uint8Array>;
  /** @throws ZipError if it cannot be read, or is longer than `maxBytes` */
  read(maxBytes: number): Promise<Buffer>;
}

/** Far more than the largest jars have. An archive of 4 GiB could list 90 million. */
const maxMembers = 1_000_000;
/** yauzl makes a few buffers for each entry, which V8 would let pile up. */
const membersPerCollection = 10_000;
/** What is known of a wanted member takes about 500 bytes, and its path. The largest wheels have about 30,000. */
const maxWanted = 50_000;
const maxPathBytes = 8 * 1024 * 1024;

/**
 * Calls `work` with the members whose path `isWanted`. They can be read until `work` ends.
 *
 * @throws ZipError if the file is not a valid ZIP archive
 * @throws FileChangedError if it has changed since the run was planned; InputError if it cannot be read
 */
export async function withZipMembers<T>(
  file: SourceFile,
  isWanted: (path: string) => boolean,
  work: (members: readonly ZipMember[]) => Promise<T>,
): Promise<T> {
  const handle = await openUnchanged(file);
  try {
    const reader = new ZipReader(handle);
    const zip = await readable(() =>
      // yauzl must not decode paths: it would fail for odd names of members that are not wanted.
      fromRandomAccessReaderPromise(reader, file.size, {
        autoClose: false,
        lazyEntries: true,
        decodeStrings: false,
      }),
    );
    const members: ZipMember[] = [];
    let pathBytes = 0;
    await readable(async () => {
      for await (const entry of zip.eachEntry()) {
        if (zip.entriesRead > maxMembers) throw new Error(`it has more than ${maxMembers} members`);
        const path = entry.fileNameRaw.toString('utf8');
        if (zip.entriesRead % membersPerCollection === 0) collectGarbage();
        if (members.length > maxWanted)
          throw new Error(`it has more than ${maxWanted} members of the kind that is looked for`);
        if (!isWanted(path)) continue;
        pathBytes += path.length;
        if (pathBytes > maxPathBytes) throw new Error(`it has more than ${maxPathBytes} bytes of names`);
        members.push(toMember(entry, path, reader));
      }
    });
    const result = await work(members);
    await checkUnchanged(handle, file);
    return result;
  } finally {
    await handle.close();
  }
}

/** Keeps only what is needed of the entry, which has several buffers. */
function toMember(entry: Entry, path: string, reader: ZipReader): ZipMember {
  const { compressionMethod, compressedSize, uncompressedSize: size, relativeOffsetOfLocalHeader } = entry;
  const isEncrypted = entry.isEncrypted();
  const stored = { path, size, crc32: entry.crc32, compressionMethod, compressedSize, isEncrypted };
  const open = (): AsyncGenerator<Uint8Array> =>
    readableContent(memberContent(reader, { ...stored, headerPosition: relativeOffsetOfLocalHeader }));
  return {
    path,
    size,
    open,
    async read(maxBytes) {
      const bytes = size > maxBytes ? undefined : await readWhole(open(), maxBytes);
      if (bytes === undefined) throw new ZipError(`${path} in it is longer than ${maxBytes} bytes`);
      return bytes;
    },
  };
}

async function* readableContent(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    throw toZipError(error);
  }
}

async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toZipError(error);
  }
}

function toZipError(error: unknown): ZipError {
  return error instanceof ZipError ? error : new ZipError((error as Error).message, { cause: error });
}
