import { expect, it } from '@jest/globals';
import { areImagesListed } from '../../../pipe/destinations/image/plan-lines.ts';

it.each([
  [5, false, true],
  [6, false, false],
  [50, true, true],
  [51, true, false],
])('%d images, in a dry run: %s, are listed: %s', (count, isDryRun, expected) => {
  expect(areImagesListed(count, isDryRun)).toBe(expected);
});
