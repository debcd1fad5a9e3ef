import { expect, it } from '@jest/globals';
import { askUntil, createReadBack } from '../../pipe/http/read-back.ts';

/** Answers 0, 1, 2 and so on. */
async function ask(settledAt: number, limitMs: number): Promise<{ answer: number; waits: readonly number[] }> {
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
    await Promise.resolve();
  };
  let asked = 0;
  const next = async (): Promise<number> => await Promise.resolve(asked++);
  const answer = await askUntil(next, (number) => number >= settledAt, { baseMs: 10, limitMs, sleep });
  return { answer, waits };
}

it.each([
  ['at once', 0, 100, { answer: 0, waits: [] }],
  ['after two waits, the second of them twice as long', 2, 100, { answer: 2, waits: [10, 20] }],
  ['never: the waits together are no longer than the limit', 99, 100, { answer: 4, waits: [10, 20, 40, 30] }],
  ['never, without patience', 99, 0, { answer: 0, waits: [] }],
])('settled %s', async (_, settledAt, limitMs, expected) => {
  expect(await ask(settledAt, limitMs)).toEqual(expected);
});

it('waits for a repository that lags, but not again after it has waited in vain', async () => {
  const waited: number[] = [];
  const sleep = async (ms: number): Promise<void> => void waited.push(ms);
  const readBack = createReadBack({ baseMs: 1, limitMs: 7, sleep });
  const answers = (...list: readonly boolean[]): (() => Promise<boolean>) => {
    const iterator = list[Symbol.iterator]();
    return () => Promise.resolve(iterator.next().value ?? false);
  };
  const isTrue = (answer: boolean): boolean => answer;
  expect(await readBack(answers(false, true), isTrue)).toBe(true);
  expect(waited).toEqual([1]);
  expect(await readBack(answers(), isTrue)).toBe(false);
  expect(waited).toEqual([1, 1, 2, 4]);
  expect(await readBack(answers(false, true), isTrue)).toBe(false);
  expect(await readBack(answers(true), isTrue)).toBe(true);
  expect(waited).toEqual([1, 1, 2, 4]);
});
