/** One pass over a tar archive that can only be read forward. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import { type Content, contentOf, headBytes } from '../content.ts';
import { Members } from './members.ts';
import type { ForwardReader } from './reader.ts';
import { type TarMember, TarWalk } from './walk.ts';

/** A file that is passing by. */
export interface PassingFile {
  readonly member: TarMember;
  readonly content: Content;
  /** Nothing of it was read, and the next file was not asked for. */
  isHere(): boolean;
  /** Its bytes, once, and only until the next file is asked for. */
  read(): AsyncIterable<Uint8Array>;
}

/** What a document may have, here and everywhere. */
export const maxDocumentBytes = 4 * 1024 * 1024;
/** Documents are kept as they pass by, up to so many bytes in all; any image needs far fewer. */
const maxKeptBytes = 16 * 1024 * 1024;

/** What the pass has learnt so far. */
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

  /** All files but the documents, which are read and kept. @throws InputError */
  async *files(): AsyncGenerator<PassingFile> {
    for await (const member of this.walk.members()) {
      this.members.add(member);
      if (member.kind !== 'file') continue;
      const head = await this.#reader.read(Math.min(member.size, headBytes));
      const content = contentOf(head);
      this.#contents.set(member, content);
      const isDocument = content === 'json' && member.size <= maxDocumentBytes;
      if (!isDocument || this.#keptBytes + member.size > maxKeptBytes) {
        const isHere = (): boolean => this.#reader.position === member.position + head.length;
        yield { member, content, isHere, read: () => this.#read(member, head) };
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
      if (this.#reader.position !== position) throw new Error(`${member.name} has already passed by`);
      const chunk = await this.#reader.take(end - position);
      if (chunk.length === 0) throw cutOff(this.#archive, member, position);
      position += chunk.length;
      yield chunk;
    }
  }
}

/** @param end where the archive ends, too early for this member */
export function cutOff(archive: string, { name, size, position }: TarMember, end: number): InputError {
  const there = Math.max(0, end - position);
  return new InputError(`${archive} is cut off: of the ${size} bytes of ${printable(name)}, ${there} are there`);
}
