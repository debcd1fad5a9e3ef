import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withZipMembers, ZipError } from '../../pipe/archive/zip.ts';
import { zip } from './zip-writer.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zip-'));
});
afterAll(async () => await rm(directory, { recursive: true }));

async function readAll(bytes: Buffer, maxBytes = 1000): Promise<Readonly<Record<string, string>>> {
  const absolutePath = join(directory, 'a.zip');
  await writeFile(absolutePath, bytes);
  const file = { path: 'a.zip', absolutePath, size: bytes.length, fingerprint: '' };
  return await withZipMembers(
    file,
    (path) => path !== 'unwanted',
    async (members) => {
      const read: Record<string, string> = {};
      for (const member of members) read[member.path] = (await member.read(maxBytes)).toString();
      return read;
    },
  );
}

const members = [
  { name: 'a/packed', content: 'hello '.repeat(50) },
  { name: 'unwanted', content: Buffer.alloc(5000) },
  { name: 'stored', content: 'as it is', isStored: true },
  { name: '../odd\\name', content: '' },
];
const contents = { 'a/packed': 'hello '.repeat(50), stored: 'as it is', '../odd\\name': '' };

describe('members', () => {
  it.each([false, true])('are found and read, ZIP64: %s', async (isZip64) => {
    expect(await readAll(zip(members, { isZip64 }))).toEqual(contents);
  });

  it('are found in a directory that is longer than what is read at once', async () => {
    const many = Array.from({ length: 8000 }, (_, index) => ({ name: 'unwanted', content: '', index }));
    expect(await readAll(zip([...many, ...members]))).toEqual(contents);
  });
});

describe('refuses', () => {
  const whole = zip(members);
  const broken = (at: number, byte: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[at] = byte;
    return copy;
  };

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['what is no archive', Buffer.alloc(100_000, 'text')],
    ['a part of one', whole.subarray(0, -1)],
    ['the end of one alone', whole.subarray(-22)],
    ['bytes after it', Buffer.concat([whole, Buffer.from('x')])],
    ['content that does not unpack', broken(40, 0xff)],
    ['content that is another', zip(members).fill('x', whole.indexOf('as it is'), whole.indexOf('as it is') + 1)],
    ['a member longer than wanted', zip([{ name: 'a', content: Buffer.alloc(1001) }])],
    ['one that says less than it is', zip([{ name: 'a', content: Buffer.alloc(10_000_000), claimedSize: 10 }])],
    ['one that says more than it is', zip([{ name: 'a', content: 'x', claimedSize: 10 }])],
  ])('%s', async (_, bytes) => {
    await expect(readAll(bytes)).rejects.toThrow(ZipError);
  });

  it('an archive that became shorter', async () => {
    const absolutePath = join(directory, 'b.zip');
    await writeFile(absolutePath, whole);
    const { size } = await stat(absolutePath);
    await truncate(absolutePath, size - 100);
    const file = { path: 'b.zip', absolutePath, size, fingerprint: '' };
    await expect(
      withZipMembers(
        file,
        () => true,
        async (found) => await Promise.resolve(found),
      ),
    ).rejects.toThrow(ZipError);
  });
});
