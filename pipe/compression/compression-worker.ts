/** The program of each worker thread: compresses and hashes blocks of shared memory. */

import type { Hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Codec } from './formats.ts';

export interface WorkerSetup {
  /** Codecs of one format, best first: the first that is installed is used. */
  readonly codecs: readonly [Codec, ...Codec[]];
  /** Paths of libdeflate: the first that loads is used. */
  readonly libraries: readonly string[];
  /** The offset of the input in a block's memory. */
  readonly inputOffset: number;
}

/** Part of a file that another thread has open. */
export interface FilePart {
  readonly descriptor: number;
  readonly position: number;
}

/** Compressed bytes: the first `size` in a memory that only one thread has at a time. */
export interface Output {
  readonly memory: ArrayBuffer;
  readonly size: number;
  /** What it took the thread to read and compress the input. */
  readonly ms: number;
}

type CodecOutput = Omit<Output, 'ms'>;

/** Compresses the `length` bytes of input in `memory` into a self-contained member or frame, which is the answer. */
export interface CompressTask {
  readonly task: 'compress';
  readonly memory: SharedArrayBuffer;
  readonly length: number;
  /** Where the input must be read from first, if it is not in `memory` yet. */
  readonly from?: FilePart | undefined;
  readonly level: number;
  /** The level for dense data; may equal `level`. */
  readonly denseLevel: number;
  /** The memory of an earlier output, to be used again; it moves to the worker. */
  readonly spare?: ArrayBuffer | undefined;
}

/**
 * Adds the `length` bytes of input in `memory`, and the output, to the two SHA-256 of the stream. Tasks of one stream go to one
 * worker, in order. The output moves to the worker, and comes back as the answer.
 */
export interface HashTask {
  readonly task: 'hash';
  readonly stream: number;
  readonly memory: SharedArrayBuffer;
  readonly length: number;
  readonly output: Output;
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
  | { readonly id: number; readonly value: Output | string }
  | { readonly id: number; readonly error: string }
  | (ReadFailure & { readonly id: number });

/** An installed codec. */
interface BlockCodec {
  readonly name: Codec;
  /** The level at which it stores data that does not shrink. */
  readonly storingLevel: number;
  /** Whether it writes to a memory that it is given. Otherwise it returns one of its own. */
  readonly needsMemory: boolean;
  /** Blocks the thread, unless it has threads of its own. */
  compress(input: Uint8Array, level: number, memory: ArrayBuffer): CodecOutput | Promise<CodecOutput>;
}

/**
 * The worker's whole program. It is passed as source text, so that the pipe stays one file and threads need not load all
 * of it. Therefore it must use nothing from outside itself. Its functions must be methods: the bundler's `keepNames` would
 * wrap other named functions in a helper that does not exist in the thread. Modules are loaded where they are used,
 * because zlib and crypto take 1 MB each in every thread.
 */
function compressBlocks(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const { libraries, inputOffset, ...setup } = workerData as WorkerSetup;

  const emptyFrameBytes = 9;
  const outputs = {
    /** Of what cannot shrink. Memory that nothing is written to costs nothing. */
    maxSize(length: number): number {
      return length + Math.ceil(length / 64) + 1024;
    },
    of(bytes: Uint8Array): CodecOutput {
      // A small Buffer may be part of a memory that others are in, too.
      const { buffer, length } = bytes.length > Buffer.poolSize ? bytes : new Uint8Array(bytes);
      return { memory: buffer as ArrayBuffer, size: length };
    },
  };
  const codecs: Record<Codec, () => BlockCodec | undefined> = {
    /** Its calls block, so they are made in a thread. Declarations as in libdeflate.h 1.14, unchanged since 1.0. */
    libdeflate() {
      for (const path of libraries) {
        try {
          const { functions } = process.getBuiltinModule('node:ffi').dlopen(path, {
            libdeflate_alloc_compressor: { arguments: ['int32'], return: 'pointer' },
            libdeflate_free_compressor: { arguments: ['pointer'], return: 'void' },
            libdeflate_gzip_compress: {
              arguments: ['pointer', 'buffer', 'uint64', 'buffer', 'uint64'],
              return: 'uint64',
            },
          });
          let ready: { readonly level: number; readonly compressor: bigint } | undefined;
          return {
            name: 'libdeflate',
            storingLevel: 0,
            needsMemory: true,
            compress(input: Uint8Array, level: number, memory: ArrayBuffer): CodecOutput {
              if (ready?.level !== level) {
                // Those of several levels would take 7 MB more. One is made within a thousandth of a block's time.
                if (ready !== undefined) functions.libdeflate_free_compressor(ready.compressor);
                ready = undefined;
                const compressor = functions.libdeflate_alloc_compressor(level);
                if (compressor === 0n) throw new Error(`libdeflate has no memory for level ${level}`);
                ready = { level, compressor };
              }
              const output = new Uint8Array(memory);
              const sizes = [BigInt(input.length), BigInt(output.length)] as const;
              const size = functions.libdeflate_gzip_compress(ready.compressor, input, sizes[0], output, sizes[1]);
              if (size === 0n) throw new Error(`libdeflate could not compress ${input.length} bytes`);
              return { memory, size: Number(size) };
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
        needsMemory: true,
        compress(input: Uint8Array, level: number, memory: ArrayBuffer): CodecOutput {
          const compressed = zlib.gzipSync(input, { level: Math.min(level, 9), chunkSize: memory.byteLength });
          const size = compressed.length;
          new Uint8Array(memory).set(compressed);
          // Freed immediately: the garbage collector would let 32 MiB pile up in each thread.
          compressed.buffer.transfer(0);
          return { memory, size };
        },
      };
    },
    /**
     * It works on the threads of Node.js's pool, so that one worker is enough: each would take 7 MB more. It stores data that
     * does not shrink, and detects it soonest at level 1.
     */
    zstd() {
      const zlib = process.getBuiltinModule('node:zlib');
      const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_c_hashLog, ZSTD_c_chainLog } = zlib.constants;
      return {
        name: 'zstd',
        storingLevel: 1,
        needsMemory: false,
        async compress(input: Uint8Array, level: number): Promise<CodecOutput> {
          const { promise, resolve, reject } = Promise.withResolvers<CodecOutput>();
          const windowLog = Math.max(10, Math.ceil(Math.log2(input.length)));
          const stream = zlib.createZstdCompress({
            chunkSize: outputs.maxSize(input.length),
            pledgedSrcSize: input.length,
            params: {
              [ZSTD_c_compressionLevel]: level,
              [ZSTD_c_windowLog]: windowLog,
              // They would take up to 80 MB otherwise, and each thread keeps them.
              ...(level >= 7 && { [ZSTD_c_hashLog]: level <= 12 ? 19 : 20, [ZSTD_c_chainLog]: level <= 12 ? 19 : 20 }),
            },
          });
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('error', reject);
          stream.on('end', () => {
            // Node.js ends the stream twice, and what it ends last is an empty frame.
            if (chunks.length > 1 && chunks.at(-1)?.length === emptyFrameBytes) chunks.pop();
            resolve(outputs.of(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
          });
          // zstd copies no input if it has all of it, knows that it is the end, and has room for the whole output. Without a
          // write before it, Node.js would say only later that it is the end.
          stream.write(new Uint8Array());
          stream.end(input);
          return await promise;
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
  const sampleBytes = 4 * 8192;
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
    async compress({ memory, length, spare, ...levels }: CompressTask): Promise<CodecOutput> {
      const input = new Uint8Array(memory, inputOffset, length);
      const entropy = tasks.entropy(input);
      const level = entropy > denseBits ? levels.denseLevel : levels.level;
      const isDoubtful = entropy > doubtfulBits && level > codec.storingLevel;
      // New memory each time would leave much of it unused, in each thread.
      const target = spare ?? new ArrayBuffer(codec.needsMemory ? outputs.maxSize(memory.byteLength) : 0);
      const stores = isDoubtful && !(await tasks.shrinks(input, target));
      return await codec.compress(input, stores ? codec.storingLevel : level, target);
    },
    /** Whether four pieces of the block shrink by at least 1 % at the fastest level. */
    async shrinks(input: Uint8Array, memory: ArrayBuffer): Promise<boolean> {
      if (input.length < 2 * sampleBytes) return true;
      const sample = new Uint8Array(sampleBytes);
      for (const part of [0, 1, 2, 3]) {
        const start = Math.floor((input.length * part) / 4);
        sample.set(input.subarray(start, start + sampleBytes / 4), (part * sampleBytes) / 4);
      }
      const { size } = await codec.compress(sample, 1, memory);
      return size < sampleBytes * 0.99;
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
    hash({ stream, memory, length, output }: HashTask): Output {
      let pair = hashes.get(stream);
      if (pair === undefined) {
        const { createHash } = process.getBuiltinModule('node:crypto');
        hashes.set(stream, (pair = [createHash('sha256'), createHash('sha256')]));
      }
      pair[0].update(new Uint8Array(memory, inputOffset, length));
      pair[1].update(new Uint8Array(output.memory, 0, output.size));
      return output;
    },
    digest({ stream }: DigestTask): string {
      const pair = hashes.get(stream);
      hashes.delete(stream);
      return pair?.map((hash) => hash.digest('hex')).join(' ') ?? '';
    },
  };
  const answers = {
    async to({ id, ...task }: Task & { readonly id: number }): Promise<Answer> {
      try {
        if (task.task === 'digest') return { id, value: tasks.digest(task) };
        if (task.task === 'hash') return { id, value: tasks.hash(task) };
        const startedAt = performance.now();
        const failure = task.from && tasks.read(new Uint8Array(task.memory, inputOffset, task.length), task.from);
        if (failure !== undefined) return { id, ...failure };
        const output = await tasks.compress(task);
        return { id, value: { ...output, ms: performance.now() - startedAt } };
      } catch (error) {
        return { id, error: (error as Error).message };
      }
    },
    async send(answer: Promise<Answer>): Promise<void> {
      const message = await answer;
      const isOutput = 'value' in message && typeof message.value === 'object';
      // Outputs move, so that only one thread ever has one, and can free it.
      parentPort?.postMessage(message, isOutput ? [message.value.memory] : []);
    },
  };
  parentPort?.on('message', (message: Task & { readonly id: number }) => void answers.send(answers.to(message)));
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
