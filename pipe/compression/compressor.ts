/** Compresses layers: one interface for all formats, with the fastest codec installed. */

import { type ByobReader, readerOf } from '../io/byob-reader.ts';
import { BlockMemory, inputOffset, minBlocks } from './block-memory.ts';
import { Pace } from './pace.ts';
import { type Compressed, CompressedStream } from './compressed-stream.ts';
import { type Codec, type Compression, compressionFormats } from './formats.ts';
import { codecBytesAt } from './levels.ts';
import { ownResources, threadCount } from './thread-count.ts';
import { ThreadPool } from './thread-pool.ts';

export type { Compressed } from './compressed-stream.ts';

/** Only with `auto` does the output depend on time: otherwise the same content always becomes the same bytes. */
export type CompressionLevel = number | 'auto';

export interface CompressorOptions {
  readonly format: Compression;
  /** A level of the format's codecs, or `auto`: chosen for each block, from back-pressure. Default: the codec's default. */
  readonly level?: CompressionLevel | undefined;
  /** Default: one for each processor, as far as memory permits. */
  readonly threads?: number | undefined;
  /** Paths of libdeflate. Default: the system's usual places. */
  readonly libraries?: readonly string[] | undefined;
}

/** Compresses streams on threads of its own. */
export interface Compressor {
  readonly format: Compression;
  /** The codec in use, for the log. */
  codec(): Promise<Codec>;
  /** Compresses a stream. Several may run at once: they share the threads and the memory. */
  compress(source: AsyncIterable<Uint8Array> | ByobReader): Compressed;
  /** Starts as many threads as this many bytes keep busy, before the bytes arrive. */
  prepare(bytes: number): void;
  /** Ends the threads. Streams that are still running fail. */
  close(): Promise<void>;
}

/**
 * Each block becomes a gzip member (RFC 1952, 2.2: a file is a series of members) or a zstd frame (RFC 8878, 3.1), so
 * that no block depends on another. Measured: gzip in 256 KiB is 0.5 % larger, in 2 MiB 0.1 % smaller, with the 32 KiB
 * before each block as its dictionary 0.2 % smaller; zstd in 2 MiB is 2 % smaller, for twice the memory.
 */
const blockBytes = 1024 * 1024;

const libdeflatePaths: readonly string[] =
  process.platform === 'darwin'
    ? ['/opt/homebrew/lib/libdeflate.0.dylib', '/usr/local/lib/libdeflate.0.dylib']
    : process.platform === 'win32'
      ? []
      : ['libdeflate.so.0'];

/** Two for each thread, one being filled, two with the consumer, and three ready in between. */
const blocksFor = (threads: number): number => 2 * threads + 6;

/** Layers that are compressed at once by default, and one that begins while another ends. */
const usualStreams = 5;

/** Creates a compressor. It starts threads only when they are needed, because each takes 15 ms to start. */
export function createCompressor(options: CompressorOptions): Compressor {
  const { format, level, libraries = libdeflatePaths } = options;
  const { codecs } = compressionFormats[format];
  const outputBytes = blockBytes + blockBytes / 64;
  const size =
    options.threads ??
    threadCount(ownResources(), {
      blockBytes: blockBytes + outputBytes,
      blocks: (threads) => Math.max(blocksFor(threads), usualStreams * minBlocks),
      codecBytes: codecBytesAt(format, level),
    });
  const memory = new BlockMemory(blocksFor(size), blockBytes, outputBytes);
  const { outputOffset } = memory;
  const threads = new ThreadPool(size, { codecs, libraries, inputOffset, outputOffset });
  const pace = level === 'auto' ? new Pace(size) : undefined;
  const resources = { threads, memory, fixedLevel: level === 'auto' ? undefined : level, pace };
  let streams = 0;
  return {
    format,
    codec: async () => await threads.codec(),
    compress: (source) => new CompressedStream(streams++, 'read' in source ? source : readerOf(source), resources),
    prepare: (bytes) => threads.prepare(Math.ceil(bytes / blockBytes)),
    close: async () => await threads.close(),
  };
}
