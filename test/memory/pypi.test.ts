import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { createHashes } from '../../pipe/io/hashes.ts';
import { zip } from '../archive/zip-writer.ts';
import { lib, wheelMembers, wheelName } from '../destinations/pypi/packages.ts';
import { startBundle } from '../run-bundle.ts';
import { startRemoteSandbox } from '../sandbox/remote-sandbox.ts';
import { tokens } from '../sandbox/tokens.ts';
import { type SparseContent, writeSparse } from './sparse.ts';

const size = 2 * 1024 ** 3;
const path = 'acme_lib/data.bin';

/** A wheel with a file of zeros, which is not compressed. */
function largeWheel(): SparseContent {
  const zeros = Buffer.alloc(8 * 1024 ** 2);
  const hashes = createHashes(['sha256']);
  let sum = 0;
  for (let bytes = 0; bytes < size; bytes += zeros.length) {
    hashes.update(zeros);
    sum = crc32(zeros, sum);
  }
  const hash = Buffer.from(hashes.digest().sha256, 'hex').toString('base64url');
  const row = `${path},sha256=${hash},${size}\n`;
  const members = wheelMembers(lib).map(({ name, content }) => ({
    name,
    content: name.endsWith('/RECORD') ? `${row}${String(content)}` : content,
  }));
  // Written without its content, as the last file: then only what is behind it moves.
  const archive = zip([...members, { name: path, content: '', isStored: true }]);
  const directoryAt = archive.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  const local = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 3, 4]));
  const central = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  for (const at of [local + 14, central + 16]) {
    archive.writeUInt32LE(sum, at);
    archive.writeUInt32LE(size, at + 4);
    archive.writeUInt32LE(size, at + 8);
  }
  archive.writeUInt32LE(directoryAt + size, archive.length - 6);
  return { beginning: archive.subarray(0, directoryAt), zeros: size, end: archive.subarray(directoryAt) };
}

it('a wheel of 2 GiB takes at most 160 MB', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pypi-memory-'));
  const pypi = { maxFileBytes: 2 * size, reading: 'refused' } as const;
  const sandbox = await startRemoteSandbox({ pypi, discardContent: true });
  try {
    await writeSparse(join(directory, wheelName(lib)), largeWheel());
    const env = { TYPE: 'pypi', REGISTRY: sandbox.pypiUrl, USERNAME: tokens.packagesUser, TOKEN: tokens.packagesToken };
    const running = startBundle({ ...env, FILENAME: wheelName(lib) }, { cwd: directory });
    const { exitCode, output, peakBytes } = await running.ended;
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
    expect(peakBytes).toBeLessThan(160e6);
  } finally {
    await sandbox.close();
    await rm(directory, { recursive: true });
  }
}, 120_000);
