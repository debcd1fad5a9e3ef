/** Compresses layers: one interface for all formats, with the fastest codec installed. */

import { type ByobReader, readerOf } from '../io/byob-reader.ts';
import { BlockMemory, inputOffset } from './block-memory.ts';
import { Pace } from './pace.ts';
import { type Compressed, CompressedStream } from './compressed-stream.ts';
import { type Codec, type Compression, compressionFormats } from './formats.ts';
import { ThreadPool } from './thread-pool.ts';
import { type Workload, workloadOf } from './workload.ts';

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

const libdeflatePaths: readonly string[] =
  process.platform === 'darwin'
    ? ['/opt/homebrew/lib/libdeflate.0.dylib', '/usr/local/lib/libdeflate.0.dylib']
    : process.platform === 'win32'
      ? []
      : ['libdeflate.so.0'];

/**
 * Creates a compressor. It starts threads only when they are needed, because each takes 15 ms to start.
 *
 * @param workload Default: the one for this machine
 */
export function createCompressor(options: CompressorOptions, workload: Workload = workloadOf(options)): Compressor {
  const { format, level, libraries = libdeflatePaths } = options;
  const { codecs } = compressionFormats[format];
  const fixedLevel = level === 'auto' ? undefined : level;
  const { threads: count, workers, blocksPerWorker, blockBytes, lendsOutputs, blocks } = workload;
  const memory = new BlockMemory(blockBytes, blocks);
  const threads = new ThreadPool(workers, blocksPerWorker, { codecs, libraries, inputOffset });
  const pace = level === 'auto' ? new Pace(count) : undefined;
  const resources = { threads, memory, fixedLevel, pace, lendsOutputs, spares: format === 'gzip' ? [] : undefined };
  let streams = 0;
  return {
    format,
    codec: async () => await threads.codec(),
    compress: (source) => new CompressedStream(streams++, 'read' in source ? source : readerOf(source), resources),
    prepare: (bytes) => threads.prepare(Math.ceil(bytes / blockBytes)),
    close: async () => await threads.close(),
  };
}
