import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import {
  type Compressed,
  type Compressor,
  type CompressorOptions,
  createCompressor,
} from '../../pipe/compression/compressor.ts';
import { readerOf } from '../../pipe/io/byob-reader.ts';
import { BlockMemory, inputOffset } from '../../pipe/compression/block-memory.ts';
import { CompressedStream, type StreamResources } from '../../pipe/compression/compressed-stream.ts';
import { type Level, levelsOf } from '../../pipe/compression/levels.ts';
import { Pace } from '../../pipe/compression/pace.ts';
import type { CompressTask, HashTask, Output } from '../../pipe/compression/compression-worker.ts';
import { ThreadPool } from '../../pipe/compression/thread-pool.ts';
import { workloadOf } from '../../pipe/compression/workload.ts';
import { outputOf } from '../release/run-command.ts';
import { collect, layerLike, mebibyte, pieces, sha256, text, uneven } from './samples.ts';
import { patience } from '../patience.ts';
import { itNeedsLibdeflate, itNeedsProgram, runTool } from './tools.ts';

const decompress = { gzip: gunzipSync, zstd: zstdDecompressSync } as const;

const kinds: readonly (readonly [string, CompressorOptions])[] = [
  ['gzip', { format: 'gzip' }],
  ['gzip with zlib', { format: 'gzip', libraries: ['/nowhere/libdeflate.so.0'] }],
  ['zstd', { format: 'zstd' }],
];

const contents: readonly (readonly [string, Buffer])[] = [
  ['an empty source', Buffer.alloc(0)],
  ['one byte', Buffer.from('a')],
  ['a byte less than a block', text(mebibyte - 1)],
  ['a block', text(mebibyte)],
  ['a byte more than a block', text(mebibyte + 1)],
  ['zeros', Buffer.alloc(3 * mebibyte + 12_345)],
  ['random bytes', randomBytes(3 * mebibyte + 1)],
  ['many different blocks', uneven(12)],
];

describe.each(kinds)('%s', (_, options) => {
  let compressor: Compressor;
  beforeAll(async () => {
    compressor = createCompressor(options);
  });
  afterAll(async () => await compressor.close());

  it.each(contents)('compresses %s, and returns digests and sizes', async (_, content) => {
    const stream = compressor.compress(pieces(content));
    const compressed = await collect(stream.bytes);
    expect(decompress[options.format](compressed).equals(content)).toBe(true);
    expect({
      digest: stream.digest(),
      sourceDigest: stream.sourceDigest(),
      size: stream.size(),
      sourceSize: stream.sourceSize(),
    }).toEqual({
      digest: sha256(compressed),
      sourceDigest: sha256(content),
      size: compressed.length,
      sourceSize: content.length,
    });
  });

  it.each(contents)('compresses %s from a reader, which it closes', async (_, content) => {
    let isClosed = false;
    const reader = readerOf(pieces(content));
    const stream = compressor.compress({
      read: async (target) => await reader.read(target),
      async close() {
        await reader.close();
        isClosed = true;
      },
    });
    expect(decompress[options.format](await collect(stream.bytes)).equals(content)).toBe(true);
    expect([stream.sourceDigest(), isClosed]).toEqual([sha256(content), true]);
  });

  it('stores data that does not shrink', async () => {
    const content = randomBytes(4 * mebibyte);
    const compressed = await collect(compressor.compress(pieces(content)).bytes);
    expect(compressed.length).toBeLessThan(content.length * 1.0002);
  });

  it('yields chunks that stay valid until the next but one is asked for', async () => {
    let previous: { readonly chunk: Uint8Array; readonly copy: Buffer } | undefined;
    const seen: boolean[] = [];
    for await (const chunk of compressor.compress(pieces(uneven(15))).bytes) {
      // Time to reuse the memory, if it were free.
      await delay(20);
      if (previous !== undefined) seen.push(previous.copy.equals(previous.chunk));
      previous = { chunk, copy: Buffer.from(chunk) };
    }
    expect(seen.length).toBeGreaterThan(8);
    expect(seen).not.toContain(false);
  });

  it('throws what the source throws, unchanged', async () => {
    const failure = new Error('the disk is gone');
    const stream = compressor.compress(failingAfter(text(3 * mebibyte), failure));
    await expect(collect(stream.bytes)).rejects.toBe(failure);
    expect(() => stream.digest()).toThrow('known only after the last byte');
  });

  it('closes the source if the consumer stops early', async () => {
    const source = endless();
    for await (const chunk of compressor.compress(source.bytes).bytes) if (chunk.length > 0) break;
    expect(source.isDone()).toBe(true);
  });

  it('uses a fixed level', async () => {
    const content = layerLike().subarray(0, 3 * mebibyte);
    const sizes = [];
    for (const level of [1, 9]) {
      const compressorOfLevel = createCompressor({ ...options, level });
      sizes.push((await collect(compressorOfLevel.compress(pieces(content)).bytes)).length);
      await compressorOfLevel.close();
    }
    expect(sizes[1]).toBeLessThan((sizes[0] ?? 0) * 0.95);
  });

  it('has one result, with any number of threads, over any line, and beside other streams', async () => {
    // The kinds of blocks alternate, so that none may depend on those around it.
    const content = Buffer.concat([
      uneven(3),
      layerLike().subarray(4 * mebibyte),
      randomBytes(mebibyte / 2),
      uneven(2),
    ]);
    const results = await Promise.all(
      [
        { threads: 1, mbitPerSecond: 1000, streams: 1 },
        { threads: 2, mbitPerSecond: 20, streams: 1 },
        { threads: 2, mbitPerSecond: 1000, streams: 3 },
        { threads: 8, mbitPerSecond: 20, streams: 1 },
        { threads: 8, mbitPerSecond: 1000, streams: 1 },
        { threads: 16, mbitPerSecond: 1000, streams: 1 },
      ].map(async ({ threads, mbitPerSecond, streams }) => {
        const own = createCompressor({ ...options, threads });
        const digests = Array.from({ length: streams }, async () => {
          return await digestOverLine(own.compress(pieces(content)), mbitPerSecond);
        });
        try {
          return await Promise.all(digests);
        } finally {
          await own.close();
        }
      }),
    );
    expect([...new Set(results.flat())]).toEqual([expect.stringMatching(/^sha256:/)]);
  }, 60_000);

  it('can be sent by an HTTP client', async () => {
    const received: Buffer[] = [];
    const server = createServer((incoming, response) => {
      incoming.on('data', (chunk: Buffer) => received.push(chunk)).on('end', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const content = uneven(12);
    const { port } = server.address() as AddressInfo;
    const stream = compressor.compress(pieces(content));
    const agent = new Agent();
    const { body } = await agent.request({
      origin: `http://127.0.0.1:${port}`,
      path: '/',
      method: 'PUT',
      body: stream.bytes as unknown as Readable,
    });
    await body.dump();
    await agent.destroy();
    server.closeAllConnections();
    server.close();
    expect(sha256(Buffer.concat(received))).toBe(stream.digest());
  });
});

it('does not wait for a source that hangs', async () => {
  const compressor = createCompressor({ format: 'gzip' });
  const never: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]() {
      let calls = 0;
      return {
        next: async () =>
          calls++ === 0
            ? { value: text(2 * mebibyte), done: false }
            : await new Promise<IteratorResult<Uint8Array>>(() => undefined),
      };
    },
  };
  for await (const chunk of compressor.compress(never).bytes) if (chunk.length > 0) break;
  await compressor.close();
});

it('keeps the process alive until its threads have ended', async () => {
  const program = join(__dirname, 'close-thread.ts');
  // This would reject if the event loop ran dry, which is exit code 13.
  expect(await outputOf(process.execPath, ['--disable-warning=ExperimentalWarning', program])).toBe('closed');
});

it('fails the stream whose thread dies, and compresses others with a new thread', async () => {
  const program = join(__dirname, 'dying-thread.ts');
  const output = await outputOf(process.execPath, ['--disable-warning=ExperimentalWarning', program]);
  expect(output).toBe('A compression thread ended, 20 blocks');
});

it('fails its streams when it is closed, even repeatedly', async () => {
  const compressor = createCompressor({ format: 'gzip' });
  const bytes = compressor.compress(endless().bytes).bytes[Symbol.asyncIterator]();
  await bytes.next();
  await Promise.all([compressor.close(), compressor.close()]);
  await compressor.close();
  await expect(
    (async () => {
      while ((await bytes.next()).done !== true);
    })(),
  ).rejects.toThrow(/closed|ended/);
  await expect(collect(compressor.compress(pieces(text(10))).bytes)).rejects.toThrow('The compressor was closed');
});

describe('without a usable libdeflate', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'compressor-test-'));
    await writeFile(join(directory, 'text.so'), 'not a library');
  });
  afterAll(async () => await rm(directory, { recursive: true }));

  it.each([
    ['there is none', () => []],
    ['it is not a library', () => [join(directory, 'text.so')]],
    ['it is a different library', () => ['libc.so.6', 'libm.so.6']],
    ['it is a directory', () => [directory]],
  ])('zlib compresses if %s', async (_, libraries) => {
    const compressor = createCompressor({ format: 'gzip', libraries: libraries() });
    expect(await compressor.codec()).toBe('zlib');
    await compressor.close();
  });
});

describe('the compressed stream', () => {
  let content: Buffer;
  let compressed: { readonly gzip: Buffer; readonly zstd: Buffer };
  beforeAll(async () => {
    content = Buffer.concat([layerLike(), uneven(4)]);
    const compressors = [createCompressor({ format: 'gzip' }), createCompressor({ format: 'zstd' })];
    const [gzip, zstd] = await Promise.all(
      compressors.map(async (compressor) => await collect(compressor.compress(pieces(content)).bytes)),
    );
    await Promise.all(compressors.map(async (compressor) => await compressor.close()));
    if (gzip === undefined || zstd === undefined) throw new Error('not compressed');
    compressed = { gzip, zstd };
  });

  itNeedsProgram('gzip')('is read by gzip', () => {
    expect(runTool('gzip', ['-dc'], compressed.gzip).equals(content)).toBe(true);
  });

  itNeedsProgram('zstd')('is read by zstd', () => {
    expect(runTool('zstd', ['-dcq'], compressed.zstd).equals(content)).toBe(true);
  });

  itNeedsProgram('python3')("is read by Python's gzip", () => {
    const script = 'import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))';
    expect(runTool('python3', ['-c', script], compressed.gzip).equals(content)).toBe(true);
  });

  it('is a series of gzip members without a time or a name', () => {
    // Magic, deflate, no flags, no time (RFC 1952, section 2.3).
    expect(compressed.gzip.subarray(0, 8).toString('hex')).toBe('1f8b080000000000');
  });
});

itNeedsLibdeflate()('compresses with libdeflate if it is installed, better than gzip -6', async () => {
  const compressor = createCompressor({ format: 'gzip' });
  expect(await compressor.codec()).toBe('libdeflate');
  const content = layerLike();
  const compressed = await collect(compressor.compress(pieces(content)).bytes);
  await compressor.close();
  expect(compressed.length / gzipSync(content, { level: 6 }).length).toBeLessThan(1);
});

it.each(['gzip', 'zstd'] as const)('%s: serves several streams at once, even if others are paused', async (format) => {
  const workload = workloadOf({ format });
  // Otherwise, each stream of zstd would wait for 20 s.
  const blocks = { ...workload.blocks, leastAfterMs: Math.min(workload.blocks.leastAfterMs, 200) };
  const compressor = createCompressor({ format }, { ...workload, blocks });
  const paused = Array.from({ length: 3 }, () => compressor.compress(endless().bytes).bytes[Symbol.asyncIterator]());
  for (const iterator of paused) await iterator.next();
  const inputs = Array.from({ length: 3 }, (_, index) => uneven(4 + index));
  const outputs = await Promise.all(
    inputs.map(async (input) => await collect(compressor.compress(pieces(input)).bytes)),
  );
  const isRight = outputs.map((output, index) => decompress[format](output).equals(inputs[index] ?? output));
  expect(isRight).toEqual([true, true, true]);
  await Promise.all(paused.map(async (iterator) => await iterator.return?.()));
  await compressor.close();
});

itNeedsLibdeflate()('at the fastest level, compresses dense blocks at a lower one', async () => {
  class FastPace extends Pace {
    override choose(): Level {
      return levelsOf.libdeflate[0];
    }
  }
  const compress = async (content: Buffer, level: number): Promise<Buffer> => {
    const compressor = createCompressor({ format: 'gzip', level });
    try {
      return await collect(compressor.compress(pieces(content)).bytes);
    } finally {
      await compressor.close();
    }
  };
  // A hundred byte values, equally frequent, in pieces that repeat: 6.6 bits each, but they shrink.
  const dense = randomBytes(mebibyte / 2).map((byte) => byte % 100);
  const block = Buffer.concat([dense.subarray(0, 300_000), dense.subarray(290_000), dense.subarray(0, 20_000)]);
  const resources = resourcesOf('libdeflate', new FastPace(1));
  for (const [id, [content, level]] of (
    [
      [block, 1],
      [text(mebibyte / 2), 4],
      [text(100), 4],
    ] as const
  ).entries()) {
    const compressed = await collect(new CompressedStream(id, readerOf(pieces(content)), resources).bytes);
    const isLike = await Promise.all([1, 4].map(async (fixed) => (await compress(content, fixed)).equals(compressed)));
    expect(isLike).toEqual([level === 1, level === 4]);
  }
  await resources.threads.close();
  // The same bytes, whatever the thread has compressed before.
  const compressor = createCompressor({ format: 'gzip', level: 4, threads: 1 });
  const contents = [text(mebibyte), block, text(mebibyte / 2), block, text(100)];
  for (const content of contents) {
    const compressed = await collect(compressor.compress(pieces(content)).bytes);
    expect(compressed.equals(await compress(content, 4))).toBe(true);
  }
  await compressor.close();
});

/** Those of one thread. */
function resourcesOf(codec: 'libdeflate' | 'zlib', pace: Pace): StreamResources {
  return {
    threads: new ThreadPool(1, 2, { codecs: [codec], libraries: ['libdeflate.so.0'], inputOffset }),
    memory: new BlockMemory(mebibyte, { inputs: 8, outputs: 8, least: 3, leastAfterMs: 0 }),
    fixedLevel: undefined,
    pace,
    lendsOutputs: true,
    spares: [],
  };
}

it('measures the time of whole blocks that shrink, not of those that are stored or short', async () => {
  const measured: string[] = [];
  class RecordingPace extends Pace {
    override compressed(level: Level, ms: number, bytes: number): void {
      measured.push(ms > 0 ? 'a time' : 'none');
      super.compressed(level, ms, bytes);
    }
  }
  const resources = resourcesOf('zlib', new RecordingPace(1));
  const content = Buffer.concat([text(mebibyte), randomBytes(3 * mebibyte), text(mebibyte / 2)]);
  await collect(new CompressedStream(0, readerOf(pieces(content)), resources).bytes);
  await resources.threads.close();
  expect(measured).toEqual(['a time']);
});

it('tells the pace when streams run, and what of the source has been taken', async () => {
  const told: (number | string)[] = [];
  class RecordingPace extends Pace {
    override streams(change: 1 | -1): void {
      told.push(change === 1 ? 'begins' : 'ends');
      super.streams(change);
    }
    override taken(bytes: number, at: number): void {
      told.push(bytes);
      super.taken(bytes, at);
    }
  }
  const resources = resourcesOf('zlib', new RecordingPace(1));
  const source = readerOf(pieces(text(2.5 * mebibyte)));
  await collect(new CompressedStream(0, source, resources).bytes);
  const abandoned = new CompressedStream(1, readerOf(pieces(text(mebibyte))), resources);
  for await (const _ of abandoned.bytes) break;
  await resources.threads.close();
  expect(told).toEqual(['begins', mebibyte, mebibyte, mebibyte / 2, 'ends', 'begins', 'ends']);
});

it('fails the stream of which a block cannot be hashed', async () => {
  class FailingPool extends ThreadPool {
    #hashed = 0;
    override async hash(task: HashTask): Promise<Output> {
      if (++this.#hashed === 2) throw new Error('not hashed');
      return await super.hash(task);
    }
  }
  const memory = new BlockMemory(mebibyte, { inputs: 8, outputs: 8, least: 3, leastAfterMs: 0 });
  const threads = new FailingPool(1, 2, { codecs: ['zlib'], libraries: [], inputOffset });
  const resources = { threads, memory, fixedLevel: 1, pace: undefined, lendsOutputs: true, spares: undefined };
  const stream = new CompressedStream(0, readerOf(pieces(text(3 * mebibyte))), resources);
  await expect(collect(stream.bytes)).rejects.toThrow('not hashed');
  await threads.close();
});

it('fails if no thread can start', async () => {
  const setup = {
    codecs: ['libdeflate', 'zlib'],
    libraries: null as unknown as [],
    inputOffset: 0,
  } as const;
  const pool = new ThreadPool(2, 2, setup);
  const memory = new SharedArrayBuffer(20);
  const task = (): CompressTask => ({
    task: 'compress',
    memory,
    length: 1,
    level: 1,
    denseLevel: 1,
  });
  await expect(Promise.all([pool.compress(0, task), pool.compress(1, task)])).rejects.toThrow(
    'A compression thread failed',
  );
  await expect(pool.codec()).rejects.toThrow('A compression thread failed');
  await pool.close();
});

it('chooses the level of a block only when a thread takes it: while another one is compressed', async () => {
  const setup = { codecs: ['zlib'], libraries: [], inputOffset: 0 } as const;
  const pool = new ThreadPool(2, 2, setup);
  const memory = new SharedArrayBuffer(300_000);
  let [chosen, done] = [0, 0];
  const ahead: number[] = [];
  const compressing = Array.from({ length: 12 }, async () => {
    await pool.compress(0, () => {
      ahead.push(++chosen - done);
      return { task: 'compress', memory, length: 90_000, level: 1, denseLevel: 1 };
    });
    done++;
  });
  await Promise.all(compressing);
  await pool.close();
  // A thread takes the next block just before the one that it has compressed is reported.
  expect(Math.max(...ahead)).toBeLessThanOrEqual(2 * 2 + 1);
});

it('fails the block that cannot be compressed, and goes on', async () => {
  const setup = { codecs: ['zlib'], libraries: [], inputOffset: 0 } as const;
  const pool = new ThreadPool(1, 2, setup);
  const task = { task: 'compress', level: 1, denseLevel: 1 } as const;
  const memory = new SharedArrayBuffer(300_000);
  await expect(pool.compress(0, () => ({ ...task, memory, length: 400_000 }))).rejects.toThrow(
    /^Compression failed: \w/,
  );
  expect((await pool.compress(0, () => ({ ...task, memory, length: 90_000 }))).size).toBeGreaterThan(0);
  await pool.close();
});

it('reads ahead as far as memory allows, also after streams that were abandoned or failed', async () => {
  const compressor = createCompressor({ format: 'gzip', threads: 2 });
  for (let round = 0; round < 12; round++) {
    for await (const chunk of compressor.compress(endless().bytes).bytes) if (chunk.length > 0) break;
    const failing = failingAfter(someData.subarray(0, 12_345), new Error('gone'));
    await expect(collect(compressor.compress(failing).bytes)).rejects.toThrow('gone');
  }
  const source = endless();
  const bytes = compressor.compress(source.bytes).bytes[Symbol.asyncIterator]();
  await bytes.next();
  // There are ten blocks, and nothing is read without a free one.
  const deadline = Date.now() + patience(3000);
  while (source.chunks() < 10 && Date.now() < deadline) await delay(5);
  await delay(50);
  expect(source.chunks()).toBe(10);
  await bytes.return?.();
  await compressor.close();
});

/** The digest after all has gone over a line with a short buffer, as slowly as the line takes it. */
async function digestOverLine(stream: Compressed, mbitPerSecond: number): Promise<string> {
  let freeAt = performance.now();
  for await (const chunk of stream.bytes) {
    freeAt = Math.max(freeAt, performance.now()) + chunk.length / (mbitPerSecond * 125);
    const bufferedMs = 50;
    await delay(Math.max(0, freeAt - performance.now() - bufferedMs));
  }
  return stream.digest();
}

async function* failingAfter(data: Buffer, failure: Error): AsyncGenerator<Uint8Array> {
  yield* pieces(data);
  throw failure;
}

/** Only half of it shrinks, so that the compressed chunks are too large to be copied. */
const someData = Buffer.concat([text(mebibyte / 2), randomBytes(mebibyte / 2)]);

function endless(): { readonly bytes: AsyncIterable<Uint8Array>; isDone(): boolean; chunks(): number } {
  let isDone = false;
  let chunks = 0;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        chunks++;
        yield someData;
      }
    } finally {
      isDone = true;
    }
  }
  return { bytes: bytes(), isDone: () => isDone, chunks: () => chunks };
}
