import { expect, it } from '@jest/globals';
import { readSourceDate } from '../../pipe/settings/source-date.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';

const in1980 = Date.UTC(1980, 0, 1);

it.each([
  [undefined, in1980, {}],
  ['0', 0, {}],
  ['1700000000', 1_700_000_000_000, {}],
  ['9999999999', 9_999_999_999_000, {}],
  ['1700000000000', in1980, { SOURCE_DATE_EPOCH: ['must be a time in seconds since 1970, not "1700000000000"'] }],
  ['-1', in1980, { SOURCE_DATE_EPOCH: ['must be a time in seconds since 1970, not "-1"'] }],
  ['1e9', in1980, { SOURCE_DATE_EPOCH: ['must be a time in seconds since 1970, not "1e9"'] }],
])('SOURCE_DATE_EPOCH of %j is %d ms', (text, ms, found) => {
  const problems = new Problems();
  expect(readSourceDate(text === undefined ? {} : { SOURCE_DATE_EPOCH: text }, problems)).toBe(ms);
  expect(problemMap(problems)).toEqual(found);
});
