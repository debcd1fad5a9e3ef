/** Ends a thread in the middle of a stream, then compresses another. Prints how each of them ended. */

import type { Worker } from 'node:worker_threads';
import { createCompressor } from '../../pipe/compression/compressor.ts';

const threads: Worker[] = [];
process.on('worker', (thread) => threads.push(thread));
const block = Buffer.alloc(1024 * 1024, 'text');
const compressor = createCompressor({ format: 'zstd', threads: 2 });

async function* blocks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield block;
}

async function compress(count: number, onChunk: () => unknown = () => undefined): Promise<string> {
  try {
    const stream = compressor.compress(blocks(count));
    for await (const chunk of stream.bytes) if (chunk.length > 0) await onChunk();
    return `${stream.sourceSize() / block.length} blocks`;
  } catch (error) {
    return (error as Error).message;
  }
}

const ends = [await compress(1_000, async () => await threads[0]?.terminate()), await compress(20)];
await compressor.close();
process.stdout.write(ends.join(', '));
