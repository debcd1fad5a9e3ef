/** Reads a package's tarball in one pass, without unpacking it to disk: its manifest, its paths and its digests. */

import { InputError } from '../../errors.ts';
import { createHashes } from '../../io/hashes.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { observed, readThrough } from '../../io/observed-body.ts';
import { asObject, type JsonObject, parseJson } from '../../io/json.ts';
import { contentOf } from '../../archive/content.ts';
import { decompress } from '../../archive/decompress.ts';
import { limitExpansion } from '../../archive/expansion-limit.ts';
import { ForwardReader } from '../../archive/tar/reader.ts';
import { type TarMember, TarWalk } from '../../archive/tar/walk.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { PackageTree } from './package-tree.ts';

interface PackageTarball {
  /** The content of package.json. */
  readonly manifest: JsonObject;
  readonly tree: PackageTree;
  /** `sha512-` and base64, as in Subresource Integrity. */
  readonly integrity: string;
  /** SHA-1, hexadecimal, for old clients. */
  readonly shasum: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly fileCount: number;
  /** The total size of all files. */
  readonly unpackedBytes: number;
}

/** The largest known manifests have about 100 kB. */
const maxManifestBytes = 4 * 1024 * 1024;
/** For the READMEs and the list of authors, which become part of the document. */
const maxKeptBytes = 4 * 1024 * 1024;
const maxNameBytes = 16 * 1024 * 1024;
/** Linux's limit. */
const maxPathCharacters = 4096;
/** Enough for 100,000 files in ordinary directories. One name can contain a thousand directories, and each is an entry. */
const maxPathBytes = 32 * 1024 * 1024;

/**
 * Reads a tarball that `npm pack` made.
 *
 * @throws InputError if npm would not make or accept such a tarball: it is not gzip or not tar, is damaged or cut off, has no
 *   package.json or several, has a path that leads out of the package, or expands to more than any package
 * @throws FileChangedError if the file has changed since it was selected
 */
export async function readTarball(file: SourceFile): Promise<PackageTarball> {
  const name = printable(file.path);
  if (file.size === 0) throw new InputError(`${name} is empty: it is not a package`);
  const digests = createDigests();
  const compressed = checkGzip(observed(fileBody(file).open(), digests), name);
  const unpacked = limitExpansion(decompress(compressed, 'gzip', name), file.size, name);
  const reader = new ForwardReader(unpacked);
  const contents = new Contents(name);
  try {
    const walk = new TarWalk(reader, name);
    for await (const member of walk.members()) await contents.add(member, reader);
    // The checksum of the compressed bytes is at the end.
    await reader.drain();
    if (!walk.hasEndMark) throw new InputError(`${name} is cut off: its tar archive has no end marker`);
  } finally {
    await reader.close();
  }
  const manifest = contents.manifest();
  const { tree, fileCount, unpackedBytes } = contents;
  // Bytes after the end of the gzip data count only for the file's digests, so they require a second pass over the file.
  const whole = digests.length === file.size ? digests : await readThrough(fileBody(file), createDigests());
  return { manifest, tree, fileCount, unpackedBytes, ...whole.all() };
}

/** Collects the members that matter, by path without the first directory, whatever its name: npm strips it, too. */
class Contents {
  readonly tree = new PackageTree();
  fileCount = 0;
  unpackedBytes = 0;
  readonly #archive: string;
  #manifest: Buffer | undefined;
  #hasManifestAtRoot = false;
  #keptBytes = 0;
  #nameBytes = 0;

  constructor(archive: string) {
    this.#archive = archive;
  }

  async add(member: TarMember, reader: ForwardReader): Promise<void> {
    this.#nameBytes += member.name.length;
    if (this.#nameBytes > maxNameBytes)
      throw new InputError(`${this.#archive} has more than ${maxNameBytes} bytes of names, which no package has`);
    if (member.name.length > maxPathCharacters)
      throw new InputError(`${this.#archive} has a name of more than ${maxPathCharacters} characters`);
    if (this.tree.pathBytes > maxPathBytes)
      throw new InputError(`${this.#archive} has more files and directories than any package`);
    const path = this.#pathOf(member);
    if (path === 'package.json') {
      await this.#addManifest(member, reader);
    } else if (path === '') {
      this.#hasManifestAtRoot ||= member.name === 'package.json';
    } else if (member.kind === 'directory') {
      this.tree.addDirectory(path);
    } else if (member.kind === 'file') {
      this.tree.addFile(path, isForManifest(path) ? await this.#read(member, reader) : undefined);
    }
    // Links and devices do not count: npm leaves them out when it installs the package.
    if (member.kind !== 'file') return;
    this.fileCount++;
    this.unpackedBytes += member.size;
  }

  manifest(): JsonObject {
    if (this.#manifest === undefined) {
      const hint = this.#hasManifestAtRoot
        ? ': its package.json must be inside a directory, where `npm pack` puts it'
        : '';
      throw new InputError(`${this.#archive} has no package.json in its top directory, so it is not a package${hint}`);
    }
    const where = `${this.#archive}: package.json`;
    return asObject(parseJson(this.#manifest, where), where);
  }

  async #addManifest(member: TarMember, reader: ForwardReader): Promise<void> {
    const shown = `${this.#archive}: ${printable(member.name)}`;
    if (member.kind !== 'file') throw new InputError(`${shown} is a ${member.kind}, not a file`);
    if (this.#manifest !== undefined)
      throw new InputError(
        `${shown} is another package.json, and readers differ in which one they use: pack the package again`,
      );
    if (member.size > maxManifestBytes)
      throw new InputError(
        `${shown} has ${formatBytes(member.size)}, but the limit is ${formatBytes(maxManifestBytes)}`,
      );
    this.#manifest = await reader.read(member.size);
    this.tree.addFile('package.json');
  }

  async #read(member: TarMember, reader: ForwardReader): Promise<Buffer> {
    this.#keptBytes += member.size;
    if (this.#keptBytes > maxKeptBytes) {
      throw new InputError(
        `${this.#archive}: with ${printable(member.name)}, its README and AUTHORS files have ${formatBytes(this.#keptBytes)}, and no registry accepts more than ${formatBytes(maxKeptBytes)} of them`,
      );
    }
    return await reader.read(member.size);
  }

  #pathOf({ name }: TarMember): string {
    if (name.startsWith('/') || name.split(/[/\\]/).includes('..'))
      throw new InputError(`${this.#archive} has an entry ${printable(name)}, which leads out of the package`);
    const [, ...segments] = name.split('/');
    return segments.filter((segment) => segment !== '' && segment !== '.').join('/');
  }
}

/** Whether `completeManifest` reads the file's content. */
function isForManifest(path: string): boolean {
  return path === 'AUTHORS' || /^readme(?:\.[^/]*)?$/i.test(path);
}

interface Digests {
  readonly length: number;
  update(chunk: Uint8Array): void;
  all(): Pick<PackageTarball, 'integrity' | 'shasum' | 'sha256'>;
}

function createDigests(): Digests {
  const hashes = createHashes(['sha512', 'sha1', 'sha256']);
  let length = 0;
  return {
    get length() {
      return length;
    },
    update(chunk) {
      length += chunk.length;
      hashes.update(chunk);
    },
    all() {
      const { sha512, sha1, sha256 } = hashes.digest();
      return { integrity: `sha512-${Buffer.from(sha512, 'hex').toString('base64')}`, shasum: sha1, sha256 };
    },
  };
}

async function* checkGzip(compressed: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of compressed) {
    if (isFirst && contentOf(chunk.subarray(0, 512)) !== 'gzip')
      throw new InputError(`${name} is not compressed with gzip: FILENAME takes tarballs made by \`npm pack\``);
    isFirst = false;
    yield chunk;
  }
}
