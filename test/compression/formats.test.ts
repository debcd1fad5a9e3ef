import { describe, expect, it } from '@jest/globals';
import { contentOf } from '../../pipe/archive/content.ts';
import { decompress } from '../../pipe/archive/decompress.ts';
import { createCompressor } from '../../pipe/compression/compressor.ts';
import {
  compressionFormats,
  compressionNames,
  isCompression,
  listCompressions,
} from '../../pipe/compression/formats.ts';
import { defaultLevelOf, levelsOf } from '../../pipe/compression/levels.ts';
import { collect, pieces, text } from './samples.ts';

describe.each(compressionNames)('%s', (name) => {
  const { codecs, levels, magics } = compressionFormats[name];

  it('is recognised by its first bytes, and decompressed', async () => {
    const compressor = createCompressor({ format: name });
    const compressed = await collect(compressor.compress(pieces(text(5000))).bytes);
    await compressor.close();
    expect(contentOf(compressed)).toBe(name);
    expect((await collect(decompress(pieces(compressed), name, 'it'))).equals(text(5000))).toBe(true);
  });

  it('is recognised by each of its magics', () => {
    expect(magics.map((magic) => contentOf(Uint8Array.from(magic)))).toEqual(magics.map(() => name));
  });

  it('is reported if damaged or cut off', async () => {
    const compressor = createCompressor({ format: name });
    const compressed = await collect(compressor.compress(pieces(text(5000))).bytes);
    await compressor.close();
    const damaged = Buffer.from(compressed).fill(0xff, 20, 60);
    await expect(collect(decompress(pieces(damaged), name, 'it'))).rejects.toThrow(`it is damaged: its ${name} data`);
    const cutOff = compressed.subarray(0, -9);
    await expect(collect(decompress(pieces(cutOff), name, 'it'))).rejects.toThrow(`it is cut off: its ${name} data`);
  });

  it('uses levels within its range', () => {
    const used = codecs.flatMap((codec) =>
      levelsOf[codec].flatMap(({ level, denseLevel = level }) => [level, denseLevel]),
    );
    for (const level of [...used, ...codecs.map((codec) => defaultLevelOf[codec])]) {
      expect(level).toBeGreaterThanOrEqual(levels.least);
      expect(level).toBeLessThanOrEqual(levels.most);
    }
  });
});

it('recognises zstd by a skippable frame, and nothing else by its neighbours', () => {
  // RFC 8878, section 3.1.2: 0x184D2A50 to 0x184D2A5F, in little-endian order.
  const contents = Array.from({ length: 18 }, (_, index) => contentOf(Uint8Array.of(0x4f + index, 0x2a, 0x4d, 0x18)));
  expect(contents).toEqual(['other', ...Array.from({ length: 16 }, () => 'zstd'), 'other']);
});

it('no two formats share a media type', () => {
  const types = Object.values(compressionFormats).flatMap(({ mediaTypes: { layer, foreign, alsoRead } }) =>
    [layer.oci, layer.docker, foreign.oci, foreign.docker, ...alsoRead].filter((type) => type !== undefined),
  );
  expect(new Set(types).size).toBe(types.length);
});

it('recognises formats by name, and lists them in words', () => {
  expect(['gzip', 'zstd', 'none', 'xz', 'toString'].filter(isCompression)).toEqual(['gzip', 'zstd']);
  expect([listCompressions('and'), listCompressions('or', 'none')]).toEqual(['gzip and zstd', 'gzip, zstd or none']);
});
