import { describe, expect, it } from '@jest/globals';
import { Members } from '../../../pipe/archive/tar/members.ts';
import { ForwardReader } from '../../../pipe/archive/tar/reader.ts';
import { TarWalk, type TarMember } from '../../../pipe/archive/tar/walk.ts';
import { inputError } from '../../oci/fixtures.ts';
import { base256, gnuLong, pax, tar, tarEntry, type TarEntry } from './tar-writer.ts';

async function* chunksOf(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

async function walk(bytes: Buffer): Promise<{ members: readonly TarMember[]; hasEndMark: boolean }> {
  const tarWalk = new TarWalk(new ForwardReader(chunksOf(bytes, 300)), 'app.tar');
  const members: TarMember[] = [];
  for await (const member of tarWalk.members()) members.push(member);
  return { members, hasEndMark: tarWalk.hasEndMark };
}

async function only(entries: readonly TarEntry[]): Promise<TarMember | undefined> {
  const { members } = await walk(tar(entries));
  expect(members).toHaveLength(1);
  return members[0];
}

const long = `${'d'.repeat(60)}/${'e'.repeat(60)}/${'é'.repeat(60)}`;

describe('headers of every format', () => {
  it.each<[string, readonly TarEntry[], Partial<TarMember>]>([
    ['ustar', [{ name: 'a', content: 'abc' }], { name: 'a', kind: 'file', size: 3, position: 512 }],
    ['v7', [{ name: 'a', type: '\0', magic: '' }], { name: 'a', kind: 'file' }],
    ['v7 directory', [{ name: 'a/', type: '\0', magic: '' }], { kind: 'directory' }],
    ['contiguous file', [{ name: 'a', type: '7', content: 'abc' }], { kind: 'file', size: 3 }],
    ['name of 100 characters', [{ name: 'n'.repeat(100) }], { name: 'n'.repeat(100) }],
    ['prefix', [{ name: 'b', prefix: 'a/long/way' }], { name: 'a/long/way/b' }],
    ['no prefix in GNU format', [{ name: 'b', prefix: '01234567', magic: 'ustar  \0' }], { name: 'b' }],
    ['GNU long name', [gnuLong('L', long), { name: 'cut' }], { name: long, position: 1536 }],
    ['GNU long link', [gnuLong('K', long), { name: 'l', type: '2' }], { kind: 'symbolic link', linkName: long }],
    ['pax path', [pax({ path: long }), { name: 'cut' }], { name: long }],
    ['pax link', [pax({ linkpath: long }), { name: 'l', type: '1' }], { kind: 'hard link', linkName: long }],
    ['pax size', [pax({ size: '3' }), { name: 'a', content: 'abc', size: 0 }], { size: 3 }],
    ['empty pax values', [pax({ size: '', path: '' }), { name: 'a', content: 'abc' }], { name: 'a', size: 3 }],
    [
      'an extension as long as one may be',
      [{ name: 'p', type: 'x', content: `${'1048576 comment='.padEnd(1024 ** 2 - 1, 'x')}\n` }, { name: 'a' }],
      { name: 'a' },
    ],
    ['pax over GNU', [gnuLong('L', 'gnu'), pax({ path: 'pax' }), { name: 'cut' }], { name: 'pax' }],
    ['global pax', [pax({ path: 'global' }, 'g'), { name: 'cut' }], { name: 'global' }],
    ['local over global pax', [pax({ path: 'g' }, 'g'), pax({ path: 'x' }), { name: 'cut' }], { name: 'x' }],
    [
      'other pax records',
      [pax({ comment: 'c', mtime: '1.5', 'SCHILY.xattr.a': '\0=\n' }), { name: 'a' }],
      { name: 'a' },
    ],
    ['base 256', [{ name: 'a', content: 'abc', size: base256(3n) }], { size: 3 }],
    ['signed checksum', [{ name: 'é', signedChecksum: true }], { name: 'é' }],
    ['signed checksum, with the highest ASCII code', [{ name: 'é\x7f', signedChecksum: true }], { name: 'é\x7f' }],
    ['a link has no data', [{ name: 'l', type: '2', linkName: 'a', size: 700 }], { size: 0 }],
    ['device', [{ name: 'd', type: '3', size: 700 }], { kind: 'special file', size: 0 }],
    ['FIFO', [{ name: 'f', type: '6' }], { kind: 'special file' }],
    ['unknown type', [{ name: 'v', type: 'V', content: 'volume' }], { kind: 'special file' }],
  ])('%s', async (_, entries, expected) => {
    expect(await only(entries)).toMatchObject(expected);
  });

  it('a prefix that fills its field, whatever follows it', async () => {
    const prefix = 'p'.repeat(155);
    const entry = tarEntry({ name: 'b', prefix, checksumError: 'x'.charCodeAt(0) });
    entry.write('x', 500);
    const { members } = await walk(Buffer.concat([entry, Buffer.alloc(1024)]));
    expect(members).toMatchObject([{ name: `${prefix}/b` }]);
  });

  it.each(['a', 'p'.repeat(131)])('the prefix of star, before its times: %s', async (prefix) => {
    const times = '15012345670 15012345670 ';
    const added = Buffer.from(`${times}tar`);
    const entry = tarEntry({ name: 'b', prefix, checksumError: added.reduce((sum, byte) => sum + byte, 0) });
    entry.write(times, 476);
    entry.write('tar', 508);
    const { members } = await walk(Buffer.concat([entry, Buffer.alloc(1024)]));
    expect(members).toMatchObject([{ name: `${prefix}/b` }]);
  });

  it('an extension applies only to the next entry', async () => {
    const { members } = await walk(
      tar([pax({ path: 'x' }), { name: 'a' }, gnuLong('L', 'y'), { name: 'b' }, { name: 'c' }]),
    );
    expect(members.map(({ name }) => name)).toEqual(['x', 'y', 'c']);
  });
});

describe('the end of an archive', () => {
  const file = { name: 'a', content: 'abc' };
  it.each<[string, Buffer, boolean]>([
    ['two blocks of zeros', tar([file]), true],
    ['one block of zeros', tar([file], Buffer.alloc(512)), true],
    ['more zeros', tar([file], Buffer.alloc(10_240)), true],
    ['garbage after the end mark', tar([file], Buffer.concat([Buffer.alloc(1024), Buffer.alloc(700, 'x')])), true],
    ['no end mark', tar([file], Buffer.alloc(0)), false],
    ['no padding', tarEntry({ ...file, withoutPadding: true }), false],
  ])('%s', async (_, bytes, hasEndMark) => {
    const result = await walk(bytes);
    expect(result.members).toHaveLength(1);
    expect(result.hasEndMark).toBe(hasEndMark);
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'inside a header',
      tar([file, file]).subarray(0, 1200),
      /app\.tar is cut off: it ends after 1200 bytes, inside a header/,
    ],
    [
      'inside a file',
      tar([{ name: 'big', content: 'x'.repeat(2000) }]).subarray(0, 1500),
      /after 1500 bytes, with only 988 of the 2000 bytes of big/,
    ],
    ['inside an extension', tar([pax({ path: 'x'.repeat(900) })]).subarray(0, 800), /cut off: it ends after 800 bytes/],
    [
      'long before the end of a file',
      tar([{ name: 'huge', size: base256(2n ** 52n) }]),
      /of the 4503599627370496 bytes of huge/,
    ],
  ])('cut off %s', async (_, bytes, message) => {
    expect(await inputError(walk(bytes))).toMatch(message);
  });
});

describe('refuses', () => {
  it.each<[string, readonly TarEntry[] | Buffer, RegExp]>([
    [
      'a wrong checksum',
      [{ name: 'a' }, { name: 'b', checksumError: 1 }],
      /damaged: the header at byte 512 has a wrong checksum/,
    ],
    ['a wrong checksum in the first header', [{ name: 'a', checksumError: 1 }], /app\.tar is not a tar archive/],
    [
      'zeros in the middle',
      Buffer.concat([tarEntry({ name: 'a' }), Buffer.alloc(512), tarEntry({ name: 'b' })]),
      /it has zeros instead of a header at byte 512/,
    ],
    ['a negative size', [{ name: 'a', size: Buffer.alloc(12, 0xff) }], /byte 0 has no valid size/],
    ['a size beyond the safe integers', [{ name: 'a', size: base256(2n ** 63n) }], /has no valid size/],
    ['a size of eleven bytes', [{ name: 'a', size: Buffer.from([0x80, 1, ...Buffer.alloc(10)]) }], /has no valid size/],
    ['a size that is not a number', [{ name: 'a', size: Buffer.from('twelve bytes') }], /has no valid size/],
    ['a pax size that is not a number', [pax({ size: '-3' }), { name: 'a' }], /has no valid size/],
    ['pax without a length', [{ name: 'p', type: 'x', content: 'path=x\n' }, { name: 'a' }], /malformed pax record/],
    [
      'pax with a wrong length',
      [{ name: 'p', type: 'x', content: '99 path=x\n' }, { name: 'a' }],
      /malformed pax record/,
    ],
    ['pax without a value', [{ name: 'p', type: 'x', content: '7 path\n' }, { name: 'a' }], /malformed pax record/],
    [
      'a huge extension',
      [{ name: 'p', type: 'x', size: 1024 ** 2 + 1 }],
      /has an extension of 1048577 bytes: the limit is 1048576/,
    ],
    ['GNU sparse files', [{ name: 's', type: 'S', content: 'abc' }], /s is a sparse file/],
    ['pax sparse files', [pax({ 'GNU.sparse.major': '1' }), { name: 's', content: 'abc' }], /s is a sparse file/],
  ])('%s', async (_, entries, message) => {
    expect(await inputError(walk(Buffer.isBuffer(entries) ? entries : tar(entries)))).toMatch(message);
  });

  it('too many entries', async () => {
    const one = tarEntry({ name: 'a' });
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield one;
    }
    const tarWalk = new TarWalk(new ForwardReader(endless()), 'app.tar');
    const walking = (async () => {
      for await (const member of tarWalk.members()) void member;
    })();
    expect(await inputError(walking)).toMatch(/more than 100000 entries/);
  });
});

describe('finding a member by path', () => {
  async function membersOf(entries: readonly TarEntry[]): Promise<Members> {
    const members = new Members('app.tar');
    for (const member of (await walk(tar(entries))).members) members.add(member);
    return members;
  }

  const link = (name: string, linkName: string, type = '2'): TarEntry => ({ name, linkName, type });

  it.each<[string, readonly TarEntry[], string, string]>([
    ['a plain path', [{ name: 'a/b', content: 'x' }], 'a/b', 'a/b'],
    ['a member with a dot', [{ name: './a//b', content: 'x' }], 'a/b', './a//b'],
    ['a path with a dot', [{ name: 'a/b', content: 'x' }], './a/b', 'a/b'],
    ['a symbolic link', [link('l/layer.tar', '../b/layer.tar'), { name: 'b/layer.tar' }], 'l/layer.tar', 'b/layer.tar'],
    ['a hard link', [{ name: 'b/layer.tar' }, link('l/layer.tar', 'b/layer.tar', '1')], 'l/layer.tar', 'b/layer.tar'],
    ['a chain of links', [link('a', 'b'), link('b', './c'), link('c', 'd/e', '1'), { name: 'd/e' }], 'a', 'd/e'],
    [
      'the last of several',
      [
        { name: 'a', content: '1' },
        { name: './a', content: '22' },
      ],
      'a',
      './a',
    ],
  ])('%s', async (_, entries, path, name) => {
    expect((await membersOf(entries)).find(path)?.name).toBe(name);
  });

  it('returns earlier files of the same path', async () => {
    const members = await membersOf([{ name: 'a', content: '1' }, link('a', 'b'), { name: 'a', content: '22' }]);
    expect(members.earlier('a').map(({ size }) => size)).toEqual([1]);
    expect(
      (
        await membersOf([
          { name: 'd/', type: '5' },
          { name: 'd', type: '5' },
        ])
      ).earlier('d'),
    ).toEqual([]);
  });

  it.each<[string, readonly TarEntry[]]>([
    ['no such member', []],
    ['a member with an absolute path', [{ name: '/a' }]],
    ['members above the root', [{ name: '../a' }, { name: 'b/../a' }]],
  ])('finds nothing: %s', async (_, entries) => {
    expect((await membersOf(entries)).find('a')).toBeUndefined();
  });

  it.each<[string, readonly TarEntry[], string, RegExp]>([
    ['a directory', [{ name: 'a/', type: '5' }], 'a', /a is a directory, not a file/],
    ['a FIFO', [{ name: 'a', type: '6' }], 'a', /a is a special file, not a file/],
    ['an absolute path', [], '/etc/passwd', /refers to \/etc\/passwd, which is an absolute path/],
    ['a path with ..', [], 'a/../../b', /refers to a\/\.\.\/\.\.\/b, which contains `\.\.`/],
    ['a dangling link', [link('a', 'b')], 'a', /a is a symbolic link to b, which is not in the archive/],
    ['an absolute link', [link('a', '/etc/passwd')], 'a', /to \/etc\/passwd, which is outside the archive/],
    ['a link above', [link('d/a', '../../b')], 'd/a', /outside the archive/],
    ['a hard link above', [link('d/a', '../b', '1')], 'd/a', /outside the archive/],
    ['a link to itself', [link('a', 'a')], 'a', /leads back to itself or through too many links/],
    [
      'links in a circle',
      [link('a', 'b'), link('b', 'c', '1'), link('c', 'a')],
      'b',
      /leads back to itself or through too many links/,
    ],
  ])('refuses %s', async (_, entries, path, message) => {
    const members = await membersOf(entries);
    expect(await inputError((async () => members.find(path))())).toMatch(message);
  });

  it('refuses too many bytes of names', async () => {
    const members = new Members('app.tar');
    const member: TarMember = { name: 'x'.repeat(1_000_000), kind: 'file', linkName: '', size: 0, position: 0 };
    expect(
      await inputError(
        (async () => {
          for (let count = 0; count < 20; count++) members.add(member);
        })(),
      ),
    ).toMatch(/bytes of names/);
  });
});
