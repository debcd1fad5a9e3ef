import { expect, it } from '@jest/globals';
import { FilesAtOnce, maxSmallBytes } from '../../../pipe/destinations/downloads/files-at-once.ts';

/** The number of small files at once after each of these has ended. */
function limits(atOnce: FilesAtOnce, times: readonly number[], bytes = 1000): readonly number[] {
  return times.map((ms) => {
    atOnce.took(bytes, ms);
    return atOnce.for(1000);
  });
}

it('sends more small files as long as each takes about as long as the first', () => {
  expect(limits(new FilesAtOnce(4, 8), [50, 60, 99, 55, 50, 50])).toEqual([5, 6, 7, 8, 8, 8]);
});

it('sends no more if they become slower, and fewer if much slower, but never fewer than usual', () => {
  expect(limits(new FilesAtOnce(4, 16), [50, 50, 101, 200, 201, 5000, 5000, 5000])).toEqual([5, 6, 6, 6, 5, 4, 4, 4]);
});

it('knows from a quicker one that the others were slow', () => {
  expect(limits(new FilesAtOnce(4, 16), [100, 20, 100, 30])).toEqual([5, 6, 5, 6]);
});

it('leaves the number of large files as it is', () => {
  const atOnce = new FilesAtOnce(4, 16);
  expect(limits(atOnce, [50, 50], maxSmallBytes + 1)).toEqual([4, 4]);
  expect(limits(atOnce, [50], maxSmallBytes)).toEqual([5]);
  expect(atOnce.for(maxSmallBytes)).toBe(5);
  expect(atOnce.for(maxSmallBytes + 1)).toBe(4);
});
