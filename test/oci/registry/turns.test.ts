import { expect, it } from '@jest/globals';
import { Turns } from '../../../pipe/oci/registry/turns.ts';

const megabyte = 1_000_000;

interface Blob {
  readonly sent: (bytes: number) => void;
  readonly end: (action: 'sent' | 'present') => void;
}

/** Blobs that ask for a turn in their order, and those that have it. */
function start(count: number, there: readonly number[] = []) {
  const turns = new Turns();
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
  return { running, asked, results, settle };
}

it('sends two blobs one after the other, and then all at the same time', async () => {
  const { running, settle, asked, results } = start(5);
  expect(await settle()).toEqual([0]);
  running.get(0)?.end('sent');
  expect(await settle()).toEqual([1]);
  running.get(1)?.end('sent');
  expect(await settle()).toEqual([2, 3, 4]);
  expect(asked).toEqual([1, 2, 3, 4]);
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
  const { running, settle, results } = start(5, there);
  await settle();
  running.get(0)?.end(there.length > 0 ? 'sent' : 'present');
  const [next = 0] = await settle();
  expect(next).toBe(there.length > 0 ? 2 : 1);
  running.get(next)?.sent(50 * megabyte);
  expect(await settle()).toEqual([next]);
  running.get(next)?.end('sent');
  expect(await settle()).toEqual([next + 1]);
  running.get(next + 1)?.end('sent');
  expect(await settle()).toEqual([next + 2]);
  if (there.length > 0) expect(await results[1]).toBeUndefined();
});

it('starts no further blob before the last one has asked', async () => {
  const turns = new Turns();
  const answer = Promise.withResolvers<boolean>();
  const started: number[] = [];
  const end = Promise.withResolvers<{ action: string }>();
  const use = async (index: number): Promise<unknown> =>
    await turns.use(
      async () => await answer.promise,
      async (sent) => {
        started.push(index);
        sent(20 * megabyte);
        return await end.promise;
      },
    );
  const all = [0, 1, 2].map(use);
  await new Promise((resolve) => setImmediate(resolve));
  expect(started).toEqual([0]);
  answer.resolve(true);
  end.resolve({ action: 'sent' });
  await Promise.all(all);
  expect(started).toEqual([0]);
});

it('passes the turn on after a failure', async () => {
  const turns = new Turns();
  const never = async (): Promise<boolean> => await Promise.resolve(false);
  const failing = turns.use(never, async () => await Promise.reject(new Error('reset')));
  const next = turns.use(never, async () => await Promise.resolve({ action: 'sent' }));
  await expect(failing).rejects.toThrow('reset');
  expect(await next).toEqual({ action: 'sent' });
});
