import { randomBytes } from 'node:crypto';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { InputError } from '../../../pipe/errors.ts';
import { withDecompressedDigestCheck } from '../../../pipe/oci/layers/diff-id-check.ts';
import { collect, mebibyte, pieces, sha256, text } from '../../compression/samples.ts';

type Format = 'gzip' | 'zstd';

const compress = {
  gzip: (data: Buffer | string) => gzipSync(data),
  zstd: (data: Buffer | string) => zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
} as const;

/** Yields `compressed`, and checks that it decompresses to `content`. */
async function check(format: Format, compressed: Buffer, content: Buffer, largest = 300_000): Promise<Buffer> {
  return await collect(
    withDecompressedDigestCheck(pieces(compressed, largest), compressed.length, format, sha256(content), 'the layer'),
  );
}

const content = Buffer.concat([text(3 * mebibyte), randomBytes(mebibyte), Buffer.alloc(mebibyte)]);

/** Skippable frames carry indexes (RFC 8878, 3.1.2). In gzip, empty members do. */
const skippable = Buffer.from('502a4d180400000001020304', 'hex');

describe.each(['gzip', 'zstd'] as const)('%s', (format) => {
  const one = compress[format](content);
  const two = Buffer.concat([
    compress[format](content.subarray(0, 1_234_567)),
    compress[format](content.subarray(1_234_567)),
  ]);
  const short = compress[format](Buffer.from('short'));

  it.each<[string, Buffer, Buffer, number]>([
    ['one part', one, content, 300_000],
    ['several parts', two, content, 300_000],
    ['an empty part', compress[format](Buffer.alloc(0)), Buffer.alloc(0), 1],
    [
      'an empty part between others',
      Buffer.concat([short, compress[format](''), short]),
      Buffer.from('shortshort'),
      300_000,
    ],
    ['parts read byte by byte', Buffer.concat([short, short, short]), Buffer.from('shortshortshort'), 1],
    ['zeros', compress[format](Buffer.alloc(20 * mebibyte)), Buffer.alloc(20 * mebibyte), 300_000],
  ])('yields %s unchanged', async (_, compressed, expected, largest) => {
    expect((await check(format, compressed, expected, largest)).equals(compressed)).toBe(true);
  });

  it.each<[string, Buffer, RegExp]>([
    ['the first half', one.subarray(0, one.length / 2), /the layer is cut off/],
    ['all but its last byte', one.subarray(0, -1), /the layer is cut off/],
    ['a second part that is cut off', Buffer.concat([short, short.subarray(0, -1)]), /the layer is cut off/],
    ['other data', randomBytes(1000).fill('x', 0, 4), /the layer is damaged/],
    ['much other data', randomBytes(mebibyte).fill('x', 0, 4), /the layer is damaged/],
    ['a flipped bit', flipped(one, one.length >> 1), /the layer is damaged/],
    ['a part with other content', compress[format]('other'), /the layer is not the layer that the config lists/],
  ])('refuses %s, before its end', async (_, compressed, message) => {
    for (const largest of [300_000, 7]) {
      if (largest === 7 && compressed.length > 1000) continue;
      let length = 0;
      const checked = withDecompressedDigestCheck(
        pieces(compressed, largest),
        compressed.length,
        format,
        sha256(content),
        'the layer',
      );
      const failure = await (async () => {
        for await (const chunk of checked) length += chunk.length;
      })().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(InputError);
      expect((failure as Error).message).toMatch(message);
      expect(length).toBeLessThan(compressed.length);
    }
  });
});

it("ignores zstd's skippable frames", async () => {
  const compressed = Buffer.concat([skippable, zstdCompressSync('a'), skippable, zstdCompressSync('b'), skippable]);
  expect(await check('zstd', compressed, Buffer.from('ab'))).toEqual(compressed);
});

it('names a zstd window that is too large, which is not damage', async () => {
  const compressed = zstdCompressSync(content, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
  // RFC 8878, section 3.1.1.1.2: the window descriptor, here of 128 MiB.
  compressed.writeUInt8(17 << 3, 5);
  await expect(check('zstd', compressed, content)).rejects.toThrow(
    'the layer cannot be decompressed: its zstd window is larger than 32 MiB. Compress it again without --long',
  );
});

function flipped(data: Buffer, index: number): Buffer {
  const copy = Buffer.from(data);
  copy.writeUInt8((copy[index] ?? 0) ^ 0x10, index);
  return copy;
}
