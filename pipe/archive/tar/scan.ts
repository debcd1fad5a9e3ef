/** Scans a tar archive that can only be read forward. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type Content, contentOf, headBytes } from '../content.ts';
import { Members } from './members.ts';
import type { ForwardReader } from './reader.ts';
import { type TarMember, TarWalk } from './walk.ts';

/** A file of the archive that can be read until the next one is asked for. */
export interface ScannedFile {
  readonly member: TarMember;
  readonly content: Content;
  /** Whether it can still be read: nothing of it was read, and the next file was not asked for. */
  isUnread(): boolean;
  /** Its bytes. To be called once, and only until the next file is asked for. */
  read(): AsyncIterable<Uint8Array>;
}

/** The longest JSON document of an image that is read. */
export const maxDocumentBytes = 4 * 1024 * 1024;
/** Documents are kept in memory up to this total, far more than any image needs. */
const maxKeptBytes = 16 * 1024 * 1024;

/** A scan of an archive, and what it has found so far. */
export class ArchiveScan {
  readonly members: Members;
  readonly walk: TarWalk;
  readonly #archive: string;
  readonly #reader: ForwardReader;
  readonly #contents = new Map<TarMember, Content>();
  readonly #documents = new Map<TarMember, Buffer>();
  #keptBytes = 0;

  /** @param archive names it in messages */
  constructor(reader: ForwardReader, archive: string) {
    this.#archive = archive;
    this.#reader = reader;
    this.members = new Members(archive);
    this.walk = new TarWalk(reader, archive);
  }

  /** All files except documents, which it reads and keeps. @throws InputError if the archive is damaged or cut off */
  async *files(): AsyncGenerator<ScannedFile> {
    for await (const member of this.walk.members()) {
      this.members.add(member);
      if (member.kind !== 'file') continue;
      const head = await this.#reader.read(Math.min(member.size, headBytes));
      const content = contentOf(head);
      this.#contents.set(member, content);
      const isDocument = content === 'json' && member.size <= maxDocumentBytes;
      if (!isDocument || this.#keptBytes + member.size > maxKeptBytes) {
        const isUnread = (): boolean => this.#reader.position === member.position + head.length;
        yield { member, content, isUnread, read: () => this.#read(member, head) };
        continue;
      }
      this.#documents.set(member, Buffer.concat([head, await this.#reader.read(member.size - head.length)]));
      this.#keptBytes += member.size;
    }
  }

  contentOf(member: TarMember): Content {
    return this.#contents.get(member) ?? 'other';
  }

  documentOf(member: TarMember): Buffer | undefined {
    return this.#documents.get(member);
  }

  async *#read(member: TarMember, head: Buffer): AsyncGenerator<Uint8Array> {
    const end = member.position + member.size;
    if (head.length > 0) yield head;
    for (let position = member.position + head.length; position < end;) {
      if (this.#reader.position !== position) throw new Error(`${member.name} can no longer be read`);
      const chunk = await this.#reader.take(end - position);
      if (chunk.length === 0) throw cutOff(this.#archive, member, position);
      position += chunk.length;
      yield chunk;
    }
  }
}

/** The error for an archive that ends inside a member. @param end the position at which it ends */
export function cutOff(archive: string, { name, size, position }: TarMember, end: number): InputError {
  const there = Math.max(0, end - position);
  return new InputError(`${archive} is cut off: it has only ${there} of the ${size} bytes of ${printable(name)}`);
}
