/** Walks over the members of a tar archive, headers only, with all that extends a header already applied. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { blockBytes, isTarHeader, isZeroBlock, parseTarHeader, type TarHeader, textUpToNul } from './header.ts';
import { parsePaxRecords } from './pax.ts';
import type { ByteReader } from './reader.ts';

export type MemberKind = 'file' | 'hard link' | 'symbolic link' | 'directory' | 'special file';

export interface TarMember {
  /** As in the archive. */
  readonly name: string;
  readonly kind: MemberKind;
  /** Of links. */
  readonly linkName: string;
  /** Bytes of data that follow the header. */
  readonly size: number;
  /** Where its data begins. */
  readonly position: number;
}

/** Many times what any image or package has. */
const maxMembers = 100_000;
/** A header's extension is a path or two; the rest (ACLs, attributes) is never needed. */
const maxExtensionBytes = 1024 * 1024;

const kinds: Readonly<Record<string, MemberKind>> = {
  '0': 'file',
  '1': 'hard link',
  '2': 'symbolic link',
  '5': 'directory',
};

/**
 * At each member the reader stands at its data, of which as much may be read as is wanted. What follows the mark of the
 * archive's end is left unread, as tar leaves it.
 *
 * @throws InputError where the archive is cut off, damaged, sparse, or has too many members
 */
export class TarWalk {
  /** Afterwards: whether the archive ended as it should. It may have been cut off between two members otherwise. */
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
        throw new InputError(`${this.#archive} has more than ${maxMembers} entries: more are not read`);
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
      else if (header.type === 'L') longName = textUpToNul(await this.#extension(header, where));
      else if (header.type === 'K') longLinkName = textUpToNul(await this.#extension(header, where));
      else {
        const all = new Map([...this.#globals, ...records]);
        const name = text(all.get('path')) ?? longName ?? header.name;
        const linkName = text(all.get('linkpath')) ?? longLinkName ?? header.linkName;
        if (header.type === 'S' || [...all.keys()].some((keyword) => keyword.startsWith('GNU.sparse.'))) {
          throw new InputError(
            `${this.#archive}: ${printable(name)} is a sparse file, which is not supported: pack it without tar's --sparse`,
          );
        }
        // A name that ends with a slash is v7's directory.
        const kind = header.type === '0' && name.endsWith('/') ? 'directory' : (kinds[header.type] ?? 'special file');
        const size = paxSize(all.get('size'), where) ?? header.size;
        // Types that only make a name have no data, whatever their size says, as all readers have it; unknown ones may.
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
        throw new InputError(`${this.#archive} is damaged: at byte ${position} there are zeros instead of a header`);
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
      throw new InputError(`${where} is extended by ${size} bytes: more than ${maxExtensionBytes} are not read`);
    const { position } = this.#reader;
    const bytes = await this.#reader.read(size);
    await this.#pass(position, size, 'a header');
    return bytes;
  }

  /** Goes to the end of the data that begins at `position`, and of the block. */
  async #pass(position: number, size: number, name: string): Promise<void> {
    const end = position + size;
    await this.#reader.skip(end - this.#reader.position);
    if (this.#reader.position < end) {
      const there = this.#reader.position - position;
      throw this.#cutOff(`after ${this.#reader.position} bytes: of the ${size} bytes of ${name}, ${there} are there`);
    }
    // The last block may be left short: nothing of the data is missing then.
    await this.#reader.skip((blockBytes - (size % blockBytes)) % blockBytes);
  }

  #cutOff(where: string): InputError {
    return new InputError(`${this.#archive} is cut off: it ends ${where}`);
  }
}

function text(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function paxSize(value: string | undefined, where: string): number | undefined {
  if (value === undefined || value === '') return undefined;
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw new InputError(`${where} has no valid size: the archive is damaged`);
  return size;
}
