/** The digest of what a packed stream holds, found while the stream passes by on its way elsewhere. */

import { createHash } from 'node:crypto';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { InputError } from '../errors.ts';
import { formatBytes } from '../toolkit/units.ts';

export interface UnpackedDigest {
  /**
   * Takes the next packed bytes; their memory is free again when the promise is fulfilled, and only then may the next
   * ones come. Meanwhile, the same bytes may be sent.
   *
   * @throws InputError where they are not what they should be, or unpack to more than they may
   */
  update(chunk: Uint8Array): Promise<void>;
  /**
   * `sha256:…` of the unpacked bytes.
   *
   * @throws InputError where the packed bytes end too early
   */
  digest(): Promise<string>;
  /** Unpacked bytes so far. */
  size(): number;
  /** Frees the memory that unpacking takes, where `digest` is not asked for. */
  close(): void;
}

export interface UnpackedDigestOptions {
  /**
   * Bytes that may come out. A limit of the ratio would refuse honest layers: a file of zeros shrinks a thousandfold.
   * Whatever comes out is hashed and dropped, so a bomb can cost time, but no memory.
   */
  readonly maxBytes: number;
}

/** Larger pieces pass between the threads less often, and 256 KiB is where that no longer shows. */
const pieceBytes = 256 * 1024;

/** Unpacks every gzip member (RFC 1952) or zstd frame (RFC 8878, skippable ones too), on Node.js's own threads. */
export function createUnpackedDigest(
  packing: 'none' | 'gzip' | 'zstd',
  { maxBytes }: UnpackedDigestOptions,
): UnpackedDigest {
  const hash = createHash('sha256');
  let size = 0;
  const take = (piece: Uint8Array): void => {
    size += piece.length;
    if (size > maxBytes) throw new InputError(`It unpacks to more than ${formatBytes(maxBytes)}, which is not allowed`);
    hash.update(piece);
  };
  if (packing === 'none') {
    return {
      update: async (chunk) => take(chunk),
      digest: async () => `sha256:${hash.digest('hex')}`,
      size: () => size,
      close: () => undefined,
    };
  }

  const unpacker =
    packing === 'gzip' ? createGunzip({ chunkSize: pieceBytes }) : createZstdDecompress({ chunkSize: pieceBytes });
  const ended = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  unpacker.on('data', (piece: Buffer) => {
    try {
      take(piece);
      // The unpacker's buffer is used up with this piece: free it now, not 30 MB of such later.
      const { buffer, byteOffset, length } = piece;
      if (byteOffset + length === buffer.byteLength) (buffer as ArrayBuffer).transfer(0);
    } catch (error) {
      unpacker.destroy(error as Error);
    }
  });
  unpacker.on('end', () => ended.resolve());
  unpacker.on('error', (error) => failed.reject(inputError(packing, error)));
  let packedSize = 0;
  /** Both unpackers pass over what is neither a member nor a frame, if it comes after one. */
  const checkTaken = (): void => {
    if (unpacker.bytesWritten === packedSize) return;
    throw new InputError(`Its ${packing} data is followed by something else after ${unpacker.bytesWritten} bytes`);
  };
  return {
    async update(chunk) {
      packedSize += chunk.length;
      const written = Promise.withResolvers<void>();
      unpacker.write(chunk, () => written.resolve());
      // One that fails may leave the write unanswered.
      await Promise.race([written.promise, failed.promise]);
      if (unpacker.errored !== null) await failed.promise;
      checkTaken();
    },
    async digest() {
      unpacker.end();
      await Promise.race([ended.promise, failed.promise]);
      checkTaken();
      return `sha256:${hash.digest('hex')}`;
    },
    size: () => size,
    close: () => void unpacker.destroy(),
  };
}

function inputError(packing: string, error: Error): InputError {
  if (error instanceof InputError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'Z_BUF_ERROR'
    ? new InputError(`Its ${packing} data is cut off`, { cause: error })
    : new InputError(`Its ${packing} data is damaged: ${error.message}`, { cause: error });
}
