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

it.each([[[]], [[1]], [[1, 2]]])('is not known from %j', (sizes) => {
  expect(steepening(points(sizes, (size) => size))).toBeNaN();
});
