import { describe, expect, it, jest } from '@jest/globals';
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

function giveBack(quota: Quota, block: Block): void {
  quota.giveBackInput(block);
  quota.giveBackOutput();
}

it('lends all blocks to the only stream, each with its own memory', async () => {
  const blocks = await takeAll(new BlockMemory(100, { inputs: 8, outputs: 8, least: 3, leastAfterMs: 0 }).join());
  expect(blocks).toHaveLength(8);
  expect(new Set(blocks.map(({ memory }) => memory)).size).toBe(8);
  expect(blocks[0]).toMatchObject({
    input: { length: 100, byteOffset: inputOffset },
  });
});

it('lends each of several streams its fair share, and at least three', async () => {
  const memory = new BlockMemory(1, { inputs: 12, outputs: 8, least: 3, leastAfterMs: 0 });
  const first = memory.join();
  const taken = await takeAll(first);
  const second = memory.join();
  // All blocks are lent. The second stream gets the minimum, and its half after the first has given back.
  expect(await takeAll(second)).toHaveLength(3);
  for (const block of taken.slice(0, 3)) giveBack(first, block);
  expect(await takeAll(second)).toHaveLength(0);
  for (const block of taken.slice(3)) giveBack(first, block);
  expect(await takeAll(second)).toHaveLength(1);
});

it('resumes a waiting stream when a block is given back', async () => {
  const memory = new BlockMemory(1, { inputs: 3, outputs: 3, least: 3, leastAfterMs: 0 });
  const quota = memory.join();
  const [block] = await takeAll(quota);
  const next = quota.take();
  if (block !== undefined) giveBack(quota, block);
  expect(await next).toBe(block);
});

it('lends the least number even if the wait ends just when it looks', async () => {
  const memory = new BlockMemory(1, { inputs: 3, outputs: 1, least: 1, leastAfterMs: 100 });
  await memory.join().take();
  // Each look at the clock is 60 ms after the one before.
  let now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => (now += 60));
  try {
    expect(await memory.join().take()).toBeDefined();
  } finally {
    clock.mockRestore();
  }
}, 10_000);

it('lends no more blocks to a stream that has ended', async () => {
  const quota = new BlockMemory(1, { inputs: 3, outputs: 3, least: 3, leastAfterMs: 0 }).join();
  await takeAll(quota);
  const next = quota.take();
  quota.close();
  expect([await next, await quota.take()]).toEqual([undefined, undefined]);
});

describe('with more outputs than inputs, and no least number', () => {
  const counts = { inputs: 2, outputs: 3, least: 0, leastAfterMs: 0 };

  it('lends as many inputs as there are, and further ones as long as there are outputs', async () => {
    const quota = new BlockMemory(1, counts).join();
    const [first, second] = await takeAll(quota);
    if (first === undefined || second === undefined) throw new Error('two are lent');
    quota.giveBackInput(first);
    expect(await takeAll(quota)).toEqual([first]);
    quota.giveBackInput(second);
    expect(await takeAll(quota)).toEqual([]);
    quota.giveBackOutput();
    expect(await takeAll(quota)).toEqual([second]);
  });

  it('lends to the stream that has waited longest', async () => {
    const memory = new BlockMemory(1, counts);
    const quotas = [1, 2, 3].map(() => memory.join());
    const taken: number[] = [];
    const blocks: Block[] = [];
    const run = async (index: number): Promise<void> => {
      for (;;) {
        const block = await quotas[index]?.take();
        if (block === undefined) return;
        taken.push(index);
        blocks.push(block);
      }
    };
    const running = quotas.map((_, index) => run(index));
    for (let given = 0; given < 7; given++) {
      await nothing();
      const [from = 0] = taken.slice(given);
      const block = blocks[given];
      if (block !== undefined && quotas[from] !== undefined) giveBack(quotas[from], block);
    }
    for (const quota of quotas) quota.close();
    await Promise.all(running);
    expect(taken.slice(0, 8)).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
  });

  it('lends one output to each stream, even if others keep theirs, but no more inputs than there are', async () => {
    const memory = new BlockMemory(1, { inputs: 2, outputs: 3, least: 1, leastAfterMs: 0 });
    const slow = memory.join();
    const kept = await takeAll(slow);
    for (const block of kept) slow.giveBackInput(block);
    for (const block of await takeAll(slow)) slow.giveBackInput(block);
    const others = [1, 2, 3].map(() => memory.join());
    const blocks = await Promise.all(others.slice(0, 2).map(async (quota) => await takeAll(quota)));
    expect(blocks.map(({ length }) => length)).toEqual([1, 1]);
    const waiting = others[2]?.take();
    expect(await Promise.race([waiting, nothing()])).toBeUndefined();
    const [[block] = []] = blocks;
    if (block !== undefined) others[0]?.giveBackInput(block);
    expect(await waiting).toBe(block);
  });
});
