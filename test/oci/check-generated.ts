/**
 * A separate program that checks generated layers while it reads them, and prints its peak memory in bytes.
 * Arguments: the format, and the number of MiB.
 */

import { createHash, randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isCompression } from '../../pipe/compression/formats.ts';
import { keepHeapFlat } from '../../pipe/io/flat-heap.ts';
import { withDecompressedDigestCheck } from '../../pipe/oci/layers/diff-id-check.ts';
import { peakBytesOf } from '../peak-memory.ts';

const [, , format = '', mebibytes] = process.argv;
if (!isCompression(format)) throw new Error(`unknown format: ${format}`);
keepHeapFlat();

const bytes = Buffer.concat([randomBytes(512 * 1024), Buffer.alloc(512 * 1024, 'words ')]);
const part = { gzip: gzipSync, zstd: zstdCompressSync }[format](bytes);
const hash = createHash('sha256');
for (let index = 0; index < Number(mebibytes); index++) hash.update(bytes);

async function* compressed(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < Number(mebibytes); index++) yield part;
}

const length = part.length * Number(mebibytes);
const diffId = `sha256:${hash.digest('hex')}`;
let total = 0;
for await (const chunk of withDecompressedDigestCheck(compressed(), length, format, diffId, 'it'))
  total += chunk.length;
if (total !== length) throw new Error(`read ${total} bytes instead of ${length}`);

// Not from getrusage, whose value starts with the size of the parent process.
process.stdout.write(String(peakBytesOf('self')));
