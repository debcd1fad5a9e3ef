import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { untilAborted } from '../../pipe/http/until-aborted.ts';

const reason = new Error('stop');

it('returns the result of the work, and leaves no listener behind', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(untilAborted(Promise.reject(reason), signal)).rejects.toBe(reason);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('throws the reason at once, and discards a late result', async () => {
  const controller = new AbortController();
  const work = Promise.withResolvers<string>();
  const late: string[] = [];
  const waiting = untilAborted(work.promise, controller.signal, (value) => late.push(value));
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  work.resolve('late');
  await work.promise;
  expect(late).toEqual(['late']);
});

it('throws the reason if the signal has already aborted, even if the work is done', async () => {
  await expect(untilAborted(Promise.resolve(1), AbortSignal.abort(reason))).rejects.toBe(reason);
});

it('does not report a late failure as an unhandled rejection', async () => {
  const work = Promise.withResolvers<string>();
  await expect(untilAborted(work.promise, AbortSignal.abort(reason))).rejects.toBe(reason);
  work.reject(new Error('late'));
  await new Promise(setImmediate);
});
