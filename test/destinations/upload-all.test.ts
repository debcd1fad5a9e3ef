import { expect, it } from '@jest/globals';
import { uploadAll } from '../../pipe/destinations/upload-all.ts';
import { createLog } from '../../pipe/toolkit/log.ts';
import { createOutput } from '../../pipe/toolkit/stdout.ts';
import { recordingStream } from '../toolkit/recording-stream.ts';

interface Upload {
  readonly hasFailed: () => boolean;
  readonly fail: (error: Error) => void;
}

/** Two uploads in progress. */
function startTwo(signal: AbortSignal): { uploads: readonly Upload[]; all: Promise<void>; logged: () => string } {
  const uploads: Upload[] = [];
  const stream = recordingStream();
  const output = createOutput(stream, (text) => text, false);
  const log = createLog(output, { isDebug: false });
  const upload = async (_: string, hasFailed: () => boolean): Promise<void> => {
    const { promise, reject } = Promise.withResolvers<void>();
    uploads.push({ hasFailed, fail: reject });
    await promise;
  };
  const all = uploadAll(['a', 'b', 'c'], 2, upload, { log, signal });
  all.catch(() => undefined);
  return { uploads, all, logged: () => stream.text };
}

it('throws the first failure, tells the others in progress, logs theirs, and starts no more', async () => {
  const { uploads, all, logged } = startTwo(new AbortController().signal);
  expect(uploads.map(({ hasFailed }) => hasFailed())).toEqual([false, false]);
  uploads[1]?.fail(new Error('b: refused'));
  await new Promise(setImmediate);
  expect(uploads[0]?.hasFailed()).toBe(true);
  expect(logged()).toBe('');
  uploads[0]?.fail(new Error('a: refused'));
  await expect(all).rejects.toThrow('b: refused');
  expect(logged()).toBe('ERROR: a: refused\n');
  expect(uploads).toHaveLength(2);
});

it('logs nothing more once the run is stopped', async () => {
  const { uploads, all, logged } = startTwo(AbortSignal.abort());
  for (const { fail } of uploads) fail(new Error('stopped'));
  await expect(all).rejects.toThrow('stopped');
  expect(logged()).toBe('');
});
