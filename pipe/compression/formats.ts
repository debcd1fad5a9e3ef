/**
 * THE table of compression formats: how to recognise, compress and decompress each.
 *
 * A new format needs a row here, a codec in compression-worker.ts, the codec's levels in levels.ts, and its name in the help
 * text of --compression.
 */

import type { Transform } from 'node:stream';
import type * as Zlib from 'node:zlib';

export type Compression = 'gzip' | 'zstd';

/** The compressors of blocks: `libdeflate` and `zlib` create gzip members, `zstd` creates zstd frames. */
export type Codec = 'libdeflate' | 'zlib' | 'zstd';

/** Equivalent media types. */
export interface MediaTypePair {
  readonly oci: string;
  /** Undefined if Docker's own tools have no such type. */
  readonly docker: string | undefined;
}

/** The media types of layers with one compression, or none. */
export interface LayerMediaTypes {
  readonly layer: MediaTypePair;
  /** For layers that are fetched from elsewhere, such as Windows' base layers. */
  readonly foreign: MediaTypePair;
  /** Other types that are read, but never written. */
  readonly alsoRead: readonly string[];
}

/** A format of compressed data: how to recognise, read and write it. */
export interface CompressionFormat {
  /** Its data begins with one of these byte sequences. */
  readonly magics: readonly (readonly number[])[];
  readonly mediaTypes: LayerMediaTypes;
  /** Its codecs, best first. The last one is part of Node.js. */
  readonly codecs: readonly [Codec, ...Codec[]];
  /** The levels that users can choose. */
  readonly levels: { readonly least: number; readonly most: number };
  /**
   * @param chunkSize of the decompressed chunks, in bytes
   * @param maxWindowLog the binary logarithm of the largest window, for zstd
   */
  createDecompressor(chunkSize: number, maxWindowLog: number): Transform;
  /** Matches the error codes of its decompressor for damaged data. */
  readonly damageCodes: RegExp;
}

/** Windows of up to 32 MiB; only `zstd --long` and levels above 21 ask for more. */
export const maxZstdWindowLog = 25;

/** A zstd file may begin with a skippable frame (RFC 8878, section 3.1.2). */
const skippableFrames = Array.from({ length: 16 }, (_, number) => [0x50 + number, 0x2a, 0x4d, 0x18]);

export const compressionFormats: Readonly<Record<Compression, CompressionFormat>> = {
  gzip: {
    magics: [[0x1f, 0x8b, 0x08]],
    mediaTypes: {
      layer: {
        oci: 'application/vnd.oci.image.layer.v1.tar+gzip',
        docker: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      },
      foreign: {
        oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
        docker: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      },
      alsoRead: [],
    },
    codecs: ['libdeflate', 'zlib'],
    // Only libdeflate has 10 to 12: for zlib they mean 9.
    levels: { least: 1, most: 12 },
    createDecompressor: (chunkSize) => loadZlib().createGunzip({ chunkSize }),
    damageCodes: /^Z_/,
  },
  zstd: {
    magics: [[0x28, 0xb5, 0x2f, 0xfd], ...skippableFrames],
    mediaTypes: {
      // Docker's own tools never write zstd layers, and not all of them read containerd's type for them.
      layer: { oci: 'application/vnd.oci.image.layer.v1.tar+zstd', docker: undefined },
      foreign: { oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', docker: undefined },
      alsoRead: ['application/vnd.docker.image.rootfs.diff.tar.zstd'],
    },
    codecs: ['zstd'],
    // Levels above 19 need more memory than a pipe has.
    levels: { least: 1, most: 19 },
    createDecompressor(chunkSize, maxWindowLog) {
      const { constants, createZstdDecompress } = loadZlib();
      return createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: maxWindowLog } });
    },
    damageCodes: /^Z(?:STD)?_/,
  },
};

export const compressionNames = Object.keys(compressionFormats) as readonly Compression[];

/** Formats that are only recognised, for messages. */
export type UnsupportedCompression = Exclude<'bzip2' | 'xz', Compression>;

export const unsupportedMagics: Readonly<Record<UnsupportedCompression, readonly number[]>> = {
  bzip2: [0x42, 0x5a, 0x68],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
};

/** Whether it is the name of a format that the pipe reads and writes. */
export function isCompression(name: string): name is Compression {
  return Object.hasOwn(compressionFormats, name);
}

/** Whether it is the name of a format that the pipe recognises but cannot read. */
export function isUnsupportedCompression(name: string): name is UnsupportedCompression {
  return Object.hasOwn(unsupportedMagics, name);
}

/** The formats' names in words: `gzip, zstd or none`. @param more names to add */
export function listCompressions(word: 'and' | 'or', ...more: readonly string[]): string {
  const names = [...compressionNames, ...more];
  return `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;
}

/** Loads zlib on demand: settings read this table in every run, but most runs decompress nothing. */
function loadZlib(): typeof Zlib {
  return process.getBuiltinModule('node:zlib');
}
