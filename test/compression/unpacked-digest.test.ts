import { randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createUnpackedDigest } from '../../pipe/compression/unpacked-digest.ts';
import { InputError } from '../../pipe/errors.ts';
import { mebibyte, pieces, sha256, text } from './samples.ts';

type Packing = 'none' | 'gzip' | 'zstd';

const pack = {
  gzip: (data: Buffer | string) => gzipSync(data),
  zstd: (data: Buffer | string) => zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
} as const;

async function digestOf(packing: Packing, packed: Buffer, largest = 300_000, maxBytes = 1e9): Promise<string> {
  const digest = createUnpackedDigest(packing, { maxBytes });
  try {
    for await (const chunk of pieces(packed, largest)) await digest.update(chunk);
    return await digest.digest();
  } finally {
    digest.close();
  }
}

const content = Buffer.concat([text(3 * mebibyte), randomBytes(mebibyte), Buffer.alloc(mebibyte)]);

it.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['bytes', content],
])('hashes %s as they are', async (_, bytes) => {
  expect(await digestOf('none', bytes)).toBe(sha256(bytes));
});

/** Skippable frames carry indexes: RFC 8878, 3.1.2; gzip's carry them in empty members. */
const skippable = Buffer.from('502a4d180400000001020304', 'hex');

describe.each(['gzip', 'zstd'] as const)('%s', (packing) => {
  const one = pack[packing](content);
  const two = Buffer.concat([
    pack[packing](content.subarray(0, 1_234_567)),
    pack[packing](content.subarray(1_234_567)),
  ]);
  const short = pack[packing](Buffer.from('short'));

  it.each<[string, Buffer, Buffer, number]>([
    ['one part', one, content, 300_000],
    ['several parts', two, content, 300_000],
    ['a part of nothing', pack[packing](Buffer.alloc(0)), Buffer.alloc(0), 1],
    [
      'parts of nothing between others',
      Buffer.concat([short, pack[packing](''), short]),
      Buffer.from('shortshort'),
      300_000,
    ],
    ['parts that come byte by byte', Buffer.concat([short, short, short]), Buffer.from('shortshortshort'), 1],
    ['zeros', pack[packing](Buffer.alloc(20 * mebibyte)), Buffer.alloc(20 * mebibyte), 300_000],
  ])('unpacks %s', async (_, packed, unpacked, largest) => {
    expect(await digestOf(packing, packed, largest)).toBe(sha256(unpacked));
  });

  it.each<[string, Buffer, RegExp]>([
    ['no bytes at all', Buffer.alloc(0), /data is cut off/],
    ['half of it', one.subarray(0, one.length / 2), /data is cut off/],
    ['all but its last byte', one.subarray(0, -1), /data is cut off/],
    ['a second part without its end', Buffer.concat([short, short.subarray(0, -1)]), /data is cut off/],
    ['zeros after it', Buffer.concat([short, Buffer.alloc(600)]), /is followed by something else after \d+ bytes/],
    ['a zero after it', Buffer.concat([one, Buffer.alloc(1)]), /is followed by something else/],
    ['words after it', Buffer.concat([short, Buffer.from('and so on')]), /is followed by something else|is damaged/],
    ['other data', randomBytes(1000).fill('x', 0, 4), /data is damaged/],
    ['a flipped bit', flipped(one, one.length >> 1), /data is damaged/],
  ])('refuses %s', async (_, packed, message) => {
    for (const largest of [300_000, 7]) {
      if (largest === 7 && packed.length > 1000) continue;
      const failure = await digestOf(packing, packed, largest).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(InputError);
      expect((failure as Error).message).toMatch(message);
    }
  });

  it('refuses what unpacks to more than it may, before it is unpacked', async () => {
    const bomb = pack[packing](Buffer.alloc(200 * mebibyte));
    const digest = createUnpackedDigest(packing, { maxBytes: 3_000_000 });
    await expect(digest.update(bomb)).rejects.toThrow('It unpacks to more than 3.00 MB, which is not allowed');
    await expect(digest.update(bomb)).rejects.toThrow(InputError);
    await expect(digest.digest()).rejects.toThrow(InputError);
    expect(digest.size()).toBeLessThan(4_000_000);
    expect(await digestOf(packing, pack[packing](Buffer.alloc(3_000_000)), undefined, 3_000_000)).toMatch(/^sha256:/);
  });
});

it('refuses unpacked bytes beyond the limit', async () => {
  await expect(digestOf('none', content, undefined, 1000)).rejects.toThrow(InputError);
});

it("passes over zstd's skippable frames", async () => {
  const packed = Buffer.concat([skippable, zstdCompressSync('a'), skippable, zstdCompressSync('b'), skippable]);
  expect(await digestOf('zstd', packed)).toBe(sha256(Buffer.from('ab')));
});

function flipped(data: Buffer, index: number): Buffer {
  const copy = Buffer.from(data);
  copy.writeUInt8((copy[index] ?? 0) ^ 0x10, index);
  return copy;
}
