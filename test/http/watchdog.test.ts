import { getEventListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { StalledError } from '../../pipe/errors.ts';
import { createWatchdog } from '../../pipe/http/watchdog.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it('aborts if nothing moves', () => {
  const { signal } = createWatchdog(2_000, undefined);
  jest.advanceTimersByTime(1_999);
  expect(signal.aborted).toBe(false);
  jest.advanceTimersByTime(1);
  expect(signal.reason).toBeInstanceOf(StalledError);
  expect(signal.reason).toMatchObject({ message: 'no progress for 2.0 s' });
});

it('does not limit the total time as long as something moves', () => {
  const watchdog = createWatchdog(2_000, undefined);
  for (let count = 0; count < 10; count++) {
    jest.advanceTimersByTime(1_900);
    watchdog.moved();
  }
  expect(watchdog.signal.aborted).toBe(false);
  jest.advanceTimersByTime(2_000);
  expect(watchdog.signal.aborted).toBe(true);
});

it('aborts with the reason of the outer signal', () => {
  const outer = new AbortController();
  const { signal } = createWatchdog(2_000, outer.signal);
  const reason = new Error('stop');
  outer.abort(reason);
  expect(signal.reason).toBe(reason);
});

it('is aborted from the start if the outer signal is', () => {
  const reason = new Error('stop');
  expect(createWatchdog(2_000, AbortSignal.abort(reason)).signal.reason).toBe(reason);
});

it('leaves no timer and no listener, and does not abort, once stopped', () => {
  const outer = new AbortController();
  const watchdog = createWatchdog(2_000, outer.signal);
  expect([jest.getTimerCount(), getEventListeners(outer.signal, 'abort').length]).toEqual([1, 1]);
  watchdog.stop();
  expect([jest.getTimerCount(), getEventListeners(outer.signal, 'abort').length]).toEqual([0, 0]);
  outer.abort();
  jest.advanceTimersByTime(2_000);
  expect(watchdog.signal.aborted).toBe(false);
});

it('gives one time limit in all to what follows, even if bytes move', () => {
  const watchdog = createWatchdog(2_000, undefined);
  const ends: StalledError[] = [];
  jest.advanceTimersByTime(1_500);
  const lift = watchdog.limit((error) => ends.push(error));
  jest.advanceTimersByTime(1_000);
  watchdog.moved();
  jest.advanceTimersByTime(999);
  expect([ends, watchdog.signal.aborted]).toEqual([[], false]);
  jest.advanceTimersByTime(1);
  expect(ends).toMatchObject([{ message: 'the answer is not complete after 2.0 s' }]);
  expect(watchdog.signal.aborted).toBe(false);
  lift();
  jest.advanceTimersByTime(1_999);
  expect(watchdog.signal.aborted).toBe(false);
  jest.advanceTimersByTime(1);
  expect([ends.length, watchdog.signal.aborted]).toEqual([1, true]);
});

it('leaves no timer of a limit that is lifted or that was never reached', () => {
  const watchdog = createWatchdog(2_000, undefined);
  watchdog.limit(() => undefined)();
  expect(jest.getTimerCount()).toBe(1);
  watchdog.limit(() => undefined);
  watchdog.stop();
  expect(jest.getTimerCount()).toBe(0);
});

it('is not restarted by bytes that move after it is stopped', async () => {
  jest.useRealTimers();
  const { signal, ...watchdog } = createWatchdog(10, undefined);
  watchdog.stop();
  watchdog.moved();
  await setTimeout(30);
  expect(signal.aborted).toBe(false);
});
