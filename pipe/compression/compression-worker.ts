/** What runs in each worker thread: compresses and hashes blocks that lie in shared memory. */

import type { Hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Codec } from './formats.ts';

export interface WorkerSetup {
  /** Of one format, best first: the first that is installed is used. */
  readonly codecs: readonly [Codec, ...Codec[]];
  /** Where libdeflate may be found: the first that loads is used. */
  readonly libraries: readonly string[];
  /** Where in a block's memory the input lies, and from where on the output. */
  readonly inputOffset: number;
  readonly outputOffset: number;
}

/** Compresses the `length` bytes of input in `memory` into data that stands on its own; answered with its length. */
export interface CompressTask {
  readonly task: 'compress';
  readonly memory: SharedArrayBuffer;
  readonly length: number;
  readonly level: number;
  /** The same as `level`, or another one for dense data. */
  readonly denseLevel: number;
  /** A sample is tried first, and the block is stored where the sample does not shrink. */
  readonly isDoubtful: boolean;
}

/** Adds the `length` bytes of input in `memory` to the stream's SHA-256. Tasks of one stream go to one worker, in order. */
export interface HashTask {
  readonly task: 'hash';
  readonly stream: number;
  readonly memory: SharedArrayBuffer;
  readonly length: number;
}

/** Ends the stream's SHA-256; answered with its hexadecimal digits. */
export interface DigestTask {
  readonly task: 'digest';
  readonly stream: number;
}

export type Task = CompressTask | HashTask | DigestTask;

/** A worker's first message is its codec, all others answer one task each. */
export type Answer =
  | { readonly codec: Codec }
  | { readonly id: number; readonly value: number | string }
  | { readonly id: number; readonly error: string };

/** A codec that is there. */
interface BlockCodec {
  readonly name: Codec;
  /** The level at which it stores what does not shrink. */
  readonly storingLevel: number;
  /** @returns the bytes of output, or 0 if it has no room */
  compress(input: Uint8Array, output: Uint8Array, level: number): number;
}

/**
 * The worker's whole program. It is handed over as text, so that the pipe stays one file and a thread need not load all
 * of it. Hence it must use nothing from outside itself; and only methods may be named in it, not functions or
 * variables that hold one, because the bundler's `keepNames` would wrap those in a helper that is not there. Modules are
 * loaded where they are used: zlib and crypto take 1 MB each in every thread.
 */
function compressBlocks(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const { libraries, inputOffset, outputOffset, ...setup } = workerData as WorkerSetup;

  const garbage = {
    /** The garbage collector would leave 32 MiB in each thread before it looks: so what is done with is freed at once. */
    move(compressed: Uint8Array, output: Uint8Array): number {
      output.set(compressed);
      const size = compressed.length;
      (compressed.buffer as ArrayBuffer).transfer(0);
      return size;
    },
  };
  const codecs: Record<Codec, () => BlockCodec | undefined> = {
    /** Its calls block, which is why they are made here. Declarations: libdeflate.h of 1.14, unchanged since 1.0. */
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
          // No node:ffi (before Node.js 26), no such library, or another one of that name.
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
    /** zstd itself stores what does not shrink, and at level 1 finds that out soonest. */
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

  const sample = new Uint8Array(4 * 8192);
  const counts = new Uint32Array(256);
  const hashes = new Map<number, Hash>();
  const tasks = {
    compress({ memory, length, isDoubtful, ...levels }: CompressTask): number {
      const input = new Uint8Array(memory, inputOffset, length);
      const output = new Uint8Array(memory, outputOffset);
      const level = levels.denseLevel !== levels.level && tasks.isDense(input) ? levels.denseLevel : levels.level;
      const stores = isDoubtful && level > codec.storingLevel && !tasks.shrinks(input, output);
      const size = codec.compress(input, output, stores ? codec.storingLevel : level);
      if (size === 0) throw new Error(`${codec.name} could not compress ${length} bytes`);
      return size;
    },
    /** Four pieces of the block, compressed at the quickest level, lose at least 1 %. */
    shrinks(input: Uint8Array, output: Uint8Array): boolean {
      if (input.length < 2 * sample.length) return true;
      for (const part of [0, 1, 2, 3]) {
        const start = Math.floor((input.length * part) / 4);
        sample.set(input.subarray(start, start + sample.length / 4), (part * sample.length) / 4);
      }
      return codec.compress(sample, output, 1) < sample.length * 0.99;
    },
    /**
     * Its bytes, one by one, take more than 5.7 bits each (Shannon's entropy of 16 KiB from all over the block), as in
     * machine code and in what is compressed already, and not in texts and tables. Of all that takes no time to find out, this
     * tells best what a higher level would gain.
     */
    isDense(input: Uint8Array): boolean {
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
      return bits > 5.7 * total;
    },
    hash({ stream, memory, length }: HashTask): number {
      let hash = hashes.get(stream);
      if (hash === undefined) hashes.set(stream, (hash = process.getBuiltinModule('node:crypto').createHash('sha256')));
      hash.update(new Uint8Array(memory, inputOffset, length));
      return length;
    },
    digest({ stream }: DigestTask): string {
      const hash = hashes.get(stream);
      hashes.delete(stream);
      return hash?.digest('hex') ?? '';
    },
  };
  parentPort?.on('message', ({ id, ...task }: Task & { readonly id: number }) => {
    try {
      const value =
        task.task === 'compress' ? tasks.compress(task) : task.task === 'hash' ? tasks.hash(task) : tasks.digest(task);
      parentPort.postMessage({ id, value } satisfies Answer, []);
    } catch (error) {
      parentPort.postMessage({ id, error: (error as Error).message } satisfies Answer, []);
    }
  });
  parentPort?.postMessage({ codec: codec.name } satisfies Answer, []);
}

/** A thread that answers tasks: 15 ms of one core until it does, and 8 MB. */
export function startCompressionWorker(setup: WorkerSetup): Worker {
  return new Worker(`(${compressBlocks.toString()})()`, {
    eval: true,
    workerData: setup,
    // node:ffi calls itself experimental, once per process, on standard error.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: {},
    // Ten times what it uses; with a limit, V8 lays out 1.4 MB less to begin with.
    resourceLimits: { maxOldGenerationSizeMb: 64 },
    name: 'compression',
  });
}
