/** Compresses one stream: reads, hashes and compresses it block by block, and yields the blocks in order. */

import { setTimeout as delay } from 'node:timers/promises';
import type { ByobReader } from '../io/byob-reader.ts';
import { createSha256 } from '../io/hashes.ts';
import type { Block, BlockMemory, Quota } from './block-memory.ts';
import { defaultLevelOf, type Level } from './levels.ts';
import type { Ahead, Pace } from './pace.ts';
import type { ThreadPool } from './thread-pool.ts';

/** A compressed stream. Its digests are known after it has been read to the end. */
export interface Compressed {
  /**
   * The compressed bytes, which can be read once. At most a few blocks are read ahead, so memory is bounded. A chunk stays
   * valid until the next but one is asked for. Errors of the source are thrown here, unchanged and immediately.
   */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Resolves when the source is no longer needed, even if blocks are still being compressed. Never rejects. */
  readonly hasRead: Promise<void>;
  /** After `bytes` has ended: `sha256:…` of the compressed bytes. */
  digest(): string;
  /** After `bytes` has ended: `sha256:…` of the uncompressed bytes, which is the layer's diff ID. */
  sourceDigest(): string;
  /** The number of compressed bytes so far. */
  size(): number;
  /** The number of source bytes whose compressed form has been yielded so far. */
  sourceSize(): number;
}

/** The resources that all streams of a compressor share. */
export interface StreamResources {
  readonly threads: ThreadPool;
  readonly memory: BlockMemory;
  /** The level of all blocks. Default: the codec's default. */
  readonly fixedLevel: number | undefined;
  /** Chooses the level of each block instead. */
  readonly pace: Pace | undefined;
}

/** Smaller chunks may stay in a socket's buffer while later ones are asked for, so they are copied out of the block. */
const socketBufferBytes = 64 * 1024;

/** If the consumer stops early, how long to wait for a source that hangs. After that, it is closed at its next chunk. */
const sourceCloseMs = 100;

/** A block that is being hashed, compressed or consumed. */
interface BlockInProgress {
  readonly block: Block;
  /** Bytes of the source. */
  readonly length: number;
  /** Undefined until it is compressed. */
  size: number | undefined;
  /** How many still need the block, of three: hashing, compressing, and the consumer. */
  users: number;
}

/** Starts reading its source when `bytes` is read, and never reads further ahead than its quota of blocks. */
export class CompressedStream implements Compressed {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly hasRead: Promise<void>;
  readonly #id: number;
  readonly #resources: StreamResources;
  readonly #quota: Quota;
  readonly #hash = createSha256();
  /** Blocks not yet yielded, in the source's order. */
  readonly #backlog: BlockInProgress[] = [];
  #size = 0;
  #readSize = 0;
  #sourceSize = 0;
  #digest: string | undefined;
  #sourceDigest: string | undefined;
  #failure: { readonly error: unknown } | undefined;
  #hasEnded = false;
  #isStopped = false;
  /** The chunk that the consumer is processing. */
  #given: { readonly bytes: number; readonly at: number } | undefined;
  #change = Promise.withResolvers<void>();
  readonly #reading = Promise.withResolvers<void>();

  /** @param id distinguishes the streams that share the resources */
  constructor(id: number, source: ByobReader, resources: StreamResources) {
    this.#id = id;
    this.#resources = resources;
    this.#quota = resources.memory.join();
    this.bytes = this.#compress(source);
    this.hasRead = this.#reading.promise;
  }

  digest(): string {
    return known(this.#digest);
  }

  sourceDigest(): string {
    return known(this.#sourceDigest);
  }

  size(): number {
    return this.#size;
  }

  sourceSize(): number {
    return this.#sourceSize;
  }

  async *#compress(source: ByobReader): AsyncGenerator<Uint8Array> {
    void this.#read(source);
    /** Blocks that the consumer may still read: the last two. */
    const lent: BlockInProgress[] = [];
    try {
      for (let current = await this.#next(); current !== undefined; current = await this.#next()) {
        let compressed = current.block.output.subarray(0, current.size);
        this.#hash.update(compressed);
        this.#size += compressed.length;
        this.#sourceSize += current.length;
        if (compressed.length < socketBufferBytes || this.#isLast()) {
          compressed = compressed.slice();
          this.#release(current);
        } else {
          lent.push(current);
        }
        const given = { bytes: compressed.length, at: performance.now() };
        this.#given = given;
        yield compressed;
        this.#given = undefined;
        const now = performance.now();
        this.#resources.pace?.taken(given.bytes, now - given.at, now);
        for (const earlier of lent.splice(0, lent.length - 1)) this.#release(earlier);
      }
      this.#sourceDigest = await this.#resources.threads.digest({ task: 'digest', stream: this.#id });
      this.#digest = `sha256:${this.#hash.digest()}`;
    } finally {
      this.#isStopped = true;
      this.#resources.threads.forget(this.#id);
      for (const unfinished of [...lent, ...this.#backlog]) this.#release(unfinished);
      this.#quota.close();
      await Promise.race([this.hasRead, delay(sourceCloseMs, undefined, { ref: false })]);
    }
  }

  /** Fills blocks until the source ends; never rejects. */
  async #read(source: ByobReader): Promise<void> {
    let block: Block | undefined;
    try {
      for (let isLast = false; !isLast;) {
        block = await this.#quota.take();
        if (block === undefined) break;
        const length = await source.read(block.input);
        isLast = length < block.input.length;
        // An empty source is compressed too, because the output must be a valid stream of the format.
        if (this.#isStopped || (length === 0 && this.#readSize > 0)) break;
        this.#submit(block, length);
        block = undefined;
      }
    } catch (error) {
      this.#fail(error);
    }
    await source.close().catch((error: unknown) => this.#fail(error));
    if (block !== undefined) this.#quota.giveBack(block);
    this.#hasEnded = true;
    this.#announce();
    this.#reading.resolve();
  }

  #submit(block: Block, length: number): void {
    const { threads, pace, fixedLevel } = this.#resources;
    const { memory } = block;
    const current: BlockInProgress = { block, length, size: undefined, users: 3 };
    this.#backlog.push(current);
    this.#readSize += length;
    const release = (): void => this.#release(current);
    threads
      .hash({ task: 'hash', stream: this.#id, memory, length })
      .catch((error: unknown) => this.#fail(error))
      .finally(release);
    let chosen: Level | undefined;
    let startedAt = 0;
    threads
      .compress(this.#id, (codec) => {
        chosen = pace?.choose(codec, this.#ahead(current));
        startedAt = performance.now();
        const level = chosen?.level ?? fixedLevel ?? defaultLevelOf[codec];
        return { task: 'compress', memory, length, level, denseLevel: chosen?.denseLevel ?? level };
      })
      .then((size) => {
        current.size = size;
        // A stored block says nothing about the cost of a level.
        const isStored = size > length * 0.99;
        if (chosen !== undefined && !isStored) pace?.compressed(chosen, performance.now() - startedAt);
        return this.#announce();
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(release);
  }

  async #next(): Promise<BlockInProgress | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error as Error;
      if (this.#backlog[0]?.size !== undefined) return this.#backlog.shift();
      if (this.#isLast()) return undefined;
      await this.#change.promise;
    }
  }

  #isLast(): boolean {
    return this.#hasEnded && this.#backlog.length === 0;
  }

  #ahead(current: BlockInProgress): Ahead {
    const blocks = this.#backlog.slice(0, this.#backlog.indexOf(current));
    const firstUncompressed = blocks.findIndex(({ size }) => size === undefined);
    const ready = firstUncompressed < 0 ? blocks : blocks.slice(0, firstUncompressed);
    const given = this.#given;
    return {
      readyBytes: ready.reduce((sum, { size = 0 }) => sum + size, 0),
      uncompressedBlocks: blocks.length - ready.length,
      given: given && { bytes: given.bytes, ms: performance.now() - given.at },
    };
  }

  #release(block: BlockInProgress): void {
    block.users--;
    if (block.users === 0) this.#quota.giveBack(block.block);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#announce();
  }

  #announce(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

function known(digest: string | undefined): string {
  if (digest === undefined) throw new Error('A digest is known only after the last byte');
  return digest;
}
