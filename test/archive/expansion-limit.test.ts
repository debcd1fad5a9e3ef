import { expect, it } from '@jest/globals';
import { expansionLimit, limitExpansion } from '../../pipe/archive/expansion-limit.ts';

it.each([
  [1, 100e6],
  [1e6, 200e6],
  [1e9, 10e9],
])('a package of %d bytes may expand to %d', (size, limit) => {
  expect(expansionLimit(size)).toBe(limit);
});

it('passes on what is within the limit, and ends what is not', async () => {
  async function* chunks(count: number): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < count; index++) yield await Promise.resolve(Buffer.alloc(1e6));
  }
  let length = 0;
  for await (const chunk of limitExpansion(chunks(100), 1, 'a.tgz')) length += chunk.length;
  expect(length).toBe(100e6);
  const reading = Array.fromAsync(limitExpansion(chunks(101), 1, 'a.tgz'), ({ length: bytes }) => bytes);
  await expect(reading).rejects.toThrow('a.tgz expands from 1 B to more than 100 MB, which no package does');
});
