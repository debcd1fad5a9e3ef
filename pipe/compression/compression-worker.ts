/** The program of each worker thread: compresses and hashes blocks in shared memory. */

import type { Hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Codec } from './formats.ts';

export interface WorkerSetup {
  /** Codecs of one format, best first: the first that is installed is used. */
  readonly codecs: readonly [Codec, ...Codec[]];
  /** Paths of libdeflate: the first that loads is used. */
  readonly libraries: readonly string[];
  /** The offsets of the input and the output in a block's memory. */
  readonly inputOffset: number;
  readonly outputOffset: number;
}

/** Part of a file that another thread has open. */
export interface FilePart {
  readonly descriptor: number;
  readonly position: number;
}

/** Compresses the `length` bytes of input in `memory` into a self-contained member or frame; the answer is its length. */
export interface CompressTask {
  readonly task: 'compress';
  readonly memory: SharedArrayBuffer;
  readonly length: number;
  /** Where the input must be read from first, if it is not in `memory` yet. */
  readonly from?: FilePart | undefined;
  readonly level: number;
  /** The level for dense data; may equal `level`. */
  readonly denseLevel: number;
}

/**
 * Adds the `length` bytes of input and the `size` bytes of output in `memory` to the two SHA-256 of the stream. Tasks of one
 * stream go to one worker, in order.
 */
export interface HashTask {
  readonly task: 'hash';
  readonly stream: number;
  readonly memory: SharedArrayBuffer;
  readonly length: number;
  readonly size: number;
}

/** Ends the stream's two SHA-256; the answer is their hexadecimal digits, those of the input first. */
export interface DigestTask {
  readonly task: 'digest';
  readonly stream: number;
}

export type Task = CompressTask | HashTask | DigestTask;

/** The parts of the system's error that reach another thread. */
export interface ReadCause {
  readonly code: string | undefined;
  readonly message: string;
}

/** The input could not be read: because of `cause`, or because the file ended too early. */
export interface ReadFailure {
  readonly cause: ReadCause | undefined;
}

/** A worker's first message names its codec. Every other message answers one task. */
export type Answer =
  | { readonly codec: Codec }
  | { readonly id: number; readonly value: number | string }
  | { readonly id: number; readonly error: string }
  | (ReadFailure & { readonly id: number });

/** An installed codec. */
interface BlockCodec {
  readonly name: Codec;
  /** The level at which it stores data that does not shrink. */
  readonly storingLevel: number;
  /** @returns the number of bytes in `output`, or 0 if it is too small */
  compress(input: Uint8Array, output: Uint8Array, level: number): number;
}

/**
 * The worker's whole program. It is passed as source text, so that the pipe stays one file and threads need not load all
 * of it. Therefore it must use nothing from outside itself. Its functions must be methods: the bundler's `keepNames` would
 * wrap other named functions in a helper that does not exist in the thread. Modules are loaded where they are used,
 * because zlib and crypto take 1 MB each in every thread.
 */
function compressBlocks(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const { libraries, inputOffset, outputOffset, ...setup } = workerData as WorkerSetup;

  const garbage = {
    /** Copies `compressed`, and frees it immediately: the garbage collector would let 32 MiB pile up in each thread. */
    move(compressed: Uint8Array, output: Uint8Array): number {
      output.set(compressed);
      const size = compressed.length;
      (compressed.buffer as ArrayBuffer).transfer(0);
      return size;
    },
  };
  const codecs: Record<Codec, () => BlockCodec | undefined> = {
    /** Its calls block, so they are made in a thread. Declarations as in libdeflate.h 1.14, unchanged since 1.0. */
    libdeflate() {
      for (const path of libraries) {
        try {
          const { functions } = process.getBuiltinModule('node:ffi').dlopen(path, {
            libdeflate_alloc_compressor: { arguments: ['int32'], return: 'pointer' },
            libdeflate_gzip_compress: {
              arguments: ['pointer', 'buffer', 'uint64', 'buffer', 'uint64'],
              return: 'uint64',
            },
          });
          const compressors = new Map<number, bigint>();
          return {
            name: 'libdeflate',
            storingLevel: 0,
            compress(input: Uint8Array, output: Uint8Array, level: number): number {
              let compressor = compressors.get(level);
              if (compressor === undefined) {
                compressor = functions.libdeflate_alloc_compressor(level);
                if (compressor === 0n) throw new Error(`libdeflate has no memory for level ${level}`);
                compressors.set(level, compressor);
              }
              const sizes = [BigInt(input.length), BigInt(output.length)] as const;
              return Number(functions.libdeflate_gzip_compress(compressor, input, sizes[0], output, sizes[1]));
            },
          };
        } catch {
          // No node:ffi (before Node.js 26), no such library, or a different library of that name.
        }
      }
      return undefined;
    },
    zlib() {
      const zlib = process.getBuiltinModule('node:zlib');
      return {
        name: 'zlib',
        storingLevel: 0,
        compress(input: Uint8Array, output: Uint8Array, level: number): number {
          const compressed = zlib.gzipSync(input, { level: Math.min(level, 9), chunkSize: output.length });
          return garbage.move(compressed, output);
        },
      };
    },
    /** zstd itself stores data that does not shrink, and detects it soonest at level 1. */
    zstd() {
      const zlib = process.getBuiltinModule('node:zlib');
      const { ZSTD_c_compressionLevel } = zlib.constants;
      return {
        name: 'zstd',
        storingLevel: 1,
        compress(input: Uint8Array, output: Uint8Array, level: number): number {
          const compressed = zlib.zstdCompressSync(input, {
            chunkSize: output.length,
            pledgedSrcSize: input.length,
            params: { [ZSTD_c_compressionLevel]: level },
          });
          return garbage.move(compressed, output);
        },
      };
    },
  };
  const codec = setup.codecs.reduce<BlockCodec | undefined>((found, name) => found ?? codecs[name](), undefined);
  if (codec === undefined) throw new Error(`none of ${setup.codecs.join(', ')} is installed`);

  /** Machine code and compressed data have more entropy, texts and tables less. */
  const denseBits = 5.7;
  /** Data that does not shrink by 1 % has more: equally frequent bytes have 8, and 7.99 in a sample. */
  const doubtfulBits = 7.8;
  const sample = new Uint8Array(4 * 8192);
  const counts = new Uint32Array(256);
  const hashes = new Map<number, readonly [input: Hash, output: Hash]>();
  const tasks = {
    /** Reads all of the input. @returns why that failed; undefined if it did not */
    read(input: Uint8Array, { descriptor, position }: FilePart): ReadFailure | undefined {
      const { readSync } = process.getBuiltinModule('node:fs');
      try {
        for (let filled = 0; filled < input.length;) {
          const bytes = readSync(descriptor, input, filled, input.length - filled, position + filled);
          if (bytes === 0) return { cause: undefined };
          filled += bytes;
        }
        return undefined;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return { cause: { code, message } };
      }
    },
    /** Only the content decides: what a block becomes must not depend on the time, the other blocks or the thread. */
    compress({ memory, length, ...levels }: CompressTask): number {
      const input = new Uint8Array(memory, inputOffset, length);
      const output = new Uint8Array(memory, outputOffset);
      const entropy = tasks.entropy(input);
      const level = entropy > denseBits ? levels.denseLevel : levels.level;
      const stores = entropy > doubtfulBits && level > codec.storingLevel && !tasks.shrinks(input, output);
      const size = codec.compress(input, output, stores ? codec.storingLevel : level);
      if (size === 0) throw new Error(`${codec.name} could not compress ${length} bytes`);
      return size;
    },
    /** Whether four pieces of the block shrink by at least 1 % at the fastest level. */
    shrinks(input: Uint8Array, output: Uint8Array): boolean {
      if (input.length < 2 * sample.length) return true;
      for (const part of [0, 1, 2, 3]) {
        const start = Math.floor((input.length * part) / 4);
        sample.set(input.subarray(start, start + sample.length / 4), (part * sample.length) / 4);
      }
      return codec.compress(sample, output, 1) < sample.length * 0.99;
    },
    /**
     * The entropy of its bytes (Shannon's, in bits, of a sample of 16 KiB from all over the block). Of all quick measures,
     * this best predicts what a higher level gains.
     */
    entropy(input: Uint8Array): number {
      counts.fill(0);
      const pieceBytes = Math.ceil(Math.min(input.length, 16_384) / 16);
      let total = 0;
      for (let piece = 0; piece < 16; piece++) {
        const start = Math.floor((input.length * piece) / 16);
        const end = Math.min(start + pieceBytes, input.length);
        for (let at = start; at < end; at++) {
          const byte = input[at] ?? 0;
          counts[byte] = (counts[byte] ?? 0) + 1;
        }
        total += end - start;
      }
      let bits = 0;
      for (const count of counts) if (count > 0) bits -= count * Math.log2(count / total);
      return bits / total;
    },
    hash({ stream, memory, length, size }: HashTask): number {
      let pair = hashes.get(stream);
      if (pair === undefined) {
        const { createHash } = process.getBuiltinModule('node:crypto');
        hashes.set(stream, (pair = [createHash('sha256'), createHash('sha256')]));
      }
      pair[0].update(new Uint8Array(memory, inputOffset, length));
      pair[1].update(new Uint8Array(memory, outputOffset, size));
      return length;
    },
    digest({ stream }: DigestTask): string {
      const pair = hashes.get(stream);
      hashes.delete(stream);
      return pair?.map((hash) => hash.digest('hex')).join(' ') ?? '';
    },
  };
  parentPort?.on('message', ({ id, ...task }: Task & { readonly id: number }) => {
    try {
      const failure =
        task.task === 'compress' && task.from !== undefined
          ? tasks.read(new Uint8Array(task.memory, inputOffset, task.length), task.from)
          : undefined;
      if (failure !== undefined) {
        parentPort.postMessage({ id, ...failure } satisfies Answer, []);
        return;
      }
      const value =
        task.task === 'compress' ? tasks.compress(task) : task.task === 'hash' ? tasks.hash(task) : tasks.digest(task);
      parentPort.postMessage({ id, value } satisfies Answer, []);
    } catch (error) {
      parentPort.postMessage({ id, error: (error as Error).message } satisfies Answer, []);
    }
  });
  parentPort?.postMessage({ codec: codec.name } satisfies Answer, []);
}

/** Starts a thread, which takes 15 ms of one core, and 8 MB. */
export function startCompressionWorker(setup: WorkerSetup): Worker {
  return new Worker(`(${compressBlocks.toString()})()`, {
    eval: true,
    workerData: setup,
    // node:ffi prints a warning that it is experimental, once per process, on standard error.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: {},
    // Ten times its usage. With a limit, V8 initially reserves 1.4 MB less.
    resourceLimits: { maxOldGenerationSizeMb: 64 },
    name: 'compression',
  });
}
