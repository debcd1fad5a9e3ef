import { randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { InputError } from '../../../pipe/errors.ts';
import { withDecompressedDigestCheck } from '../../../pipe/oci/layers/diff-id-check.ts';
import { collect, mebibyte, pieces, sha256, text } from '../../compression/samples.ts';

type Packing = 'gzip' | 'zstd';

const pack = {
  gzip: (data: Buffer | string) => gzipSync(data),
  zstd: (data: Buffer | string) => zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
} as const;

/** What passes where the packed bytes should hold `unpacked`. */
async function pass(packing: Packing, packed: Buffer, unpacked: Buffer, largest = 300_000): Promise<Buffer> {
  return await collect(
    withDecompressedDigestCheck(pieces(packed, largest), packed.length, packing, sha256(unpacked), 'the layer'),
  );
}

const content = Buffer.concat([text(3 * mebibyte), randomBytes(mebibyte), Buffer.alloc(mebibyte)]);

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
  ])('passes %s on as they are', async (_, packed, unpacked, largest) => {
    expect((await pass(packing, packed, unpacked, largest)).equals(packed)).toBe(true);
  });

  it.each<[string, Buffer, RegExp]>([
    ['half of it', one.subarray(0, one.length / 2), /the layer is cut off/],
    ['all but its last byte', one.subarray(0, -1), /the layer is cut off/],
    ['a second part without its end', Buffer.concat([short, short.subarray(0, -1)]), /the layer is cut off/],
    ['other data', randomBytes(1000).fill('x', 0, 4), /the layer is damaged/],
    ['much other data', randomBytes(mebibyte).fill('x', 0, 4), /the layer is damaged/],
    ['a flipped bit', flipped(one, one.length >> 1), /the layer is damaged/],
    [
      'a whole part that holds something else',
      pack[packing]('other'),
      /the layer is not the layer that the config has/,
    ],
  ])('refuses %s, before its end', async (_, packed, message) => {
    for (const largest of [300_000, 7]) {
      if (largest === 7 && packed.length > 1000) continue;
      let passed = 0;
      const passing = withDecompressedDigestCheck(
        pieces(packed, largest),
        packed.length,
        packing,
        sha256(content),
        'the layer',
      );
      const failure = await (async () => {
        for await (const chunk of passing) passed += chunk.length;
      })().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(InputError);
      expect((failure as Error).message).toMatch(message);
      expect(passed).toBeLessThan(packed.length);
    }
  });
});

it("passes over zstd's skippable frames", async () => {
  const packed = Buffer.concat([skippable, zstdCompressSync('a'), skippable, zstdCompressSync('b'), skippable]);
  expect(await pass('zstd', packed, Buffer.from('ab'))).toEqual(packed);
});

function flipped(data: Buffer, index: number): Buffer {
  const copy = Buffer.from(data);
  copy.writeUInt8((copy[index] ?? 0) ^ 0x10, index);
  return copy;
}
