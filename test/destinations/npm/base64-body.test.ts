import { describe, expect, it } from '@jest/globals';
import type { SizedBody } from '../../../pipe/io/body.ts';
import { base64Body } from '../../../pipe/destinations/npm/base64-body.ts';
import { noise } from '../../oci/registry/images.ts';

/** A body that reuses its buffers, as those of files do. */
function inChunks(bytes: Buffer, ...sizes: readonly number[]): SizedBody {
  return {
    length: bytes.length,
    async *open() {
      const buffers = [Buffer.alloc(200_000), Buffer.alloc(200_000), Buffer.alloc(200_000)];
      let turn = 0;
      for (let position = 0; position < bytes.length;) {
        const buffer = buffers[turn % 3] ?? Buffer.alloc(0);
        const length = bytes.copy(buffer, 0, position, position + (sizes[turn % sizes.length] ?? 1));
        turn++;
        position += length;
        yield buffer.subarray(0, length);
      }
    },
  };
}

/** Reads a body as a connection does: a chunk is used until the next but one is requested. */
async function readLate(body: SizedBody): Promise<string> {
  const texts: string[] = [];
  let last: Uint8Array = Buffer.alloc(0);
  for await (const chunk of body.open()) {
    texts.push(Buffer.from(last).toString('latin1'));
    last = chunk;
  }
  return [...texts, Buffer.from(last).toString('latin1')].join('');
}

describe('a body in base64', () => {
  it.each([
    [0, [1]],
    [1, [1]],
    [2, [1]],
    [10, [1]],
    [11, [2, 1]],
    [10, [1, 0]],
    [10, [2, 0, 0]],
    [1000, [1, 2, 3, 4, 5, 7]],
    [300_000, [100_000, 99_999, 1]],
    [500_001, [150_001]],
  ])('%i bytes in chunks of %j', async (size, sizes) => {
    const bytes = noise(size);
    const body = base64Body(inChunks(bytes, ...sizes));
    const text = await readLate(body);
    expect(text === bytes.toString('base64')).toBe(true);
    expect(body.length).toBe(text.length);
    expect((await readLate(body)) === text).toBe(true);
  });
});
