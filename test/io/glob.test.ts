import { expect, it } from '@jest/globals';
import { matchesOrIsInside } from '../../pipe/io/glob.ts';

it.each([
  ['a', 'a', true],
  ['a/b/c', 'a', true],
  ['a/b/c', 'a/b', true],
  ['a/b/c', 'a/b/c', true],
  ['a/b', 'a/b/c', false],
  ['abc', 'ab', false],
  ['a/b/c', 'b', false],
  ['a/b/c', '*', true],
  ['a/b/c.map', '**/*.map', true],
  ['a/b.map/c', '**/*.map', true],
  ['a/b/c.js', '**/*.map', false],
  ['.hidden/x', '*', true],
  ['a/.hidden/x', 'a/*', true],
  ['a/.hidden', 'a/?hidden', true],
  ['../x', '*', false],
  ['a[1].txt', 'a[1].txt', true],
])('%s matches, or is inside, %s: %s', (path, glob, expected) => {
  expect(matchesOrIsInside(path, glob)).toBe(expected);
});

it('a glob that is longer than any path matches nothing, and does not fail', () => {
  const long = 'é*'.repeat(20_000);
  expect(matchesOrIsInside('é', long)).toBe(false);
  expect(matchesOrIsInside('é'.repeat(100), long)).toBe(false);
});
