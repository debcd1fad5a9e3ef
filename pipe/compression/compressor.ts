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
 * before each block as its dictionary 0.2 % smaller.
 *
 * Larger blocks would gain more for zstd, because files that occur twice are often some MB apart, but there is no memory for
 * them. Bytes relative to skopeo's one frame with a window of 8 MiB, of 100 MB each of /usr/lib, /usr/share, documents,
 * scripts, Go, programs, and archives:
 * - 1 MiB: 1.15, 1.23, 1.26, 1.08, 1.01, 1.00, 1.01.
 * - 2 MiB: 1.14, 1.13, 1.15, 1.07. Two threads take 14 MB more, even if the output replaces the input.
 * - 4 MiB, with 2^18 entries in the table of long matches: 1.04, 1.04, 1.09, 1.03, 0.97, 0.98, 0.99, for up to 1.3 times the
 *   processor time; two threads take 28 MB more. 6 MiB: 0.99, 1.00, 1.01, 1.02, 0.97, 0.97, 0.99.
 * - One frame by zstd's own threads, in jobs of 2 MiB after an overlap of as much: 1.13, 1.01, 1.03, 1.05, 0.98, 0.98, 0.99,
 *   for 1.6 to 2.5 times the processor time; with long-distance matching: 0.94, 0.98 and 0.98 of the first, second and
 *   fourth, for 1.5 to 2.4 times. Node.js ends such a stream early if zstd does not take all of a chunk at once.
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
