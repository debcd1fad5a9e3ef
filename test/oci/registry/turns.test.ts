import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Turns } from '../../../pipe/oci/registry/turns.ts';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

const megabyte = 1_000_000;

interface Blob {
  readonly sent: (bytes: number) => void;
  readonly end: (action: 'sent' | 'present') => void;
}

/** Blobs that ask for a turn in their order, and those that have it. */
function start(count: number, there: readonly number[] = [], headStartMs?: number, signal?: AbortSignal) {
  let waits = 0;
  const turns = new Turns(headStartMs, () => waits++, signal);
  const running = new Map<number, Blob>();
  const asked: number[] = [];
  const results = Array.from({ length: count }, async (_, index) => {
    const isThere = async (): Promise<boolean> => {
      asked.push(index);
      return await Promise.resolve(there.includes(index));
    };
    return await turns.use(isThere, async (sent) => {
      const action = await new Promise<'sent' | 'present'>((end) => running.set(index, { sent, end }));
      running.delete(index);
      return { action };
    });
  });
  const settle = async (): Promise<readonly number[]> => {
    await new Promise((resolve) => setImmediate(resolve));
    return [...running.keys()];
  };
  const pass = async (ms: number): Promise<readonly number[]> => {
    await jest.advanceTimersByTimeAsync(ms);
    return await settle();
  };
  return { running, asked, results, settle, pass, waits: () => waits };
}

it('sends two blobs one after the other, and then all at the same time', async () => {
  const { running, settle, asked, results } = start(5);
  expect(await settle()).toEqual([0]);
  running.get(0)?.end('sent');
  expect(await settle()).toEqual([1]);
  running.get(1)?.end('sent');
  expect(await settle()).toEqual([2, 3, 4]);
  expect(asked).toEqual([1, 2, 3, 4, 2, 3, 4]);
  for (const blob of running.values()) blob.end('sent');
  expect(await Promise.all(results)).toHaveLength(5);
});

it('does not keep others waiting for the end of a long blob', async () => {
  const { running, settle } = start(2);
  running.get(0)?.sent(10 * megabyte);
  expect(await settle()).toEqual([0]);
  running.get(0)?.sent(20 * megabyte);
  expect(await settle()).toEqual([0, 1]);
});

it.each([
  ['is there when its turn comes', [1]],
  ['appears while it is sent', []],
])('sends one by one until the end if a blob %s', async (_, there) => {
  const { running, settle, pass, results } = start(5, there);
  await settle();
  running.get(0)?.end(there.length > 0 ? 'sent' : 'present');
  const [next = 0] = await pass(1000);
  // All that wait are asked for.
  expect(next).toBe(there.length > 0 ? 2 : 1);
  running.get(next)?.sent(50 * megabyte);
  expect(await settle()).toEqual([next]);
  running.get(next)?.end('sent');
  expect(await settle()).toEqual([next + 1]);
  running.get(next + 1)?.end('sent');
  expect(await settle()).toEqual([next + 2]);
  if (there.length > 0) expect(await results[1]).toBeUndefined();
});

it('sends one by one if any of those that wait appears', async () => {
  const { running, settle, pass, results } = start(4, [3]);
  await settle();
  running.get(0)?.sent(20 * megabyte);
  expect(await settle()).toEqual([0]);
  expect(await results[3]).toBeUndefined();
  running.get(0)?.end('sent');
  expect(await pass(1000)).toEqual([1]);
});

it('waits about as long as one blob has taken for others that are sending, once', async () => {
  const there: number[] = [];
  const { running, settle, pass, results, waits } = start(5, there);
  await pass(4000);
  expect(waits()).toBe(0);
  running.get(0)?.end('present');
  expect(await pass(1900)).toEqual([]);
  there.push(1);
  // Whatever appears shows that others are still sending.
  expect(await pass(1900)).toEqual([]);
  expect(await results[1]).toBeUndefined();
  expect(await pass(6000)).toEqual([2]);
  expect(waits()).toBe(1);
  running.get(2)?.end('sent');
  expect(await settle()).toEqual([3]);
  running.get(3)?.end('present');
  expect(await settle()).toEqual([4]);
});

it('waits for 9 s at most, however long a blob has taken', async () => {
  const { running, pass } = start(3);
  await pass(600_000);
  running.get(0)?.end('present');
  expect(await pass(9000)).toEqual([1]);
});

it('lets others begin', async () => {
  const { running, settle, pass } = start(3, [], 600);
  expect(await pass(500)).toEqual([]);
  expect(await pass(100)).toEqual([0]);
  running.get(0)?.end('sent');
  expect(await settle()).toEqual([1]);
});

it('sends nothing that others have sent meanwhile', async () => {
  const { pass, results } = start(3, [0, 1, 2], 600);
  expect(await pass(600)).toEqual([]);
  expect(await Promise.all(results)).toEqual([undefined, undefined, undefined]);
});

it('gives a turn to whoever cannot ask', async () => {
  const turns = new Turns();
  const send = async (): Promise<{ action: string }> => await Promise.resolve({ action: 'sent' });
  const first = turns.use(async () => await Promise.resolve(false), send);
  const second = turns.use(async () => await Promise.reject(new Error('reset')), send);
  expect(await Promise.all([first, second])).toEqual([{ action: 'sent' }, { action: 'sent' }]);
});

it('passes the turn on after a failure', async () => {
  const turns = new Turns();
  const never = async (): Promise<boolean> => await Promise.resolve(false);
  const failing = turns.use(never, async () => await Promise.reject(new Error('reset')));
  const next = turns.use(never, async () => await Promise.resolve({ action: 'sent' }));
  await expect(failing).rejects.toThrow('reset');
  expect(await next).toEqual({ action: 'sent' });
});

it.each([
  ['for other steps', [1], 0],
  ['for its head start', [], 3_000],
])('stops at once while it waits %s', async (_, there, headStartMs) => {
  const controller = new AbortController();
  const { running, settle, results } = start(4, there, headStartMs, controller.signal);
  await settle();
  running.get(0)?.end('present');
  await settle();
  expect([...running.keys()]).toEqual([]);
  controller.abort(new Error('stopped'));
  const ends = await Promise.allSettled(results);
  const reasons = ends.map((end) => (end.status === 'rejected' ? (end.reason as Error).message : 'ended'));
  expect(reasons.filter((reason) => reason === 'stopped').length).toBeGreaterThanOrEqual(2);
  expect(await settle()).toEqual([]);
});
