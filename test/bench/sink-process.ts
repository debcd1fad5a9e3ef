/** Starts the sink (sink.ts), and requests its counts. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SinkCounts } from './sink.ts';

/** The counts; not every counter can count requests. */
export type Counts = Omit<SinkCounts, 'requests'> & Partial<Pick<SinkCounts, 'requests'>>;

export interface Counter {
  /** The counts since the last call. */
  takeCounts(): Promise<Counts>;
}

export interface Sink extends Counter {
  readonly origin: string;
  close(): Promise<void>;
}

/** @param stored the JSON document that a GET finds once something was put; default: none */
export async function startSink({ latencyMs = 0, stored = '' } = {}): Promise<Sink> {
  const child = fork(join(import.meta.dirname, 'sink.ts'), [String(latencyMs), stored], { env: {}, execArgv: [] });
  const { port } = await reply<{ port: number }>(child);
  return {
    origin: `http://127.0.0.1:${port}`,
    async takeCounts() {
      const counts = reply<SinkCounts>(child);
      child.send('take');
      return await counts;
    },
    async close() {
      const closed = once(child, 'exit');
      child.disconnect();
      await closed;
    },
  };
}

export async function reply<T>(child: ChildProcess): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Error('the sink ended'));
  child.once('exit', stop);
  try {
    const [message] = (await once(child, 'message', { signal: controller.signal })) as [T];
    return message;
  } finally {
    child.off('exit', stop);
  }
}
