/** The shape of curves. */

import { expect, it } from '@jest/globals';
import { steepening } from './growth.ts';

const points = (sizes: readonly number[], ms: (size: number) => number) =>
  sizes.map((size) => ({ size, ms: ms(size) }));

it.each([
  ['a line', [1, 4, 16, 64], (size: number) => 300 + 2 * size, 1],
  ['a square', [1, 4, 16, 64], (size: number) => 300 + size * size, 80 / 17],
  ['a root', [1, 4, 16], (size: number) => Math.sqrt(size), 0.5],
])('%s over %j', (_, sizes, ms, expected) => expect(steepening(points(sizes, ms))).toBeCloseTo(expected));

it('counts no noise', () => {
  const sizes = [100, 1000, 3000];
  expect(
    steepening(
      points(sizes, (size) => 200 + size / 40),
      20,
    ),
  ).toBeCloseTo(0.6);
  expect(
    steepening(
      points(sizes, (size) => 200 + size ** 2 / 40_000),
      20,
    ),
  ).toBeGreaterThan(3);
});

it.each([[[]], [[1]], [[1, 2]]])('is not known from %j', (sizes) => {
  expect(steepening(points(sizes, (size) => size))).toBeNaN();
});
