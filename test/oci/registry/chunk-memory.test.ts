import { setImmediate } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { ChunkMemory } from '../../../pipe/oci/registry/chunk-memory.ts';

const mebibyte = 1024 ** 2;

it('lends memory for four chunks of 8 MiB, and then to one upload after another', async () => {
  const memory = new ChunkMemory();
  const ends = Array.from({ length: 6 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const uploads = ends.map(({ promise }, index) =>
    memory.use(8 * mebibyte, async (buffer) => {
      expect(buffer.length).toBe(8 * mebibyte);
      begun.push(index);
      await promise;
    }),
  );
  await setImmediate();
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[2]?.resolve();
  await uploads[2];
  await setImmediate();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  for (const { resolve } of ends) resolve();
  await Promise.all(uploads);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
});

it('gives memory back after a failure, in the order of the requests', async () => {
  const memory = new ChunkMemory();
  const failing = memory.use(32 * mebibyte, async () => {
    await setImmediate();
    throw new Error('broken');
  });
  const order: number[] = [];
  const large = memory.use(32 * mebibyte, async () => void order.push(32));
  const small = memory.use(mebibyte, async () => void order.push(1));
  await expect(failing).rejects.toThrow('broken');
  await Promise.all([large, small]);
  expect(order).toEqual([32, 1]);
});

it('refuses larger chunks', async () => {
  await expect(new ChunkMemory().use(999_999_999_999, () => Promise.resolve())).rejects.toThrow(
    'the registry asks for chunks of at least 999999999999 bytes, but the limit is 33554432',
  );
});
