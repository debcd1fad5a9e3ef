/** Decompresses streams. */

import type { Transform } from 'node:stream';
import { type Compression, compressionFormats, maxZstdWindowLog } from '../compression/formats.ts';
import { InputError } from '../errors.ts';
import { createSha256 } from '../io/hashes.ts';

/**
 * Much larger chunks are no faster and leave more garbage: 113 MB resident with 128 KiB, 95 MB with these. Longer than Node.js's
 * pool, so that `freeChunk` can tell them from it.
 */
const chunkSize = 72 * 1024;

/** A decompressor that takes its input chunk by chunk. */
export interface Decompressor {
  readonly stream: Transform;
  /** Resolves as soon as `chunk` may be reused. */
  feed(chunk: Uint8Array): Promise<void>;
}

/** Creates a decompressor, for zstd with windows of up to 2 to the power of `maxWindowLog` bytes. Its `stream` fails with the library's errors; `decompressionError` turns them into InputErrors. */
export function createDecompressor(compression: Compression, maxWindowLog = maxZstdWindowLog): Decompressor {
  const stream = compressionFormats[compression].createDecompressor(chunkSize, maxWindowLog);
  // zlib ignores bytes after the end of the compressed data, and never calls back for them.
  const ended = new Promise<void>((resolve) => {
    stream.once('end', resolve).once('close', resolve);
  });
  return {
    stream,
    feed(chunk) {
      const written = new Promise<void>((resolve, reject) => {
        stream.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
      return Promise.race([written, ended]);
    },
  };
}

/**
 * Frees the buffer of a chunk from one of zlib's streams if the chunk ends it: until then, zlib still writes to it. To be called
 * once the chunk is used up. Waiting for the garbage collector instead, a digest of 300 MB takes 140 MB of memory, not 104.
 */
export function freeChunk({ buffer, byteOffset, length }: Buffer<ArrayBuffer>): void {
  // Short chunks that have piled up are joined in a part of the pool, which cannot be freed.
  if (buffer.byteLength > Buffer.poolSize && byteOffset + length === buffer.byteLength) buffer.transfer(0);
}

/** `sha256:…` of all the decompressed bytes. */
export async function digestOfDecompressed({ stream }: Decompressor): Promise<string> {
  const hash = createSha256();
  for await (const chunk of stream) {
    hash.update(chunk as Buffer);
    freeChunk(chunk as Buffer<ArrayBuffer>);
  }
  return `sha256:${hash.digest()}`;
}

/**
 * Yields the decompressed bytes.
 *
 * @param name names the compressed bytes in messages
 * @throws InputError if they are damaged or cut off
 */
export async function* decompress(
  compressed: AsyncIterable<Uint8Array>,
  compression: Compression,
  name: string,
): AsyncGenerator<Uint8Array> {
  const decompressor = createDecompressor(compression);
  const pumping = pump(compressed, decompressor);
  try {
    for await (const chunk of decompressor.stream) yield chunk as Buffer;
  } catch (error) {
    throw decompressionError(error, compression, name);
  } finally {
    // However the loop ended, it has destroyed the stream.
    await pumping;
  }
}

async function pump(compressed: AsyncIterable<Uint8Array>, decompressor: Decompressor): Promise<void> {
  try {
    for await (const chunk of compressed) {
      await decompressor.feed(chunk);
      if (decompressor.stream.destroyed || decompressor.stream.readableEnded) return;
    }
    decompressor.stream.end();
  } catch (error) {
    // No effect if the decompressor itself has failed: `decompress` then throws that error.
    decompressor.stream.destroy(error as Error);
  }
}

const windowTooLarge = 'ZSTD_error_frameParameter_windowTooLarge';

/** Whether the data need a larger window than the decompressor was created with. @param error from `decompressionError` */
export function hasLargerWindow(error: unknown): boolean {
  return error instanceof InputError && (error.cause as NodeJS.ErrnoException | undefined)?.code === windowTooLarge;
}

/** An InputError for an error of the decompressor; any other error unchanged. @param name names the compressed bytes */
export function decompressionError(error: unknown, compression: Compression, name: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR')
    return new InputError(`${name} is cut off: its ${compression} data ends too early`, { cause: error });
  if (code === windowTooLarge)
    return new InputError(
      `${name} cannot be decompressed: its zstd window is larger than 32 MiB. Compress it again without --long, or with --long=25 at most`,
      { cause: error },
    );
  if (code === undefined || !compressionFormats[compression].damageCodes.test(code)) return error;
  return new InputError(`${name} is damaged: its ${compression} data cannot be decompressed (${message})`, {
    cause: error,
  });
}
