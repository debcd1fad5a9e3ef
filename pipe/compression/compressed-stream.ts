/** Compresses one stream: reads, hashes and compresses it block by block, and yields the blocks in order. */

import { setTimeout as delay } from 'node:timers/promises';
import type { ByobReader, OpenRange } from '../io/byob-reader.ts';
import type { Block, BlockMemory, Quota } from './block-memory.ts';
import { ReadError } from './compression-thread.ts';
import type { FilePart, Output } from './compression-worker.ts';
import { defaultLevelOf, type Level } from './levels.ts';
import { OutputChunks } from './output-chunks.ts';
import type { Pace } from './pace.ts';
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
  /** Whether a stream may keep two outputs until it has the next ones, as it does if each is one chunk. */
  readonly lendsOutputs: boolean;
  /** The memory of freed outputs, to be used again; undefined if the codec has its own. */
  readonly spares: ArrayBuffer[] | undefined;
}

/** If the consumer stops early, how long to wait for a source that hangs. After that, it is closed at its next chunk. */
const sourceCloseMs = 100;

/** A block that is being compressed, hashed or consumed. */
interface BlockInProgress {
  /** Bytes of the source. */
  readonly length: number;
  /** Undefined until it is compressed and hashed. */
  output: Output | undefined;
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
  #change = Promise.withResolvers<void>();
  readonly #reading = Promise.withResolvers<void>();
  readonly #consuming = Promise.withResolvers<void>();
  /** Resolves when the hash of the latest block has begun, or never will. */
  #hashing: Promise<void> = Promise.resolve();
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
    const { pace } = this.#resources;
    let takenSize = 0;
    pace?.streams(1);
    const closing = this.#read(source);
    const chunks = new OutputChunks(this.#resources.lendsOutputs, {
      free: (output) => this.#free(output),
      leave: () => this.#quota.giveBackOutput(),
    });
    try {
      for (let output = await this.#next(); output !== undefined; output = await this.#next()) {
        yield* chunks.of(output, this.#isLast());
        pace?.taken(this.#sourceSize - takenSize, performance.now());
        takenSize = this.#sourceSize;
      }
      const digests = await this.#resources.threads.digests({ task: 'digest', stream: this.#id });
      if (this.#failure !== undefined) throw this.#failure.error as Error;
      [this.#sourceDigest, this.#digest] = digests;
    } finally {
      this.#isStopped = true;
      pace?.streams(-1);
      this.#resources.threads.forget(this.#id);
      chunks.close();
      for (const { output } of this.#backlog) if (output !== undefined) this.#free(output);
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
        if (this.#mustStop() || (length === 0 && this.#readSize > 0)) return;
        this.#submit(block, length);
        block = undefined;
      }
    } finally {
      if (block !== undefined) {
        this.#quota.giveBackInput(block);
        this.#quota.giveBackOutput();
      }
    }
  }

  async #divide({ descriptor, start, length }: OpenRange): Promise<void> {
    do {
      const block = this.#mustStop() ? undefined : await this.#quota.take();
      if (block === undefined) return;
      this.#submit(block, Math.min(block.input.length, length - this.#readSize), {
        descriptor,
        position: start + this.#readSize,
      });
    } while (this.#readSize < length);
  }

  #submit(block: Block, length: number, from?: FilePart): void {
    const current: BlockInProgress = { length, output: undefined };
    this.#backlog.push(current);
    this.#readSize += length;
    const previous = this.#hashing;
    const hashing = Promise.withResolvers<void>();
    this.#hashing = hashing.promise;
    const processing = this.#compressBlock(block, length, from)
      .then(async (compressed) => {
        await previous;
        if (this.#mustStop()) return compressed;
        const { memory } = block;
        const hashed = this.#resources.threads.hash({
          task: 'hash',
          stream: this.#id,
          memory,
          length,
          output: compressed,
        });
        hashing.resolve();
        return await hashed;
      })
      .then((output) => {
        if (this.#isStopped) this.#free(output);
        else current.output = output;
      })
      .catch((error: unknown) => {
        this.#fail(error);
        this.#quota.giveBackOutput();
      })
      .finally(() => {
        hashing.resolve();
        this.#quota.giveBackInput(block);
        this.#tasks.delete(processing);
        this.#announce();
      });
    this.#tasks.add(processing);
  }

  async #compressBlock({ memory, input }: Block, length: number, from: FilePart | undefined): Promise<Output> {
    const { threads, pace, fixedLevel } = this.#resources;
    let chosen: Level | undefined;
    const output = await threads.compress(this.#id, (codec) => {
      chosen = pace?.choose(codec);
      const level = chosen?.level ?? fixedLevel ?? defaultLevelOf[codec];
      return {
        task: 'compress',
        memory,
        length,
        from,
        level,
        denseLevel: chosen?.denseLevel ?? level,
        spare: this.#resources.spares?.pop(),
      };
    });
    // A stored or a short block says nothing about the cost of a level.
    const isTelling = length === input.length && output.size <= length * 0.99;
    if (chosen !== undefined && isTelling) pace?.compressed(chosen, output.ms, length);
    return output;
  }

  async #next(): Promise<Output | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error as Error;
      const [first] = this.#backlog;
      if (first?.output !== undefined) {
        // All of the others have been read. Until the last one is consumed, nothing is complete.
        if (this.#hasEnded && this.#backlog.length === 1) await this.#range?.check();
        this.#backlog.shift();
        this.#size += first.output.size;
        this.#sourceSize += first.length;
        return first.output;
      }
      if (this.#isLast()) return undefined;
      await this.#change.promise;
    }
  }

  #mustStop(): boolean {
    return this.#isStopped || this.#failure !== undefined;
  }

  #isLast(): boolean {
    return this.#hasEnded && this.#backlog.length === 0;
  }

  /** Frees an output that nothing reads any more, immediately: the garbage collector would let many pile up. */
  #free({ memory }: Output): void {
    const { spares } = this.#resources;
    if (spares === undefined) memory.transfer(0);
    else spares.push(memory);
    this.#quota.giveBackOutput();
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
