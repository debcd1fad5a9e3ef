import { expect, it } from '@jest/globals';
import { freeChunk } from '../../pipe/archive/decompress.ts';

it('frees the buffer of a chunk that ends it, and no other', () => {
  const whole = Buffer.allocUnsafeSlow(2 * Buffer.poolSize);
  freeChunk(whole.subarray(0, -1));
  expect(whole.length).toBe(2 * Buffer.poolSize);
  freeChunk(whole.subarray(1));
  expect(whole.length).toBe(0);
});

it("leaves Node.js's pool alone, also at its end", () => {
  const chunks = Array.from({ length: 20_000 }, () => Buffer.allocUnsafe(8));
  for (const chunk of chunks) freeChunk(chunk);
  expect(chunks.every(({ length }) => length === 8)).toBe(true);
});
