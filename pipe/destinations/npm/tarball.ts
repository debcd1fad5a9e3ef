/** Reads a package's tarball once, from beginning to end and never to the disk: its manifest, its paths, its digests. */

import { InputError } from '../../errors.ts';
import { createHashes } from '../../io/hashes.ts';
import { fileBody, type SourceFile } from '../../io/source-file.ts';
import { observed, readThrough } from '../../io/observed-body.ts';
import { asObject, type JsonObject, parseJson } from '../../io/json.ts';
import { contentOf } from '../../archive/content.ts';
import { decompress } from '../../archive/decompress.ts';
import { ForwardReader } from '../../archive/tar/reader.ts';
import { type TarMember, TarWalk } from '../../archive/tar/walk.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { PackageTree } from './package-tree.ts';

interface PackageTarball {
  /** package.json as it is in the tarball. */
  readonly manifest: JsonObject;
  readonly tree: PackageTree;
  /** `sha512-` and base64, as Subresource Integrity has it. */
  readonly integrity: string;
  /** SHA-1, hexadecimal, for old clients. */
  readonly shasum: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly fileCount: number;
  /** Of all files together. */
  readonly unpackedBytes: number;
}

/** The largest manifests there are have some 100 kB. */
const maxManifestBytes = 4 * 1024 * 1024;
/** Of the READMEs and the list of authors, which become part of the document that is sent. */
const maxKeptBytes = 16 * 1024 * 1024;
const maxNameBytes = 16 * 1024 * 1024;
/** Real packages shrink to a tenth or so; an archive made to exhaust its reader, to a thousandth. */
const maxUnpackedBytes = 10e9;
const maxRatio = 200;
const anyRatioBytes = 100e6;

/**
 * @throws InputError where it is no tarball that npm would make and take: not gzip, not tar, damaged or cut off, without a
 *   package.json or with several, with a path that leads out of it, or unpacking to more than any package has
 * @throws FileChangedError where the file is not the one that was planned
 */
export async function readTarball(file: SourceFile): Promise<PackageTarball> {
  const name = printable(file.path);
  if (file.size === 0) throw new InputError(`${name} is empty: it is no tarball of a package`);
  const digests = createDigests();
  const packed = checked(observed(fileBody(file).open(), digests), name);
  const unpacked = limited(decompress(packed, 'gzip', name), file, name);
  const reader = new ForwardReader(unpacked);
  const contents = new Contents(name);
  try {
    const walk = new TarWalk(reader, name);
    for await (const member of walk.members()) await contents.add(member, reader);
    // Where the checksum of the packed bytes is.
    await reader.drain();
    if (!walk.hasEndMark) throw new InputError(`${name} is cut off: the tar archive in it has no end mark`);
  } finally {
    await reader.close();
  }
  const manifest = contents.manifest();
  const { tree, fileCount, unpackedBytes } = contents;
  // Bytes after the end of the gzip data are part of the file, and of its digests, and of nothing else: that takes another
  // reading, with digests of its own.
  const whole = digests.length === file.size ? digests : await readThrough(fileBody(file), createDigests());
  return { manifest, tree, fileCount, unpackedBytes, ...whole.all() };
}

/** What of the members counts, by their paths without the first directory, whatever its name: npm strips it too. */
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
      throw new InputError(`${this.#archive} has more than ${maxNameBytes} bytes of names: that is no package`);
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
    // Links and devices are left out, as npm leaves them out when it installs the package.
    if (member.kind !== 'file') return;
    this.fileCount++;
    this.unpackedBytes += member.size;
  }

  manifest(): JsonObject {
    if (this.#manifest === undefined) {
      const hint = this.#hasManifestAtRoot ? ': its package.json is not in a directory, as `npm pack` has it' : '';
      throw new InputError(`${this.#archive} has no package.json in its top directory, so it is no package${hint}`);
    }
    const where = `${this.#archive}: package.json`;
    return asObject(parseJson(this.#manifest, where), where);
  }

  async #addManifest(member: TarMember, reader: ForwardReader): Promise<void> {
    const shown = `${this.#archive}: ${printable(member.name)}`;
    if (member.kind !== 'file') throw new InputError(`${shown} is a ${member.kind}, where a file is expected`);
    if (this.#manifest !== undefined)
      throw new InputError(
        `${shown} is another package.json, and readers differ in which one they take: pack the package anew`,
      );
    if (member.size > maxManifestBytes)
      throw new InputError(
        `${shown} has ${formatBytes(member.size)}: more than ${formatBytes(maxManifestBytes)} are not read`,
      );
    this.#manifest = await reader.read(member.size);
    this.tree.addFile('package.json');
  }

  async #read(member: TarMember, reader: ForwardReader): Promise<Buffer> {
    this.#keptBytes += member.size;
    if (this.#keptBytes > maxKeptBytes) {
      throw new InputError(
        `${this.#archive}: with ${printable(member.name)}, its README and AUTHORS have ${formatBytes(this.#keptBytes)}, and no registry takes more than ${formatBytes(maxKeptBytes)} of them`,
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

/** What the manifest takes up: see `completeManifest`. */
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

async function* checked(packed: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of packed) {
    if (isFirst && contentOf(chunk.subarray(0, 512)) !== 'gzip')
      throw new InputError(`${name} is not packed by gzip: FILENAME takes the tarballs that \`npm pack\` makes`);
    isFirst = false;
    yield chunk;
  }
}

async function* limited(
  unpacked: AsyncIterable<Uint8Array>,
  { size }: SourceFile,
  name: string,
): AsyncGenerator<Uint8Array> {
  const limit = Math.min(maxUnpackedBytes, Math.max(anyRatioBytes, size * maxRatio));
  let length = 0;
  for await (const chunk of unpacked) {
    length += chunk.length;
    if (length > limit)
      throw new InputError(
        `${name} unpacks to more than ${formatBytes(limit)}, from ${formatBytes(size)}: that is no package`,
      );
    yield chunk;
  }
}
