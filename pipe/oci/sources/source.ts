/** What holds an image's pieces by name: an archive, a directory, an export. */

import type { ByobReader } from '../../io/byob-reader.ts';
import type { Content } from '../../archive/content.ts';

/** One piece. */
export interface Entry {
  /** Its own name: where a link leads to it, not the link's. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** What to sort by for reading as few bytes as possible. */
  readonly position: number;
  /** `sha256:…` of the bytes, where they have passed by already. */
  readonly measured?: string | undefined;
  /** What it looks like. */
  content(): Promise<Content>;
  /** Can be called again. Throws where not exactly `size` bytes come. */
  open(): AsyncIterable<Uint8Array>;
  /** The same, where the bytes can be read to any place without a copy. */
  read?(): ByobReader;
}

export interface Source {
  /** For messages: printable, as the user knows it. */
  readonly name: string;
  /** `archive` or `directory`. */
  readonly kind: 'archive' | 'directory';
  /** Turning back costs a further pass over all of it. */
  readonly isForwardOnly: boolean;
  /** @throws InputError where there is something, but no file, or something outside of the source */
  find(path: string): Promise<Entry | undefined>;
  /** Other pieces of the same name, which an archive may have. */
  earlier(path: string): readonly Entry[];
  /** All paths, as far as they are known without looking further. */
  paths(): Iterable<string>;
  /** For messages about what is missing; may be empty. */
  readonly hint: string;
  close(): Promise<void>;
}
