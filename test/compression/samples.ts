/** Data to compress, and functions to feed and collect it. */

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

export const mebibyte = 1024 * 1024;

/** `length` bytes that compress like text. */
export function text(length: number): Buffer {
  const source = readFileSync(join(__dirname, '..', '..', 'package-lock.json'));
  const result = Buffer.alloc(length);
  for (let offset = 0; offset < length; offset += source.length) {
    source.copy(result, offset);
    result.write(`${offset} `, offset);
  }
  return result;
}

/** Data like that of layers: 6 MiB of a program, and 2 MiB of text. */
export function layerLike(): Buffer {
  const program = Buffer.alloc(6 * mebibyte);
  const file = openSync(process.execPath, 'r');
  readSync(file, program, 0, program.length, 40 * mebibyte);
  closeSync(file);
  return Buffer.concat([program, text(2 * mebibyte)]);
}

/** Blocks that compress at very different speeds. */
export function uneven(blocks: number): Buffer {
  const kinds = [
    (): Buffer => randomBytes(mebibyte),
    (): Buffer => Buffer.alloc(mebibyte, randomBytes(1)),
    (): Buffer => Buffer.from(text(mebibyte)),
  ];
  return Buffer.concat(
    Array.from({ length: blocks }, (_, index) => kinds[index % kinds.length]?.() ?? Buffer.alloc(0)),
  );
}

/** Yields the data in pieces of varying lengths. Reuses its buffers, as sources may. */
export async function* pieces(data: Buffer, largest = 300_000): AsyncGenerator<Uint8Array> {
  const buffers = [Buffer.alloc(largest), Buffer.alloc(largest)] as const;
  for (let offset = 0, turn = 0; offset < data.length; turn++) {
    const buffer = buffers[turn % 2 === 0 ? 0 : 1];
    const length = Math.min(data.length - offset, 1 + ((turn * 7919 * 31) % largest));
    data.copy(buffer, 0, offset, offset + length);
    offset += length;
    yield buffer.subarray(0, length);
    buffer.fill(0xee);
  }
}

export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export function sha256(data: Uint8Array): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}
