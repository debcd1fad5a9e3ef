import { expect, it } from '@jest/globals';
import { isRecord } from '../../pipe/io/json.ts';

it.each([
  [{}, true],
  [{ a: 1 }, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  [undefined, false],
  ['{}', false],
  [5, false],
])('isRecord of %j: %s', (value: unknown, expected) => {
  expect(isRecord(value)).toBe(expected);
});
