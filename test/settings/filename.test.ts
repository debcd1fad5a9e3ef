import { expect, it } from '@jest/globals';
import { readFilename } from '../../pipe/settings/filename.ts';
import type { ArrayValue } from '../../pipe/toolkit/environment.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';

const items: ArrayValue = { form: 'items', items: ['a', 'b c'] };
const text: ArrayValue = { form: 'string', value: 'a b' };

it.each([items, text])('accepts %j, required or not', (FILENAME) => {
  const problems = new Problems();
  for (const isRequired of [true, false])
    expect(readFilename({}, { FILENAME }, { isRequired }, problems)).toBe(FILENAME);
  expect(problems.isEmpty).toBe(true);
});

it.each([
  [undefined, {}],
  [{ form: 'items', items: [] }, { FILENAME: ['is an empty array. Name a file, or leave it out'] }],
] as const)('treats %j as no file name', (FILENAME, expected) => {
  for (const [isRequired, found] of [
    [false, expected],
    [true, { FILENAME: ['required field'] }],
  ] as const) {
    const problems = new Problems();
    expect(readFilename({}, { FILENAME }, { isRequired }, problems)).toBeUndefined();
    expect(problemMap(problems)).toEqual(found);
  }
});

it('does not ask for an array that could not be read', () => {
  for (const variable of ['FILENAME', 'FILENAME_COUNT']) {
    const problems = new Problems();
    problems.add(variable, 'is wrong');
    readFilename({}, { FILENAME: undefined }, { isRequired: true }, problems);
    expect(problemMap(problems)).toEqual({ [variable]: ['is wrong'] });
  }
});
