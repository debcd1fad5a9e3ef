/** Walks over the members of a tar archive: reads the headers, and applies their extensions. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { blockBytes, isTarHeader, isZeroBlock, parseTarHeader, type TarHeader, stringUpToNul } from './header.ts';
import { parsePaxRecords, sparse } from './pax.ts';
import type { ByteReader } from './reader.ts';

export type MemberKind = 'file' | 'hard link' | 'symbolic link' | 'directory' | 'special file';

export interface TarMember {
  /** As in the archive. */
  readonly name: string;
  readonly kind: MemberKind;
  /** The target, if it is a link. */
  readonly linkName: string;
  /** Bytes of data that follow the header. */
  readonly size: number;
  /** Where its data begins. */
  readonly position: number;
}

/** Many times more than any image or package has. */
const maxMembers = 100_000;
/** Only a path or two of a header's extension are needed, never the rest (ACLs, attributes). */
const maxExtensionBytes = 1024 * 1024;

const kinds: Readonly<Record<string, MemberKind>> = {
  '0': 'file',
  '1': 'hard link',
  '2': 'symbolic link',
  '5': 'directory',
};

/**
 * Walks over an archive. At each member the reader is at the beginning of its data; any part of it may be read, or nothing.
 * Bytes after the end mark are not read, as in tar.
 *
 * @throws InputError if the archive is cut off or damaged, has a sparse file, or too many members
 */
export class TarWalk {
  /** After the walk: whether the archive has its end mark. If not, it may have been cut off between two members. */
  hasEndMark = false;
  readonly #reader: ByteReader;
  readonly #archive: string;
  #globals: ReadonlyMap<string, string> = new Map();

  /** @param archive names it in messages */
  constructor(reader: ByteReader, archive: string) {
    this.#reader = reader;
    this.#archive = archive;
  }

  async *members(): AsyncGenerator<TarMember> {
    for (let count = 1; ; count++) {
      const member = await this.#next();
      if (member === undefined) return;
      if (count > maxMembers)
        throw new InputError(`${this.#archive} has more than ${maxMembers} entries, which is the limit`);
      yield member;
      await this.#pass(member.position, member.size, printable(member.name));
    }
  }

  /** The next header and its extensions. */
  async #next(): Promise<TarMember | undefined> {
    let records: ReadonlyMap<string, string> = new Map();
    let longName: string | undefined;
    let longLinkName: string | undefined;
    for (;;) {
      const headerPosition = this.#reader.position;
      const header = await this.#header();
      if (header === undefined) return undefined;
      const where = `${this.#archive}: the header at byte ${headerPosition}`;
      if (header.type === 'x') records = parsePaxRecords(await this.#extension(header, where), where);
      else if (header.type === 'g')
        this.#globals = new Map([...this.#globals, ...parsePaxRecords(await this.#extension(header, where), where)]);
      else if (header.type === 'L') longName = stringUpToNul(await this.#extension(header, where));
      else if (header.type === 'K') longLinkName = stringUpToNul(await this.#extension(header, where));
      else {
        const all = new Map([...this.#globals, ...records]);
        const name = nonEmpty(all.get('path')) ?? longName ?? header.name;
        const linkName = nonEmpty(all.get('linkpath')) ?? longLinkName ?? header.linkName;
        if (header.type === 'S' || all.has(sparse)) {
          throw new InputError(
            `${this.#archive}: ${printable(name)} is a sparse file, which is not supported: create the archive without tar's --sparse`,
          );
        }
        // v7 marks a directory by a slash at the end of its name.
        const kind = header.type === '0' && name.endsWith('/') ? 'directory' : (kinds[header.type] ?? 'special file');
        const size = paxSize(all.get('size'), where) ?? header.size;
        // Links, devices, directories and FIFOs have no data, whatever their size says; unknown types may. All readers agree.
        const hasData = kind === 'file' || !/[1-6]/.test(header.type);
        return { name, kind, linkName, size: hasData ? size : 0, position: this.#reader.position };
      }
    }
  }

  async #header(): Promise<TarHeader | undefined> {
    const { position } = this.#reader;
    const block = await this.#reader.read(blockBytes);
    if (block.length === 0) return undefined;
    if (block.length < blockBytes) throw this.#cutOff(`after ${position + block.length} bytes, inside a header`);
    if (isZeroBlock(block)) {
      if (!isZeroBlock(await this.#reader.read(blockBytes)))
        throw new InputError(`${this.#archive} is damaged: it has zeros instead of a header at byte ${position}`);
      this.hasEndMark = true;
      return undefined;
    }
    const where = `the header at byte ${position}`;
    if (!isTarHeader(block)) {
      throw new InputError(
        position === 0
          ? `${this.#archive} is not a tar archive`
          : `${this.#archive} is damaged: ${where} has a wrong checksum`,
      );
    }
    return parseTarHeader(block, `${this.#archive}: ${where}`);
  }

  async #extension({ size }: TarHeader, where: string): Promise<Buffer> {
    if (size > maxExtensionBytes)
      throw new InputError(`${where} has an extension of ${size} bytes: the limit is ${maxExtensionBytes}`);
    const { position } = this.#reader;
    const bytes = await this.#reader.read(size);
    await this.#pass(position, size, 'a header');
    return bytes;
  }

  /** Skips to the end of the data that begins at `position`, and of its last block. */
  async #pass(position: number, size: number, name: string): Promise<void> {
    const end = position + size;
    await this.#reader.skip(end - this.#reader.position);
    if (this.#reader.position < end) {
      const there = this.#reader.position - position;
      throw this.#cutOff(`after ${this.#reader.position} bytes, with only ${there} of the ${size} bytes of ${name}`);
    }
    // The archive may end inside the padding: none of the data is missing then.
    await this.#reader.skip((blockBytes - (size % blockBytes)) % blockBytes);
  }

  /** @param end where the archive ends */
  #cutOff(end: string): InputError {
    return new InputError(`${this.#archive} is cut off: it ends ${end}`);
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function paxSize(value: string | undefined, where: string): number | undefined {
  if (value === undefined || value === '') return undefined;
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw new InputError(`${where} has no valid size: the archive is damaged`);
  return size;
}
