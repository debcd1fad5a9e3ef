/** Compresses one stream: reads, hashes and compresses it block by block, and yields the blocks in order. */

import { setTimeout as delay } from 'node:timers/promises';
import type { ByobReader, OpenRange } from '../io/byob-reader.ts';
import type { Block, BlockMemory, Quota } from './block-memory.ts';
import { ReadError } from './compression-thread.ts';
import type { FilePart } from './compression-worker.ts';
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
  /** Resolves when no further blocks will come, even if some are still being compressed. Never rejects. */
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

/** A block that is being compressed, hashed or consumed. */
interface BlockInProgress {
  readonly block: Block;
  /** Bytes of the source. */
  readonly length: number;
  /** Undefined until it is compressed. */
  size: number | undefined;
  /** How many still need the block: compressing and then hashing it, and the consumer. */
  users: number;
}

/** Starts reading its source when `bytes` is read, and never reads further ahead than its quota of blocks. */
export class CompressedStream implements Compressed {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly hasRead: Promise<void>;
  readonly #id: number;
  readonly #resources: StreamResources;
  readonly #quota: Quota;
  /** Blocks not yet yielded, in the source's order. */
  readonly #backlog: BlockInProgress[] = [];
  #size = 0;
  #readSize = 0;
  /** Set if the threads read the source themselves. */
  #range: OpenRange | undefined;
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
  readonly #consuming = Promise.withResolvers<void>();
  /** Tasks of threads. */
  readonly #tasks = new Set<Promise<void>>();

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
    const closing = this.#read(source);
    /** Blocks that the consumer may still read: the last two. */
    const lent: BlockInProgress[] = [];
    try {
      for (let current = await this.#next(); current !== undefined; current = await this.#next()) {
        let compressed = current.block.output.subarray(0, current.size);
        this.#hash(current, compressed.length);
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
      const digests = await this.#resources.threads.digests({ task: 'digest', stream: this.#id });
      if (this.#failure !== undefined) throw this.#failure.error as Error;
      [this.#sourceDigest, this.#digest] = digests;
    } finally {
      this.#isStopped = true;
      this.#resources.threads.forget(this.#id);
      for (const unfinished of [...lent, ...this.#backlog]) this.#release(unfinished);
      this.#quota.close();
      this.#consuming.resolve();
      await Promise.race([closing, delay(sourceCloseMs, undefined, { ref: false })]);
    }
  }

  /** Submits blocks until the source ends, and closes it; never rejects. */
  async #read(source: ByobReader): Promise<void> {
    try {
      if (source.openRange !== undefined) this.#range = await source.openRange();
      await (this.#range === undefined ? this.#fill(source) : this.#divide(this.#range));
    } catch (error) {
      this.#fail(error);
    }
    if (this.#range === undefined) await source.close().catch((error: unknown) => this.#fail(error));
    this.#hasEnded = true;
    this.#announce();
    this.#reading.resolve();
    if (this.#range === undefined) return;
    await this.#consuming.promise;
    // The descriptor's number may be another file's as soon as it is closed.
    await Promise.all(this.#tasks);
    await this.#range.close().catch((error: unknown) => this.#fail(error));
  }

  async #fill(source: ByobReader): Promise<void> {
    let block: Block | undefined;
    try {
      for (let isLast = false; !isLast;) {
        block = await this.#quota.take();
        if (block === undefined) return;
        const length = await source.read(block.input);
        isLast = length < block.input.length;
        // An empty source is compressed too, because the output must be a valid stream of the format.
        if (this.#isStopped || (length === 0 && this.#readSize > 0)) return;
        this.#submit(block, length);
        block = undefined;
      }
    } finally {
      if (block !== undefined) this.#quota.giveBack(block);
    }
  }

  async #divide({ descriptor, start, length }: OpenRange): Promise<void> {
    do {
      const block = await this.#quota.take();
      if (block === undefined) return;
      this.#submit(block, Math.min(block.input.length, length - this.#readSize), {
        descriptor,
        position: start + this.#readSize,
      });
    } while (this.#readSize < length);
  }

  #submit(block: Block, length: number, from?: FilePart): void {
    const { threads, pace, fixedLevel } = this.#resources;
    const { memory } = block;
    const current: BlockInProgress = { block, length, size: undefined, users: 2 };
    this.#backlog.push(current);
    this.#readSize += length;
    let chosen: Level | undefined;
    let startedAt = 0;
    const compressing = threads
      .compress(this.#id, (codec) => {
        chosen = pace?.choose(codec, this.#ahead(current));
        startedAt = performance.now();
        const level = chosen?.level ?? fixedLevel ?? defaultLevelOf[codec];
        return { task: 'compress', memory, length, from, level, denseLevel: chosen?.denseLevel ?? level };
      })
      .then((size) => {
        current.size = size;
        // A stored block says nothing about the cost of a level.
        const isStored = size > length * 0.99;
        if (chosen !== undefined && !isStored) pace?.compressed(chosen, performance.now() - startedAt);
        return this.#announce();
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#release(current);
        this.#tasks.delete(compressing);
      });
    this.#tasks.add(compressing);
  }

  /** To be called in the source's order. */
  #hash(current: BlockInProgress, size: number): void {
    const { block, length } = current;
    current.users++;
    this.#resources.threads
      .hash({ task: 'hash', stream: this.#id, memory: block.memory, length, size })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#release(current));
  }

  async #next(): Promise<BlockInProgress | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error as Error;
      if (this.#backlog[0]?.size !== undefined) {
        // All of the others have been read. Until the last one is consumed, nothing is complete.
        if (this.#hasEnded && this.#backlog.length === 1) await this.#range?.check();
        return this.#backlog.shift();
      }
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
    const range = this.#range;
    this.#failure ??= { error: error instanceof ReadError && range ? range.failure(error.cause) : error };
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
