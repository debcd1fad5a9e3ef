import { expect, it } from '@jest/globals';
import { type Block, BlockMemory, inputOffset, type Quota } from '../../pipe/compression/block-memory.ts';

async function nothing(): Promise<undefined> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** Takes all blocks that are available without waiting. */
async function takeAll(quota: Quota): Promise<Block[]> {
  const blocks: Block[] = [];
  for (;;) {
    const block = await Promise.race([quota.take(), nothing()]);
    if (block === undefined) return blocks;
    blocks.push(block);
  }
}

it('lends all blocks to the only stream, each with its own memory', async () => {
  const blocks = await takeAll(new BlockMemory(8, 100, 120).join());
  expect(blocks).toHaveLength(8);
  expect(new Set(blocks.map(({ memory }) => memory)).size).toBe(8);
  expect(blocks[0]).toMatchObject({
    input: { length: 100, byteOffset: inputOffset },
    output: { length: 120, byteOffset: inputOffset + 100 },
  });
});

it('lends each of several streams its fair share, and at least three', async () => {
  const memory = new BlockMemory(8, 1, 1);
  const first = memory.join();
  const taken = await takeAll(first);
  const second = memory.join();
  // All blocks are lent. The second stream gets the minimum, and its half after the first has given back.
  expect(await takeAll(second)).toHaveLength(3);
  for (const block of taken.slice(0, 3)) first.giveBack(block);
  expect(await takeAll(second)).toHaveLength(0);
  for (const block of taken.slice(3)) first.giveBack(block);
  expect(await takeAll(second)).toHaveLength(1);
});

it('resumes a waiting stream when a block is given back', async () => {
  const memory = new BlockMemory(3, 1, 1);
  const quota = memory.join();
  const [block] = await takeAll(quota);
  const next = quota.take();
  if (block !== undefined) quota.giveBack(block);
  expect(await next).toBe(block);
});

it('lends no more blocks to a stream that has ended', async () => {
  const quota = new BlockMemory(3, 1, 1).join();
  await takeAll(quota);
  const next = quota.take();
  quota.close();
  expect([await next, await quota.take()]).toEqual([undefined, undefined]);
});
