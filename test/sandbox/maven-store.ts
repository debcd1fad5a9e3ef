/** The files of a Maven repository, with the checksums that a client must match. */
import { createHash } from 'node:crypto';
import { ContentStore, type StoredContent } from './content-store.ts';
import type { Exchange } from './exchange.ts';

export const checksumKinds = ['md5', 'sha1', 'sha256', 'sha512'] as const;
export type ChecksumKind = (typeof checksumKinds)[number];

export interface StoredFile {
  readonly size: number;
  readonly checksums: Readonly<Record<ChecksumKind, string>>;
  /** Differs for each file that was ever stored, whatever its content; without quotation marks. */
  readonly tag: string;
  /** Rejects if content is discarded. */
  content(): Promise<Buffer>;
  readonly stored: StoredContent;
}

/** Content small enough to be a POM, metadata or a checksum is kept even if content is discarded. */
const keptBytes = 1024 * 1024;

export class MavenStore {
  /** By path below the repository, decoded. */
  readonly files = new Map<string, StoredFile>();
  readonly #contents: ContentStore;
  readonly #past = new Set<string>();

  constructor(discardContent: boolean) {
    this.#contents = new ContentStore(discardContent, keptBytes);
  }

  /** Receives a body and computes its checksums; does not yet add it to the files. */
  async receive(exchange: Exchange): Promise<StoredFile> {
    const writer = this.#contents.writer(exchange.storesCorruptly);
    const hashes = checksumKinds.map((kind) => createHash(kind));
    try {
      await exchange.receive((chunk) => {
        for (const hash of hashes) hash.update(chunk);
        writer.write(chunk);
        return writer.pending;
      });
    } catch (error) {
      await writer.discard();
      throw error;
    }
    const stored = await writer.finish();
    return toFile(
      stored,
      hashes.map((hash) => hash.digest('hex')),
    );
  }

  put(path: string, content: Buffer): void {
    this.set(
      path,
      toFile(
        this.#contents.keep(content),
        checksumKinds.map((kind) => createHash(kind).update(content).digest('hex')),
      ),
    );
  }

  set(path: string, file: StoredFile): void {
    this.files.get(path)?.stored.remove();
    this.files.set(path, file);
    for (const checksum of Object.values(file.checksums)) this.#past.add(`${path} ${checksum}`);
  }

  /** Whether the path has, or had earlier, a file with this checksum. */
  everHad(path: string, checksum: string): boolean {
    return this.#past.has(`${path} ${checksum}`);
  }

  clear(): void {
    for (const { stored } of this.files.values()) stored.remove();
    this.files.clear();
    this.#past.clear();
  }

  close(): void {
    this.#contents.close();
  }
}

let storedCount = 0;

function toFile(stored: StoredContent, sums: readonly string[]): StoredFile {
  const [md5 = '', sha1 = '', sha256 = '', sha512 = ''] = sums;
  const tag = `file-${++storedCount}`;
  return { size: stored.size, checksums: { md5, sha1, sha256, sha512 }, tag, content: () => stored.read(), stored };
}
