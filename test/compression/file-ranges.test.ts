import { randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync } from 'node:fs';
import { appendFile, mkdtemp, open, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Compressor, createCompressor } from '../../pipe/compression/compressor.ts';
import type { ByobReader } from '../../pipe/io/byob-reader.ts';
import { fingerprintOf, rangeReader, type SourceFile } from '../../pipe/io/source-file.ts';
import { collect, mebibyte, pieces, sha256, uneven } from './samples.ts';
import { patience } from '../patience.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ranges-test-'));
});
afterAll(async () => await rm(directory, { recursive: true }));

async function fileOf(name: string, content: Buffer): Promise<SourceFile> {
  const path = join(directory, name);
  await writeFile(path, content);
  const stats = await stat(path, { bigint: true });
  return { path: name, absolutePath: path, size: content.length, fingerprint: fingerprintOf(stats) };
}

/** How often this process has the file open. */
function openings({ absolutePath }: SourceFile): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(join('/proc/self/fd', descriptor)) === absolutePath;
    } catch {
      return false;
    }
  }).length;
}

/** A thread that is reading may still need it. */
async function closed(file: SourceFile): Promise<void> {
  const deadline = Date.now() + patience(3000);
  while (openings(file) > 0 && Date.now() < deadline) await delay(5);
  expect(openings(file)).toBe(0);
}

describe.each(['gzip', 'zstd'] as const)('%s of a part of a file, which its threads read', (format) => {
  let compressor: Compressor;
  beforeAll(() => {
    compressor = createCompressor({ format });
  });
  afterAll(async () => await compressor.close());

  it.each([
    ['nothing', 0],
    ['one byte', 1],
    ['a block', mebibyte],
    ['much', 5 * mebibyte + 12_345],
  ])('is that of the same bytes from a stream: %s', async (name, length) => {
    const content = Buffer.concat([randomBytes(1000), uneven(6)]);
    const file = await fileOf(name, content);
    const part = content.subarray(777, 777 + length);
    const streamed = compressor.compress(pieces(part));
    const expected = await collect(streamed.bytes);
    const inPlace = compressor.compress(rangeReader(file, 777, length));
    const actual = await collect(inPlace.bytes);
    expect(actual.equals(expected)).toBe(true);
    expect((format === 'gzip' ? gunzipSync : zstdDecompressSync)(actual).equals(part)).toBe(true);
    expect([inPlace.sourceDigest(), inPlace.digest(), inPlace.sourceSize()]).toEqual([
      sha256(part),
      sha256(expected),
      length,
    ]);
    expect(streamed.digest()).toBe(inPlace.digest());
    await closed(file);
  });

  it('never ends if the file is written to while it is read', async () => {
    const file = await fileOf('growing', uneven(30));
    let bytes = 0;
    const compressing = async (): Promise<void> => {
      for await (const chunk of compressor.compress(rangeReader(file, 0, file.size)).bytes) {
        if (bytes === 0) await appendFile(file.absolutePath, 'more');
        bytes += chunk.length;
      }
    };
    await expect(compressing()).rejects.toThrow('growing changed while it was being uploaded: its size is now');
    expect(bytes).toBeGreaterThan(0);
    await closed(file);
  });

  it('fails if the file becomes shorter', async () => {
    const file = await fileOf('shrinking', uneven(60));
    const compressing = async (): Promise<void> => {
      let isFirst = true;
      for await (const chunk of compressor.compress(rangeReader(file, 0, file.size)).bytes) {
        if (isFirst && chunk.length > 0) await truncate(file.absolutePath, 100);
        isFirst = false;
      }
    };
    await expect(compressing()).rejects.toThrow('shrinking changed while it was being uploaded: it became shorter');
    await closed(file);
  });

  it('fails if the file is not there any more', async () => {
    const file = await fileOf('gone', uneven(2));
    await rm(file.absolutePath);
    await expect(collect(compressor.compress(rangeReader(file, 0, file.size)).bytes)).rejects.toThrow(
      'gone changed while it was being uploaded: it no longer exists',
    );
  });

  it("names the file and the system's reason if it cannot be read", async () => {
    const file = await fileOf('unreadable', uneven(2));
    const range = await rangeReader(file, 0, file.size).openRange?.();
    if (range === undefined) throw new Error('the range cannot be opened');
    // A directory opens like a file, but cannot be read.
    const other = await open(directory);
    const reader: ByobReader = {
      ...rangeReader(file, 0, file.size),
      openRange: async () => await Promise.resolve({ ...range, descriptor: other.fd }),
    };
    await expect(collect(compressor.compress(reader).bytes)).rejects.toThrow(
      /^unreadable cannot be read: EISDIR: illegal operation on a directory/,
    );
    await closed(file);
    await other.close();
  });

  it('closes the file if the consumer stops early', async () => {
    const file = await fileOf('stopped', uneven(40));
    for await (const chunk of compressor.compress(rangeReader(file, 0, file.size)).bytes) if (chunk.length > 0) break;
    await closed(file);
  });
});
