/** Contains the files of an image by path: an archive, a directory, or the store of an engine. */

import type { ByobReader } from '../../io/byob-reader.ts';
import type { Content } from '../../archive/content.ts';

/** A file of a source. */
export interface Entry {
  /** Its own name, even if it was found by a link. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The order in which files should be read, to read as few bytes as possible. */
  readonly position: number;
  /** `sha256:…` of the bytes, if they have been read already. */
  readonly measured?: string | undefined;
  /** An engine has unpacked it, and so compared its diff ID. */
  readonly isUnpacked?: boolean;
  /** Its type, by its first bytes. */
  content(): Promise<Content>;
  /** The bytes. Can be called repeatedly. Throws if there are not exactly `size` bytes. */
  open(): AsyncIterable<Uint8Array>;
  /** The same as a reader that fills the caller's buffers, if the source can do that without a copy. */
  read?(): ByobReader;
}

/** The files of an image. */
export interface Source {
  /** Names the source in messages: printable, as the user wrote it. */
  readonly name: string;
  /** An engine may have only some platforms of an image. */
  readonly kind: 'archive' | 'directory' | 'engine';
  /** Every step back costs another pass over the whole source. */
  readonly isForwardOnly: boolean;
  /** Undefined if there is nothing at this path. @throws InputError if it is not a file, or is outside the source */
  find(path: string): Promise<Entry | undefined>;
  /** Earlier files of the same path, which an archive may have. */
  earlier(path: string): readonly Entry[];
  /** All paths that are known without further reading. */
  paths(): Iterable<string>;
  /** Appended to messages about missing files; may be empty. */
  readonly hint: string;
  close(): Promise<void>;
}
