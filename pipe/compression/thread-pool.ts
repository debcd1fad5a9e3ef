/** The threads that all streams share: started on demand, first come, first served. */

import { CompressionThread } from './compression-thread.ts';
import type { CompressTask, DigestTask, HashTask, Output, WorkerSetup } from './compression-worker.ts';
import type { Codec } from './formats.ts';

interface Queued {
  readonly stream: number;
  /** Called when a thread takes the block, so that the level depends on the latest state. */
  readonly task: (codec: Codec) => CompressTask;
  readonly compressed: PromiseWithResolvers<Output>;
}

/** Starts threads on demand, up to `size`, and assigns each task to one of them. */
export class ThreadPool {
  readonly #size: number;
  readonly #blocksPerThread: number;
  readonly #setup: WorkerSetup;
  #threads: CompressionThread[] = [];
  /** The thread that hashes a stream. */
  readonly #hashing = new Map<number, CompressionThread>();
  #queue: Queued[] = [];
  #codec: Codec | undefined;
  #isClosed = false;

  /**
   * @param size the number of threads
   * @param blocksPerThread that it has at the same time: the one that it compresses, and others that are queued
   */
  constructor(size: number, blocksPerThread: number, setup: WorkerSetup) {
    this.#size = size;
    this.#blocksPerThread = blocksPerThread;
    this.#setup = setup;
    const [first, ...others] = setup.codecs;
    if (others.length === 0) this.#codec = first;
  }

  /** The codec that the threads use. Starts a thread if it is not known yet. */
  async codec(): Promise<Codec> {
    return this.#codec ?? (await (this.#threads[0] ?? this.#start()).codec);
  }

  /** Starts as many threads as this many blocks keep busy. */
  prepare(blocks: number): void {
    while (!this.#isClosed && this.#threads.length < Math.min(blocks, this.#size)) this.#start();
  }

  /** Compresses a block. Rejects if `forget` or `close` is called first. */
  async compress(stream: number, task: (codec: Codec) => CompressTask): Promise<Output> {
    this.#checkOpen();
    const compressed = Promise.withResolvers<Output>();
    this.#queue.push({ stream, task, compressed });
    this.#distribute();
    return await compressed.promise;
  }

  /** Hashes a block, and gives its output back. One thread runs all tasks of a stream, in the order of the calls. */
  async hash(task: HashTask): Promise<Output> {
    this.#checkOpen();
    let thread = this.#hashing.get(task.stream);
    if (thread === undefined) {
      thread = this.#threads[task.stream % this.#threads.length] ?? this.#start();
      this.#hashing.set(task.stream, thread);
    }
    return (await thread.run(task)) as Output;
  }

  /** `sha256:…` of the input, and of the output, of all the stream's hashed blocks. */
  async digests(task: DigestTask): Promise<readonly [input: string, output: string]> {
    const thread = this.#hashing.get(task.stream);
    if (thread === undefined) throw new Error('Nothing of the stream was hashed');
    this.#hashing.delete(task.stream);
    const [input = '', output = ''] = ((await thread.run(task)) as string).split(' ');
    return [`sha256:${input}`, `sha256:${output}`];
  }

  /** Drops the stream's queued blocks and its hash. */
  forget(stream: number): void {
    const dropped = this.#queue.filter((queued) => queued.stream === stream);
    this.#queue = this.#queue.filter((queued) => queued.stream !== stream);
    for (const { compressed } of dropped) compressed.reject(new Error('The stream was abandoned'));
    if (this.#hashing.has(stream)) this.digests({ task: 'digest', stream }).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#dropQueue(closed());
    await Promise.all(this.#threads.map(async (thread) => await thread.close()));
  }

  #distribute(): void {
    const codec = this.#codec;
    if (codec === undefined) {
      // Levels depend on the codec: blocks wait until the first thread reports it. The other threads start meanwhile.
      this.prepare(this.#queue.length);
      return;
    }
    while (this.#queue.length > 0) {
      const thread = this.#freeThread();
      const queued = thread && this.#queue.shift();
      if (thread === undefined || queued === undefined) return;
      thread.blocks++;
      thread
        .run(queued.task(codec))
        .finally(() => {
          thread.blocks--;
          this.#distribute();
        })
        .then((output) => queued.compressed.resolve(output as Output), queued.compressed.reject);
    }
  }

  #freeThread(): CompressionThread | undefined {
    const leastBusy = this.#threads.toSorted((a, b) => a.blocks - b.blocks)[0];
    if (leastBusy?.blocks !== 0 && this.#threads.length < this.#size) return this.#start();
    return leastBusy !== undefined && leastBusy.blocks < this.#blocksPerThread ? leastBusy : undefined;
  }

  #start(): CompressionThread {
    const thread = new CompressionThread(this.#setup, () => {
      this.#threads = this.#threads.filter((other) => other !== thread);
    });
    this.#threads.push(thread);
    thread.codec.then(
      (codec) => {
        this.#codec = codec;
        this.#distribute();
      },
      (error: unknown) => {
        if (this.#codec === undefined) this.#dropQueue(error);
      },
    );
    return thread;
  }

  #dropQueue(reason: unknown): void {
    for (const { compressed } of this.#queue.splice(0)) compressed.reject(reason);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }
}

function closed(): Error {
  return new Error('The compressor was closed');
}
