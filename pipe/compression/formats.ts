/**
 * THE table of compression formats: what tells one from another, what compresses it, and what decompresses it.
 *
 * A further one needs its row here, its codec in compression-worker.ts, the codec's levels in pace.ts, and its name in the
 * text of --compression.
 */

import type { Transform } from 'node:stream';
import type * as Zlib from 'node:zlib';

export type Compression = 'gzip' | 'zstd';

/** What compresses blocks: `libdeflate` and `zlib` make gzip members, `zstd` makes zstd frames. */
export type Codec = 'libdeflate' | 'zlib' | 'zstd';

/** Two media types that mean the same. */
export interface MediaTypePair {
  readonly oci: string;
  /** Undefined if Docker's own tools have none. */
  readonly docker: string | undefined;
}

/** The media types of layers that are compressed in one way, or not at all. */
export interface LayerMediaTypes {
  readonly layer: MediaTypePair;
  /** Layers that are fetched from elsewhere, such as Windows' own. */
  readonly foreign: MediaTypePair;
  /** Further types that are read, and never written. */
  readonly alsoRead: readonly string[];
}

/** A format of compressed data: how to recognise, read and write it. */
export interface CompressionFormat {
  /** What its data begins with: any of these series of bytes. */
  readonly magics: readonly (readonly number[])[];
  readonly mediaTypes: LayerMediaTypes;
  /** What compresses it, best first. The last one is part of Node.js. */
  readonly codecs: readonly [Codec, ...Codec[]];
  /** The levels that can be pinned. */
  readonly levels: { readonly least: number; readonly most: number };
  /** For what is compressed twice and must come out the same: quick and good, since there is no time to lose. */
  readonly repeatableLevel: number;
  /**
   * A thread costs 8 MB, its blocks, and what the level works in: zstd's up to 7 MB. So many outrun a line of 1 Gbit/s, and
   * leave the pipe within 160 MB.
   */
  readonly maxThreads: number;
  /** @param chunkSize bytes of the chunks that come out */
  createDecompressor(chunkSize: number): Transform;
  /** The codes of the errors that its decompressor throws if the data is damaged. */
  readonly damageCodes: RegExp;
}

/** Windows of up to 32 MiB; only `zstd --long` and levels above 21 ask for more. */
const zstdWindowLog = 25;

/** A zstd file may begin with a frame to be skipped (RFC 8878, section 3.1.2). */
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
    // 10 to 12 are libdeflate's own: zlib takes them for 9.
    levels: { least: 1, most: 12 },
    repeatableLevel: 4,
    maxThreads: 3,
    createDecompressor: (chunkSize) => loadZlib().createGunzip({ chunkSize }),
    damageCodes: /^Z_/,
  },
  zstd: {
    magics: [[0x28, 0xb5, 0x2f, 0xfd], ...skippableFrames],
    mediaTypes: {
      // Docker's own tools never wrote layers of zstd: not all of them read the type that containerd has for it.
      layer: { oci: 'application/vnd.oci.image.layer.v1.tar+zstd', docker: undefined },
      foreign: { oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', docker: undefined },
      alsoRead: ['application/vnd.docker.image.rootfs.diff.tar.zstd'],
    },
    codecs: ['zstd'],
    // Levels above 19 need more memory than a pipe has.
    levels: { least: 1, most: 19 },
    repeatableLevel: 4,
    maxThreads: 2,
    createDecompressor(chunkSize) {
      const { constants, createZstdDecompress } = loadZlib();
      return createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } });
    },
    damageCodes: /^Z(?:STD)?_/,
  },
};

export const compressionNames = Object.keys(compressionFormats) as readonly Compression[];

/** Formats that are only known by their first bytes, for messages. */
export type UnsupportedCompression = Exclude<'bzip2' | 'xz', Compression>;

export const unsupportedMagics: Readonly<Record<UnsupportedCompression, readonly number[]>> = {
  bzip2: [0x42, 0x5a, 0x68],
  xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
};

/** Whether it is the name of a format that the pipe reads and writes. */
export function isCompression(name: string): name is Compression {
  return Object.hasOwn(compressionFormats, name);
}

/** Whether it is the name of a format that the pipe knows, but cannot read. */
export function isUnsupportedCompression(name: string): name is UnsupportedCompression {
  return Object.hasOwn(unsupportedMagics, name);
}

/** The formats' names in words: `gzip, zstd or none`. @param more names to add */
export function listCompressions(word: 'and' | 'or', ...more: readonly string[]): string {
  const names = [...compressionNames, ...more];
  return `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;
}

/** Loaded when it is needed: settings read this table in every run, and most runs decompress nothing. */
function loadZlib(): typeof Zlib {
  return process.getBuiltinModule('node:zlib');
}
