/** Decompresses a layer while it is read, only to check its diff ID. */

import { InputError } from '../../errors.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Layer } from '../image.ts';
import { type Compression, isCompression } from '../../compression/formats.ts';
import { createDecompressor, digestOfDecompressed, decompressionError } from '../../archive/decompress.ts';

/**
 * The same layer, whose `open` also throws before its end if the digest of the decompressed bytes is not `diffId`. Nothing
 * else detects layers in the wrong order. It uses one thread, at about 200 MB/s of decompressed bytes.
 *
 * @param maxWindowLog as in `withWindow`
 */
export function withDiffIdCheck(layer: Layer, maxWindowLog?: number): Layer {
  const { encoding, diffId, isUnpacked, where = printable(layer.name) } = layer;
  if (diffId === undefined || isUnpacked === true || !isCompression(encoding)) return layer;
  return {
    ...layer,
    open: () => withDecompressedDigestCheck(layer.open(), layer.length, encoding, diffId, where, maxWindowLog),
  };
}

/**
 * Yields the compressed bytes.
 *
 * @param length of the compressed bytes
 * @param name names the layer in messages
 * @throws InputError before the last chunk if they are damaged, or if the digest of the decompressed bytes is not `diffId`
 */
export async function* withDecompressedDigestCheck(
  compressed: AsyncIterable<Uint8Array>,
  length: number,
  compression: Compression,
  diffId: string,
  name: string,
  maxWindowLog?: number,
): AsyncGenerator<Uint8Array> {
  const decompressor = createDecompressor(compression, maxWindowLog);
  const { stream } = decompressor;
  const decompressed = digestOfDecompressed(decompressor);
  // Awaited later, so that the first failure is the one thrown.
  decompressed.catch(() => undefined);
  let position = 0;
  try {
    for await (const chunk of compressed) {
      position += chunk.length;
      const isLast = position === length;
      const feeding = decompressor.feed(chunk);
      feeding.catch(() => undefined);
      if (isLast) {
        stream.end();
        const actual = await decompressed;
        if (actual !== diffId)
          throw new InputError(
            `${name} is not the layer that the config lists in its place: its decompressed digest is ${actual} instead of ${diffId}`,
          );
        yield chunk;
      } else {
        yield chunk;
        await feeding;
      }
    }
  } catch (error) {
    throw decompressionError(error, compression, name);
  } finally {
    stream.destroy();
  }
}
