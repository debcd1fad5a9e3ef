import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { mapConcurrently } from '../../pipe/io/map-concurrently.ts';

interface Job {
  readonly startNext: () => void;
  readonly finish: (result: string) => void;
  readonly fail: (error: Error) => void;
}

interface Jobs {
  readonly started: Job[];
  readonly work: (item: number, startNext: () => void) => Promise<string>;
}

/** Work that the test completes. */
function heldWork(): Jobs {
  const started: Job[] = [];
  return {
    started,
    async work(_, startNext) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      started.push({ startNext, finish: resolve, fail: reject });
      return await promise;
    },
  };
}

describe('mapConcurrently', () => {
  it('returns the results in the order of the items, whichever ends first', async () => {
    const { started, work } = heldWork();
    const results = mapConcurrently([1, 2, 3], 3, work);
    started[2]?.finish('c');
    started[0]?.finish('a');
    await turn();
    started[1]?.finish('b');
    expect(await results).toEqual(['a', 'b', 'c']);
  });

  it('asks for the limit whenever an item may start', async () => {
    const { started, work } = heldWork();
    let limit = 1;
    const results = mapConcurrently([1, 2, 3, 4], (item) => (item === 4 ? 1 : limit), work);
    expect(started).toHaveLength(1);
    limit = 2;
    started[0]?.finish('a');
    await turn();
    expect(started).toHaveLength(3);
    started[1]?.finish('b');
    await turn();
    expect(started).toHaveLength(3);
    started[2]?.finish('c');
    await turn();
    started[3]?.finish('d');
    expect(await results).toEqual(['a', 'b', 'c', 'd']);
  });

  it('runs no more items at a time than the limit', async () => {
    const { started, work } = heldWork();
    const results = mapConcurrently([1, 2, 3], 2, work);
    expect(started).toHaveLength(2);
    started[1]?.finish('b');
    await turn();
    expect(started).toHaveLength(3);
    started[0]?.finish('a');
    started[2]?.finish('c');
    expect(await results).toEqual(['a', 'b', 'c']);
  });

  it('starts one more item while others are almost done, and no other until they have ended', async () => {
    const { started, work } = heldWork();
    const results = mapConcurrently([1, 2, 3, 4, 5], 2, work);
    started[0]?.startNext();
    started[0]?.startNext();
    expect(started).toHaveLength(3);
    started[1]?.startNext();
    started[2]?.startNext();
    expect(started).toHaveLength(3);
    started[0]?.finish('a');
    await turn();
    expect(started).toHaveLength(4);
    for (const [index, job] of started.entries()) job.finish(String(index));
    await turn();
    started[4]?.finish('e');
    expect(await results).toEqual(['a', '1', '2', '3', 'e']);
  });

  it('starts nothing after a failure, and throws it when all others have ended', async () => {
    const { started, work } = heldWork();
    let hasEnded = false;
    const results = mapConcurrently([1, 2, 3], 2, work).finally(() => {
      hasEnded = true;
    });
    results.catch(() => undefined);
    started[0]?.fail(new Error('first'));
    await turn();
    expect([started.length, hasEnded]).toEqual([2, false]);
    started[1]?.fail(new Error('second'));
    await expect(results).rejects.toThrow('first');
  });

  it('returns an empty list for an empty list', async () => {
    expect(await mapConcurrently([], 3, heldWork().work)).toEqual([]);
  });
});
