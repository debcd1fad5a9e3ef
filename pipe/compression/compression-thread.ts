/** Wraps a worker thread: sends it tasks, and settles them with its answers or its end. */

import type { Worker } from 'node:worker_threads';
import { type Answer, type Output, startCompressionWorker, type Task, type WorkerSetup } from './compression-worker.ts';
import type { Codec } from './formats.ts';

type Value = Output | string;

/** The thread could not read its input: because of `cause`, or because the file ended too early. */
export class ReadError extends Error {
  declare readonly cause: NodeJS.ErrnoException | undefined;
}

/** What moves to the worker. */
function movedBy(task: Task): ArrayBuffer[] {
  if (task.task === 'hash') return [task.output.memory];
  return task.task === 'compress' && task.spare !== undefined ? [task.spare] : [];
}

/** A worker thread that runs tasks. */
export class CompressionThread {
  /** Resolves when the thread runs. */
  readonly codec: Promise<Codec>;
  /** The number of blocks that it is compressing or has queued. */
  blocks = 0;
  readonly #worker: Worker;
  readonly #answers = new Map<number, PromiseWithResolvers<Value>>();
  #lastId = 0;
  #isClosing = false;
  #end: Error | undefined;

  /** @param onEnd called when the thread accepts no more tasks */
  constructor(setup: WorkerSetup, onEnd: (thread: CompressionThread) => void) {
    this.#worker = startCompressionWorker(setup);
    const codec = Promise.withResolvers<Codec>();
    this.codec = codec.promise;
    this.codec.catch(() => undefined);
    this.#worker.on('message', (answer: Answer) => {
      if ('codec' in answer) codec.resolve(answer.codec);
      else this.#settle(answer);
      // An idle thread must not keep the process alive, but one that is closing must, until it has ended.
      if (this.#answers.size === 0 && !this.#isClosing) this.#worker.unref();
    });
    const end = (error: Error): void => {
      this.#end ??= error;
      onEnd(this);
      codec.reject(error);
      for (const { reject } of this.#answers.values()) reject(error);
    };
    this.#worker.on('error', (cause) => end(new Error('A compression thread failed', { cause })));
    this.#worker.on('exit', () => end(new Error('A compression thread ended')));
  }

  /** Runs tasks in the order of the calls. Rejects if the task fails or the thread ends. */
  async run(task: Task): Promise<Value> {
    if (this.#end !== undefined) throw this.#end;
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Value>();
    this.#answers.set(id, answer);
    this.#worker.ref();
    this.#worker.postMessage({ ...task, id }, movedBy(task));
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
    if ('value' in answer) waiting?.resolve(answer.value);
    else if ('error' in answer) waiting?.reject(new Error(`Compression failed: ${answer.error}`));
    else {
      const cause = answer.cause && Object.assign(new Error(answer.cause.message), { code: answer.cause.code });
      waiting?.reject(new ReadError('A block could not be read', { cause }));
    }
  }
}
