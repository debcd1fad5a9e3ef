/** The sandbox's store for the files of the repository's Downloads. */
import { ContentStore, type ContentWriter, type StoredContent } from './content-store.ts';

export interface StoredDownload {
  /** Identifies this version of the file: a later upload under the same name has a higher id. */
  readonly id: number;
  readonly name: string;
  readonly size: number;
  /** Hexadecimal; empty if content is discarded. */
  readonly sha256: string;
  readonly createdOn: Date;
  /** How often a request has stored a file of this name; 0 if a test created it. */
  readonly uploads: number;
  /** How often the content has been fetched. */
  readonly fetches: number;
  /** Rejects if content is discarded. */
  content(): Promise<Buffer>;
}

export interface KeptDownload extends StoredDownload {
  readonly stored: StoredContent;
  fetches: number;
}

export class DownloadStore {
  readonly downloads = new Map<string, KeptDownload>();
  readonly #contents: ContentStore;
  #lastId = 0;
  #lastCreatedMs = 0;

  constructor(discardContent: boolean) {
    this.#contents = new ContentStore(discardContent);
  }

  writer(dropLastByte: boolean): ContentWriter {
    return this.#contents.writer(dropLastByte);
  }

  /** Replaces the file of this name. No two uploads have the same creation time in milliseconds. */
  store(name: string, stored: StoredContent): void {
    this.#lastCreatedMs = Math.max(Date.now(), this.#lastCreatedMs + 1);
    this.#set(name, stored, new Date(this.#lastCreatedMs), (this.downloads.get(name)?.uploads ?? 0) + 1);
  }

  put(name: string, content: Buffer | string, createdOn: Date | undefined): void {
    this.#lastCreatedMs = Math.max(Date.now(), this.#lastCreatedMs + 1);
    this.#set(name, this.#contents.keep(Buffer.from(content)), createdOn ?? new Date(this.#lastCreatedMs), 0);
  }

  delete(name: string): boolean {
    this.downloads.get(name)?.stored.remove();
    return this.downloads.delete(name);
  }

  byId(id: number): KeptDownload | undefined {
    return [...this.downloads.values()].find((download) => download.id === id);
  }

  newestFirst(): KeptDownload[] {
    return [...this.downloads.values()].sort((a, b) => b.createdOn.getTime() - a.createdOn.getTime() || b.id - a.id);
  }

  clear(): void {
    for (const name of this.downloads.keys()) this.delete(name);
  }

  close(): void {
    this.#contents.close();
  }

  #set(name: string, stored: StoredContent, createdOn: Date, uploads: number): void {
    this.delete(name);
    this.#lastId += 1;
    const { size, sha256 } = stored;
    const content = (): Promise<Buffer> => stored.read();
    this.downloads.set(name, { id: this.#lastId, name, size, sha256, createdOn, uploads, fetches: 0, stored, content });
  }
}
