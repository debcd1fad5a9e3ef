/** A worker thread as an object: tasks in, answers out, and an end that everybody hears of. */

import type { Worker } from 'node:worker_threads';
import { type Answer, startCompressionWorker, type Task, type WorkerSetup } from './compression-worker.ts';
import type { Codec } from './formats.ts';

type Value = number | string;

/** A worker thread, and promises for what it answers. */
export class CompressionThread {
  /** Known as soon as the thread runs. */
  readonly codec: Promise<Codec>;
  /** Blocks that it is compressing or has at hand. */
  blocks = 0;
  readonly #worker: Worker;
  readonly #answers = new Map<number, PromiseWithResolvers<Value>>();
  #lastId = 0;
  #isClosing = false;
  #end: Error | undefined;

  /** @param onEnd is called when the thread takes no more tasks */
  constructor(setup: WorkerSetup, onEnd: (thread: CompressionThread) => void) {
    this.#worker = startCompressionWorker(setup);
    const codec = Promise.withResolvers<Codec>();
    this.codec = codec.promise;
    this.codec.catch(() => undefined);
    this.#worker.on('message', (answer: Answer) => {
      if ('codec' in answer) codec.resolve(answer.codec);
      else this.#settle(answer);
      // An idle thread does not keep the process alive; one that is being ended does, until its end is known.
      if (this.#answers.size === 0 && !this.#isClosing) this.#worker.unref();
    });
    const end = (error: Error): void => {
      this.#end ??= error;
      onEnd(this);
      codec.reject(error);
      for (const { reject } of this.#answers.values()) reject(error);
      this.#answers.clear();
    };
    this.#worker.on('error', (cause) => end(new Error('A compressing thread failed', { cause })));
    this.#worker.on('exit', () => end(new Error('A compressing thread was ended')));
  }

  /** Tasks are done in the order of the calls. */
  async run(task: Task): Promise<Value> {
    if (this.#end !== undefined) throw this.#end;
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Value>();
    this.#answers.set(id, answer);
    this.#worker.ref();
    this.#worker.postMessage({ ...task, id }, []);
    return await answer.promise;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#worker.ref();
    await this.#worker.terminate();
  }

  #settle(answer: Exclude<Answer, { readonly codec: Codec }>): void {
    const waiting = this.#answers.get(answer.id);
    this.#answers.delete(answer.id);
    if ('error' in answer) waiting?.reject(new Error(`Compressing failed: ${answer.error}`));
    else waiting?.resolve(answer.value);
  }
}
