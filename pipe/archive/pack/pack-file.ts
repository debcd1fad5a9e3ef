/** Packs a tree of files into one archive on disk: the same bytes for the same files, on every machine. */

import { open, rm, stat } from 'node:fs/promises';
import { constants, createGzip, type Gzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { InputError } from '../../errors.ts';
import { createHashes } from '../../io/hashes.ts';
import type { Tree } from '../../io/select-tree.ts';
import { fileBody, fingerprintOf, type SourceFile } from '../../io/source-file.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { PackFormat } from './format.ts';
import { nugetEntries, nugetTree } from './nuget-parts.ts';
import type { PackageIdentity } from './package-name.ts';
import type { PackedEntry } from './packed-entry.ts';
import { tarBytes } from './tar-bytes.ts';
import { zipBytes } from './zip-bytes.ts';

/** How a tree is packed. */
export interface PackRules {
  /** The archive's name, for messages. */
  readonly name: string;
  readonly format: PackFormat;
  /** What a NuGet package says about itself; other formats say nothing. */
  readonly identity: PackageIdentity;
  /** Of every entry, in milliseconds since 1970. */
  readonly time: number;
  readonly signal: AbortSignal;
}

/** An archive that has been written. */
export interface PackedFile {
  readonly file: SourceFile;
  /** What is in it: the given tree, without what the format has no place for. */
  readonly tree: Tree;
  /** Hexadecimal. */
  readonly sha1: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** yazl writes directories by recursion. Real packages have a few that are empty. */
const maxEmptyDirectories = 1_000;

/**
 * Packs a tree into a new file at `path`, which is removed again if that fails. Deflated by the zlib of Node.js, so that
 * the bytes depend on its version alone.
 *
 * @throws InputError if a name cannot be packed in this format, or the file cannot be written
 * @throws FileChangedError if a file changes meanwhile; the signal's reason if it aborts
 */
export async function packFile(given: Tree, path: string, rules: PackRules): Promise<PackedFile> {
  const { name, format, signal } = rules;
  const tree = format === 'nupkg' ? nugetTree(given) : given;
  checkNames(tree, rules);
  const hashes = createHashes(['sha1', 'sha256']);
  const handle = await open(path, 'wx').catch((error: unknown) => {
    throw unwritable(name, error);
  });
  try {
    try {
      for await (const chunk of bytesOf(tree, rules)) {
        signal.throwIfAborted();
        hashes.update(chunk);
        await writeWhole(handle, chunk, name);
      }
    } finally {
      await handle.close();
    }
    const stats = await stat(path, { bigint: true });
    const file = { path: name, absolutePath: path, size: Number(stats.size), fingerprint: fingerprintOf(stats) };
    return { file, tree, ...hashes.digest() };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

type Handle = Awaited<ReturnType<typeof open>>;

async function writeWhole(handle: Handle, chunk: Uint8Array, name: string): Promise<void> {
  try {
    for (let start = 0; start < chunk.length;) start += (await handle.write(chunk, start)).bytesWritten;
  } catch (error) {
    throw unwritable(name, error);
  }
}

function unwritable(name: string, cause: unknown): InputError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = code === 'ENOSPC' ? 'the disk is full' : message;
  return new InputError(`${printable(name)} cannot be written: ${reason}`, { cause });
}

function bytesOf(tree: Tree, { format, identity, time }: PackRules): AsyncIterable<Uint8Array> {
  const entries = entriesOf(tree);
  if (format === 'zip') return zipBytes(entries, time);
  if (format === 'nupkg') return zipBytes(nugetEntries(entries, identity), time);
  const tar = tarBytes(entries, time);
  return format === 'tar' ? tar : gzipped(tar);
}

function entriesOf({ files, emptyDirectories }: Tree): readonly PackedEntry[] {
  return [
    ...files.map(
      ({ path, file, isExecutable }) => ({ kind: 'file', path, body: fileBody(file), isExecutable }) as const,
    ),
    ...emptyDirectories.map((path) => ({ kind: 'directory', path }) as const),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Byte 9 of gzip's header names the operating system (RFC 1952, section 2.3.1): that it is unknown is true everywhere. */
const systemOffset = 9;
const unknownSystem = 255;

async function* gzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(copied(bytes), { objectMode: false });
  const gzip: Gzip = source.pipe(createGzip({ level: constants.Z_DEFAULT_COMPRESSION }));
  source.on('error', (error) => gzip.destroy(error));
  let position = 0;
  try {
    for await (const chunk of gzip as AsyncIterable<Buffer>) {
      if (position <= systemOffset && position + chunk.length > systemOffset)
        chunk[systemOffset - position] = unknownSystem;
      position += chunk.length;
      yield chunk;
    }
  } finally {
    source.destroy();
    gzip.destroy();
  }
}

/** What is read is overwritten before the compressor has taken it. */
async function* copied(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) yield Buffer.from(chunk);
}

/** @throws InputError naming every name that an archive of this format cannot have */
function checkNames({ files, emptyDirectories }: Tree, { name, format }: PackRules): void {
  if (format === 'tar' || format === 'tar.gz') return;
  const paths = [...files.map(({ path }) => path), ...emptyDirectories];
  const problems = paths
    .filter((path) => /\\|^[a-z]:/i.test(path))
    .map(
      (path) =>
        `${printable(path)} cannot be packed into ${printable(name)}: a backslash or a drive's letter in a name means another directory on Windows: rename it, or pack a tar.gz`,
    );
  if (emptyDirectories.length > maxEmptyDirectories)
    problems.push(
      `${printable(name)} would have more than ${maxEmptyDirectories} empty directories: remove them, or pack a tar.gz`,
    );
  if (problems.length > 0) throw new InputError(problems);
}
