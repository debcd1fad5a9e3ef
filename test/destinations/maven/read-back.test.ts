import { expect, it } from '@jest/globals';
import { createReadBack } from '../../../pipe/destinations/maven/read-back.ts';

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
