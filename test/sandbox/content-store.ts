/** Stores uploaded content: small content in memory, large content in a temporary file, so that memory stays flat. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { ContentSource } from './answers.ts';

export interface StoredContent extends ContentSource {
  /** Hexadecimal; empty if content is discarded. */
  readonly sha256: string;
  /** False if content is discarded. */
  readonly kept: boolean;
  /** Rejects if content is discarded. */
  read(): Promise<Buffer>;
  remove(): void;
}

const maxMemoryBytes = 8 * 1024 * 1024;
const flushBytes = 1024 * 1024;
const zeros = Buffer.alloc(64 * 1024);

export class ContentStore {
  readonly #discard: boolean;
  readonly #keptBytes: number;
  #directory: string | undefined;
  #files = 0;

  /** Content of at most `keptBytes` is kept even if content is discarded. Default: 0. */
  constructor(discard: boolean, keptBytes = -1) {
    this.#discard = discard;
    this.#keptBytes = keptBytes;
  }

  /** `dropLastByte`: stores content with a different size from what was written. */
  writer(dropLastByte = false): ContentWriter {
    if (this.#discard) return new DiscardingWriter(this.#keptBytes);
    const writer = new KeepingWriter(() => this.#newPath());
    return dropLastByte ? new LastByteDropper(writer) : writer;
  }

  keep(content: Buffer): StoredContent {
    return keepInMemory(content);
  }

  close(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }

  #newPath(): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'bitbucket-sandbox-'));
    this.#files += 1;
    return join(this.#directory, String(this.#files));
  }
}

export interface ContentWriter {
  readonly size: number;
  /** Resolves when more may be written. Never rejects: `finish` does. */
  readonly pending: Promise<void> | undefined;
  write(chunk: Buffer): void;
  finish(): Promise<StoredContent>;
  discard(): Promise<void>;
}

class DiscardingWriter implements ContentWriter {
  static readonly #refusal = new Error('this sandbox discards content');
  readonly #keptBytes: number;
  #kept: Buffer[] = [];
  size = 0;
  readonly pending = undefined;

  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes;
  }

  write(chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size <= this.#keptBytes) this.#kept.push(chunk);
    else this.#kept = [];
  }

  finish(): Promise<StoredContent> {
    if (this.size <= this.#keptBytes) return Promise.resolve(keepInMemory(Buffer.concat(this.#kept)));
    return Promise.resolve({
      size: this.size,
      sha256: '',
      kept: false,
      read: () => Promise.reject(DiscardingWriter.#refusal),
      stream: () => {
        throw DiscardingWriter.#refusal;
      },
      remove: () => undefined,
    });
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }
}

class KeepingWriter implements ContentWriter {
  readonly #newPath: () => string;
  readonly #hash: Hash = createHash('sha256');
  #chunks: Buffer[] = [];
  #buffered = 0;
  #path: string | undefined;
  #file: FileHandle | undefined;
  #failure: Error | undefined;
  size = 0;
  pending: Promise<void> | undefined;

  constructor(newPath: () => string) {
    this.#newPath = newPath;
  }

  write(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    this.size += chunk.length;
    if (this.#buffered >= (this.#path === undefined ? maxMemoryBytes + 1 : flushBytes)) this.#flush();
  }

  async finish(): Promise<StoredContent> {
    const sha256 = this.#hash.digest('hex');
    if (this.#path === undefined) return inMemory(Buffer.concat(this.#chunks), sha256);
    this.#flush();
    await this.pending;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#file?.truncate(this.size);
    } finally {
      await this.#file?.close();
    }
    return inFile(this.#path, this.size, sha256);
  }

  async discard(): Promise<void> {
    await this.pending;
    await this.#file?.close();
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
  }

  #flush(): void {
    const chunks = this.#chunks;
    const position = this.size - this.#buffered;
    this.#chunks = [];
    this.#buffered = 0;
    this.#path ??= this.#newPath();
    const path = this.#path;
    const write = async (): Promise<void> => {
      this.#file ??= await open(path, 'w');
      await writeSparsely(this.#file, chunks, position);
    };
    this.pending = (this.pending ?? Promise.resolve()).then(write).catch((error: unknown) => {
      this.#failure ??= isNativeError(error) ? error : new Error(String(error));
    });
  }
}

class LastByteDropper implements ContentWriter {
  readonly #writer: ContentWriter;
  #held: Buffer | undefined;

  constructor(writer: ContentWriter) {
    this.#writer = writer;
  }

  get size(): number {
    return this.#writer.size + (this.#held?.length ?? 0);
  }

  get pending(): Promise<void> | undefined {
    return this.#writer.pending;
  }

  write(chunk: Buffer): void {
    if (this.#held !== undefined) this.#writer.write(this.#held);
    if (chunk.length > 1) this.#writer.write(chunk.subarray(0, -1));
    this.#held = chunk.subarray(-1);
  }

  async finish(): Promise<StoredContent> {
    if (this.#held === undefined) this.#writer.write(Buffer.alloc(1));
    return this.#writer.finish();
  }

  discard(): Promise<void> {
    return this.#writer.discard();
  }
}

/** Leaves a hole for zeros, so that a large sparse file stays sparse. */
async function writeSparsely(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<void> {
  if (chunks.every((chunk) => chunk.equals(zeros.subarray(0, chunk.length)))) return;
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await file.writev(chunks, position);
  if (bytesWritten !== length) throw new Error(`wrote ${bytesWritten} of ${length} bytes`);
}

function keepInMemory(content: Buffer): StoredContent {
  return inMemory(content, createHash('sha256').update(content).digest('hex'));
}

function inMemory(content: Buffer, sha256: string): StoredContent {
  return {
    size: content.length,
    sha256,
    kept: true,
    read: () => Promise.resolve(content),
    // oxlint-disable-next-line require-yield, require-await -- the interface also serves files
    stream: async function* () {
      if (content.length > 0) yield content;
    },
    remove: () => undefined,
  };
}

function inFile(path: string, size: number, sha256: string): StoredContent {
  return {
    size,
    sha256,
    kept: true,
    read: () => readFile(path),
    stream: () => createReadStream(path) as AsyncIterable<Buffer>,
    remove: () => rmSync(path, { force: true }),
  };
}
