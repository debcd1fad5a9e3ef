/** One stream on its way through the threads: read, hashed and compressed block by block, and given out in order. */

import { setTimeout as delay } from 'node:timers/promises';
import type { ByobReader } from '../io/byob-reader.ts';
import { createSha256 } from '../io/hashes.ts';
import type { Block, BlockMemory, Quota } from './block-memory.ts';
import type { Ahead, Level, Pace } from './pace.ts';
import type { ThreadPool } from './thread-pool.ts';

/** What a compressed stream turned out to be, known once it has been read to its end. */
export interface Compressed {
  /**
   * The compressed bytes, to be read once. Memory is bounded: nothing is read further ahead than a few blocks.
   * A chunk is valid until the next but one is asked for. What the source throws is thrown here, unchanged and at once.
   */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** When the source needs to be read no more: what is left is to be compressed and given out. Never rejects. */
  readonly hasRead: Promise<void>;
  /** After `bytes` has ended: `sha256:…` of the compressed bytes. */
  digest(): string;
  /** After `bytes` has ended: `sha256:…` of the bytes that went in, which is the layer's diff ID. */
  sourceDigest(): string;
  /** Compressed bytes so far. */
  size(): number;
  /** Bytes of the source whose compressed form has been given out so far. */
  sourceSize(): number;
}

/** What all streams of a compressor share. */
export interface StreamResources {
  readonly threads: ThreadPool;
  readonly memory: BlockMemory;
  readonly pace: Pace;
}

/** A smaller chunk may wait in a socket's buffer while the next ones are asked for, so it is copied out of the block. */
const socketBufferBytes = 64 * 1024;

/** A source that stands still when its consumer stops is let go when it comes to its next chunk, without anybody waiting. */
const sourcePatienceMs = 100;

/** A block on its way. */
interface BlockInProgress {
  readonly block: Block;
  /** Bytes of the source. */
  readonly length: number;
  /** Undefined until it is compressed. */
  size: number | undefined;
  /** What still needs the block: hashing, compressing, and whoever it is given out to. */
  users: number;
}

/** Reads its source once `bytes` is read, and no further ahead than its share of the blocks. */
export class CompressedStream implements Compressed {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly hasRead: Promise<void>;
  readonly #id: number;
  readonly #resources: StreamResources;
  readonly #quota: Quota;
  readonly #hash = createSha256();
  /** Blocks not yet given out, in the source's order. */
  readonly #backlog: BlockInProgress[] = [];
  #size = 0;
  #readSize = 0;
  #sourceSize = 0;
  #digest: string | undefined;
  #sourceDigest: string | undefined;
  #failure: { readonly error: unknown } | undefined;
  #hasEnded = false;
  #isStopped = false;
  /** Whether the last block compressed did not shrink. At first assumed, which costs one sample. */
  #isDoubtful = true;
  /** What the consumer is busy with. */
  #given: { readonly bytes: number; readonly at: number } | undefined;
  #change = Promise.withResolvers<void>();
  readonly #reading = Promise.withResolvers<void>();

  /** @param id tells the stream from others that share its resources */
  constructor(id: number, source: ByobReader, resources: StreamResources) {
    this.#id = id;
    this.#resources = resources;
    this.#quota = resources.memory.join();
    this.bytes = this.#giveOut(source);
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

  async *#giveOut(source: ByobReader): AsyncGenerator<Uint8Array> {
    void this.#read(source);
    /** What the consumer may still look at: the last two. */
    const givenOut: BlockInProgress[] = [];
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
          givenOut.push(current);
        }
        const given = { bytes: compressed.length, at: performance.now() };
        this.#given = given;
        yield compressed;
        this.#given = undefined;
        const now = performance.now();
        this.#resources.pace.taken(given.bytes, now - given.at, now);
        for (const earlier of givenOut.splice(0, givenOut.length - 1)) this.#release(earlier);
      }
      this.#sourceDigest = await this.#resources.threads.digest({ task: 'digest', stream: this.#id });
      this.#digest = `sha256:${this.#hash.digest()}`;
    } finally {
      this.#isStopped = true;
      this.#resources.threads.forget(this.#id);
      for (const unfinished of [...givenOut, ...this.#backlog]) this.#release(unfinished);
      this.#quota.close();
      await Promise.race([this.hasRead, delay(sourcePatienceMs, undefined, { ref: false })]);
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
        // Nothing at all is compressed too: what is given out must be a whole stream of the format.
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
    const { threads, pace } = this.#resources;
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
        chosen = pace.choose(codec, this.#ahead(current));
        startedAt = performance.now();
        const { level, denseLevel = level } = chosen;
        return { task: 'compress', memory, length, level, denseLevel, isDoubtful: this.#isDoubtful };
      })
      .then((size) => {
        current.size = size;
        this.#isDoubtful = size > length * 0.99;
        // What is stored says nothing of a level's price.
        if (chosen !== undefined && !this.#isDoubtful) pace.compressed(chosen, performance.now() - startedAt);
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
