/** The threads that all streams share: started when there is work for them, first come, first served. */

import { CompressionThread } from './compression-thread.ts';
import type { DigestTask, Engine, HashTask, CompressTask, WorkerSetup } from './compression-worker.ts';

/** One block being packed and one at hand: a thread need not wait until this one wakes up and gives it more. */
const blocksPerThread = 2;

interface Queued {
  readonly stream: number;
  /** Asked when a thread takes the block, so that its level follows the latest state of things. */
  readonly task: (engine: Engine) => CompressTask;
  readonly packed: PromiseWithResolvers<number>;
}

export class ThreadPool {
  readonly #size: number;
  readonly #setup: WorkerSetup;
  readonly #threads: CompressionThread[] = [];
  /** Where a stream's hash grows. */
  readonly #hashing = new Map<number, CompressionThread>();
  #queue: Queued[] = [];
  #engine: Engine | undefined;
  #isClosed = false;

  constructor(size: number, setup: WorkerSetup) {
    this.#size = size;
    this.#setup = setup;
    if (setup.format === 'zstd') this.#engine = 'zstd';
  }

  /** What the threads pack with; starts the first one, where it takes one to know. */
  async engine(): Promise<Engine> {
    return this.#engine ?? (await (this.#threads[0] ?? this.#start()).engine);
  }

  /** Starts as many threads as so many blocks keep busy. */
  prepare(blocks: number): void {
    while (!this.#isClosed && this.#threads.length < Math.min(blocks, this.#size)) this.#start();
  }

  /** @returns the packed size; rejects where `forget` or `close` came first */
  async pack(stream: number, task: (engine: Engine) => CompressTask): Promise<number> {
    this.#checkOpen();
    const packed = Promise.withResolvers<number>();
    this.#queue.push({ stream, task, packed });
    this.#distribute();
    return await packed.promise;
  }

  /** Tasks of one stream are done by one thread, in the order of the calls. */
  async hash(task: HashTask): Promise<void> {
    this.#checkOpen();
    let thread = this.#hashing.get(task.stream);
    if (thread === undefined) {
      thread = this.#threads[task.stream % this.#threads.length] ?? this.#start();
      this.#hashing.set(task.stream, thread);
    }
    await thread.run(task);
  }

  /** `sha256:…` of all that was hashed of the stream. */
  async digest(task: DigestTask): Promise<string> {
    const thread = this.#hashing.get(task.stream);
    if (thread === undefined) throw new Error('Nothing of the stream was hashed');
    this.#hashing.delete(task.stream);
    return `sha256:${await thread.run(task)}`;
  }

  /** Drops what the stream still has to be done. */
  forget(stream: number): void {
    const dropped = this.#queue.filter((queued) => queued.stream === stream);
    this.#queue = this.#queue.filter((queued) => queued.stream !== stream);
    for (const { packed } of dropped) packed.reject(new Error('The stream was given up'));
    if (this.#hashing.has(stream)) this.digest({ task: 'digest', stream }).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#dropQueue(closed());
    await Promise.all(this.#threads.map(async (thread) => await thread.close()));
  }

  #distribute(): void {
    const engine = this.#engine;
    if (engine === undefined) {
      // Levels are the engine's: the blocks wait for the first thread to tell it, while the others start as well.
      this.prepare(this.#queue.length);
      return;
    }
    while (this.#queue.length > 0) {
      const thread = this.#freeThread();
      const queued = thread && this.#queue.shift();
      if (thread === undefined || queued === undefined) return;
      thread.packing++;
      thread
        .run(queued.task(engine))
        .finally(() => {
          thread.packing--;
          this.#distribute();
        })
        .then((size) => queued.packed.resolve(Number(size)), queued.packed.reject);
    }
  }

  #freeThread(): CompressionThread | undefined {
    const leastBusy = this.#threads.toSorted((a, b) => a.packing - b.packing)[0];
    if (leastBusy?.packing !== 0 && this.#threads.length < this.#size) return this.#start();
    return leastBusy !== undefined && leastBusy.packing < blocksPerThread ? leastBusy : undefined;
  }

  #start(): CompressionThread {
    const thread = new CompressionThread(this.#setup, () => {
      const index = this.#threads.indexOf(thread);
      if (index >= 0) this.#threads.splice(index, 1);
    });
    this.#threads.push(thread);
    thread.engine.then(
      (engine) => {
        this.#engine = engine;
        this.#distribute();
      },
      (error: unknown) => {
        if (this.#engine === undefined) this.#dropQueue(error);
      },
    );
    return thread;
  }

  #dropQueue(reason: unknown): void {
    for (const { packed } of this.#queue.splice(0)) packed.reject(reason);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }
}

function closed(): Error {
  return new Error('The compressor was closed');
}
