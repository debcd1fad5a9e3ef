import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { withZipMembers, ZipError } from '../../pipe/archive/zip.ts';
import { fingerprintOf } from '../../pipe/io/source-file.ts';
import { noise } from '../oci/registry/images.ts';
import { zip } from './zip-writer.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zip-content-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** The content of each member, as it is streamed. */
async function contents(archive: Buffer): Promise<readonly Buffer[]> {
  const absolutePath = join(directory, 'a.zip');
  await writeFile(absolutePath, archive);
  const stats = await stat(absolutePath, { bigint: true });
  const file = { path: 'a.zip', absolutePath, size: archive.length, fingerprint: fingerprintOf(stats) };
  return await withZipMembers(
    file,
    () => true,
    async (members) => {
      const all: Buffer[] = [];
      for (const member of members)
        all.push(Buffer.concat(await Array.fromAsync(member.open(), (chunk) => Buffer.from(chunk))));
      return all;
    },
  );
}

/** The archive with a number of two bytes in place of another, in the directory's header or in the member's own. */
function patched(archive: Buffer, header: 'own' | 'directory', offset: number, value: number): Buffer {
  const signature = header === 'own' ? 'PK\u0003\u0004' : 'PK\u0001\u0002';
  const copy = Buffer.from(archive);
  copy.writeUInt16LE(value, copy.indexOf(signature, 0, 'latin1') + offset);
  return copy;
}

it('is that of each member, small or large, compressed or stored', async () => {
  const wanted = [
    Buffer.alloc(0),
    Buffer.from('small'),
    noise(300_000),
    Buffer.alloc(3_000_000, 'ab'),
    noise(1_000_000),
  ];
  const members = wanted.map((content, index) => ({ name: `${index}`, content, isStored: index % 2 === 0 }));
  for (const isZip64 of [false, true]) {
    const found = await contents(zip(members, { isZip64 }));
    expect(found.map((content, index) => content.equals(wanted[index] ?? Buffer.alloc(1)))).toEqual(
      wanted.map(() => true),
    );
  }
});

const one = (content: Buffer | string, claimedSize?: number): Buffer =>
  zip([{ name: 'a.txt', content, ...(claimedSize !== undefined && { claimedSize }) }]);

it.each<[string, Buffer, RegExp]>([
  ['encrypted', patched(one('text'), 'directory', 8, 1), /a\.txt in it is encrypted/],
  [
    'compressed otherwise',
    patched(one('text'), 'directory', 10, 12),
    /a\.txt in it is compressed by method 12, not by deflate/,
  ],
  ['elsewhere', patched(one('text'), 'own', 0, 0), /a\.txt in it has no header of its own/],
  ['of another name', patched(one('text'), 'own', 30, 0x4242), /a\.txt in it has another name in its own header/],
  ['damaged', patched(one('text'.repeat(100)), 'own', 35, 0xffff), /a\.txt in it cannot be decompressed/],
  ['damaged, and large', patched(one(noise(500_000)), 'own', 35, 0xffff), /a\.txt in it cannot be decompressed/],
  ['shorter than it says', one('text', 10), /a\.txt in it has 4 bytes, not the 10 in its header/],
  ['longer than it says', one('text', 2), /a\.txt in it is longer than the 2 bytes in its header/],
  [
    'longer, and large',
    one(Buffer.alloc(5_000_000), 200_000),
    /a\.txt in it is longer than the 200000 bytes in its header/,
  ],
  ['of another checksum', patched(one('text'), 'directory', 16, 0), /a\.txt in it does not match the checksum/],
])('is refused if it is %s', async (_, archive, message) => {
  const reading = contents(archive);
  await expect(reading).rejects.toThrow(ZipError);
  await expect(reading).rejects.toThrow(message);
});
