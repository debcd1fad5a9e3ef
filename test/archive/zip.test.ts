import { appendFile, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withZipMembers, ZipError } from '../../pipe/archive/zip.ts';
import { FileChangedError } from '../../pipe/errors.ts';
import { fingerprintOf, type SourceFile } from '../../pipe/io/source-file.ts';
import { zip } from './zip-writer.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zip-'));
});
afterAll(async () => await rm(directory, { recursive: true }));

/** An archive as it is when the run is planned. */
async function plan(name: string, bytes: Buffer): Promise<SourceFile> {
  const absolutePath = join(directory, name);
  await writeFile(absolutePath, bytes);
  const stats = await stat(absolutePath, { bigint: true });
  return { path: name, absolutePath, size: bytes.length, fingerprint: fingerprintOf(stats) };
}

async function readAll(bytes: Buffer, maxBytes = 1000): Promise<Readonly<Record<string, string>>> {
  const file = await plan('a.zip', bytes);
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
  { name: 'a/compressed', content: 'hello '.repeat(50) },
  { name: 'unwanted', content: Buffer.alloc(5000) },
  { name: 'stored', content: 'stored content', isStored: true },
  { name: '../odd\\name', content: '' },
];
const contents = { 'a/compressed': 'hello '.repeat(50), stored: 'stored content', '../odd\\name': '' };

describe('members', () => {
  it.each([false, true])('are found and read, ZIP64: %s', async (isZip64) => {
    expect(await readAll(zip(members, { isZip64 }))).toEqual(contents);
  });

  it('are found in a directory longer than the window', async () => {
    const many = Array.from({ length: 8000 }, (_, index) => ({ name: 'unwanted', content: '', index }));
    expect(await readAll(zip([...many, ...members]))).toEqual(contents);
  });
});

describe('an archive is refused', () => {
  const whole = zip(members);
  const broken = (at: number, byte: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[at] = byte;
    return copy;
  };

  it.each<[string, Buffer]>([
    ['an empty file', Buffer.alloc(0)],
    ['a file that is not an archive', Buffer.alloc(100_000, 'text')],
    ['an archive that is cut off', whole.subarray(0, -1)],
    ['only the end of an archive', whole.subarray(-22)],
    ['an archive with bytes after its end', Buffer.concat([whole, Buffer.from('x')])],
    ['content that cannot be decompressed', broken(44, 0xff)],
    [
      'content that does not match its checksum',
      zip(members).fill('x', whole.indexOf('stored content'), whole.indexOf('stored content') + 1),
    ],
    ['a member longer than the limit', zip([{ name: 'a', content: Buffer.alloc(1001) }])],
    ['a member longer than its header says', zip([{ name: 'a', content: Buffer.alloc(10_000_000), claimedSize: 10 }])],
    ['a member shorter than its header says', zip([{ name: 'a', content: 'x', claimedSize: 10 }])],
  ])('%s', async (_, bytes) => {
    await expect(readAll(bytes)).rejects.toThrow(ZipError);
  });

  it('an archive that was truncated meanwhile', async () => {
    const file = await plan('b.zip', whole);
    await truncate(file.absolutePath, file.size - 100);
    await expect(
      withZipMembers(
        file,
        () => true,
        async (found) => await Promise.resolve(found),
      ),
    ).rejects.toThrow(FileChangedError);
  });

  it('an archive that is written to while it is read', async () => {
    const file = await plan('d.zip', whole);
    const reading = withZipMembers(
      file,
      () => true,
      async () => await appendFile(file.absolutePath, 'more'),
    );
    await expect(reading).rejects.toThrow(FileChangedError);
  });

  it('an archive whose content is cut off after its directory was read', async () => {
    const bytes = zip([{ name: 'stored', content: Buffer.alloc(200_000, 'text'), isStored: true }]);
    const file = await plan('c.zip', bytes);
    const reading = withZipMembers(
      file,
      () => true,
      async ([member]) => {
        await truncate(file.absolutePath, 1000);
        return await member?.read(bytes.length);
      },
    );
    await expect(reading).rejects.toMatchObject({ name: 'ZipError', message: 'it ends too early' });
  });
});
