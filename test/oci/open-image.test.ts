import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { asNobody } from './as-nobody.ts';
import { bzip2Like, zipLike } from './other-formats.ts';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  digestsOf,
  config,
  inputError,
  json,
  layer,
  legacyEntries,
  openAt,
  readAll,
  readLayers,
  sha256,
  useDirectory,
  writeFiles,
} from './fixtures.ts';
import { base256, pax, tar, tarEntry, type TarEntry } from '../archive/tar/tar-writer.ts';

const at = useDirectory();

describe('not an image', () => {
  it.each<[string, Buffer | string, RegExp]>([
    ['an empty file', '', /^app\.tar is empty$/],
    [
      'a text file',
      'hello '.repeat(200),
      /app\.tar is not an image: it is not a tar archive, plain or compressed with gzip or zstd/,
    ],
    ['a short text file', 'x', /app\.tar is not an image/],
    ['random bytes', randomBytes(5000), /app\.tar is not an image/],
    ['JSON', '{"schemaVersion":2}', /app\.tar is not an image/],
    ['brotli', brotliCompressSync(tar([])), /app\.tar is not an image/],
    ['a zip archive', zipLike, /app\.tar is a zip archive, not an image/],
    ['bzip2', bzip2Like, /compressed with bzip2: only gzip and zstd are supported/],
    ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), /compressed with xz/],
    [
      'an empty archive',
      tar([]),
      /app\.tar does not contain an image: it has neither manifest\.json nor index\.json\. Save images with docker save; docker export/,
    ],
    ['an archive of something else', tar([{ name: 'etc/passwd', content: 'x' }]), /does not contain an image/],
    [
      'an archive of a directory instead of its content',
      tar([{ name: 'image/index.json', content: '{}' }]),
      /It has image\/index\.json: archive the content of the directory/,
    ],
    ['an archive of Docker 1.9', tar([{ name: 'repositories', content: '{}' }]), /saved by a Docker older than 1\.10/],
    [
      'an archive cut off between files',
      tar([{ name: 'a', content: 'x' }], Buffer.alloc(0)),
      /The archive has no end mark: it may be cut off/,
    ],
    [
      'gzip of something else',
      gzipSync('hello'),
      /app\.tar \(decompressed\) is cut off: it ends after 5 bytes, inside a header/,
    ],
    ['gzip of a long text', gzipSync('hello'.repeat(1000)), /app\.tar \(decompressed\) is not a tar archive/],
    ['gzip of nothing', gzipSync(''), /does not contain an image/],
    [
      'gzip, cut off',
      gzipSync(tar(legacyEntries([layer('x')]))).subarray(0, 300),
      /app\.tar is cut off: its gzip data ends too early/,
    ],
    [
      'zstd, cut off',
      zstdCompressSync(tar(legacyEntries([layer('x')]))).subarray(0, 300),
      /app\.tar is cut off: its zstd data ends too early/,
    ],
    [
      'gzip, damaged',
      damaged(gzipSync(tar(legacyEntries([layer('x')])))),
      /app\.tar is damaged: its gzip data cannot be decompressed/,
    ],
    [
      'gzip with garbage after it',
      Buffer.concat([gzipSync(tar([])), Buffer.from('\x1f\x8bx')]),
      /damaged|cut off|does not contain an image/,
    ],
  ])('%s', async (_, content, message) => {
    await writeFile(at('app.tar'), content);
    expect(await inputError(openAt(at('app.tar')))).toMatch(message);
  });

  it('a file that does not exist', async () => {
    expect(await inputError(openAt(at('app.tar')))).toBe('app.tar: no such file or directory');
  });

  it('an empty directory', async () => {
    await mkdir(at('empty'));
    expect(await inputError(openAt(at('empty')))).toMatch(/app\.tar does not contain an image: it has neither/);
  });

  it("a directory of skopeo's dir: transport", async () => {
    const files = {
      version: Buffer.from('Directory Transport Version: 1.1\n'),
      'manifest.json': json({ schemaVersion: 2 }),
    };
    await writeFiles(at('dir'), files);
    expect(await inputError(openAt(at('dir')))).toContain("is in the format of skopeo's dir: transport");
  });

  it('a named pipe', async () => {
    execFileSync('mkfifo', [at('app.tar')]);
    expect(await inputError(openAt(at('app.tar')))).toMatch(/app\.tar is a named pipe \(FIFO\)/);
  });

  it('a file without read permission', async () => {
    await writeFile(at('app.tar'), tar([]), { mode: 0 });
    await chmod(at(), 0o755);
    expect(await asNobody(() => inputError(openAt(at('app.tar'))))).toBe(
      'app.tar cannot be read by this user: check its permissions',
    );
  });

  it('a device', async () => {
    expect(await inputError(openAt('/dev/null'))).toMatch(/app\.tar is a special file/);
  });

  it('a path below a file', async () => {
    await writeFile(at('manifest.json'), '[]');
    expect(await inputError(openAt(at('manifest.json/x')))).toBe('app.tar: no such file or directory');
  });
});

it.each<[string, (size: bigint) => Buffer]>([
  ['in base 256', (size) => tarEntry({ name: 'big', size: base256(size) })],
  ['by pax', (size) => Buffer.concat([tarEntry(pax({ size: String(size) })), tarEntry({ name: 'big', size: 0 })])],
])('reads only the headers of an archive of more than 8 GiB, %s', async (_, headerOf) => {
  const size = 9n * 1024n ** 3n;
  const header = headerOf(size);
  const file = await open(at('app.tar'), 'w');
  await file.write(header, 0, header.length, 0);
  const rest = tar(legacyEntries([layer('x')]));
  await file.write(rest, 0, rest.length, header.length + Number(size));
  await file.close();
  expect(await readLayers((await openAt(at('app.tar'))).images[0])).toEqual(digestsOf([layer('x')]));
});

describe('a compressed archive', () => {
  const layers = ['one', 'two', 'three', 'four'].map((text) => layer(text, 1_500_000));
  const entries = legacyEntries(layers);

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', (bytes) => gzipSync(bytes, { level: 1 })],
    ['zstd', (bytes) => zstdCompressSync(bytes)],
    [
      'gzip in several members',
      (bytes) => Buffer.concat([gzipSync(bytes.subarray(0, 2_000_001)), gzipSync(bytes.subarray(2_000_001))]),
    ],
    [
      'zstd in several frames',
      (bytes) => Buffer.concat([zstdCompressSync(bytes.subarray(0, 999)), zstdCompressSync(bytes.subarray(999))]),
    ],
  ])('%s', async (_, compress) => {
    await writeFile(at('app.tar'), compress(tar(entries)));
    const image = await openAt(at('app.tar'));
    expect(image.isForwardOnly).toBe(true);
    const [only] = image.images;
    expect(only?.layers.map(({ diffId }) => diffId)).toEqual(layers.map(sha256));
    expect(await readLayers(only)).toEqual(digestsOf(layers));
    // Backwards, concurrently, and abandoned half-way.
    for (const each of only?.layers.toReversed() ?? []) expect(sha256(await readAll(each.open()))).toBe(each.diffId);
    const contents = await Promise.all((only?.layers ?? []).map((each) => readAll(each.open())));
    expect(contents.map(sha256)).toEqual(layers.map(sha256));
    for await (const chunk of only?.layers[0]?.open() ?? []) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await readLayers(only)).toEqual(digestsOf(layers));
    await image.close();
  });

  it('has its layers in its own order', async () => {
    const reversed: TarEntry[] = entries.toReversed();
    await writeFile(at('app.tar'), gzipSync(tar(reversed), { level: 1 }));
    const image = await openAt(at('app.tar'));
    const positions = image.images[0]?.layers.map(({ position }) => position) ?? [];
    expect(positions).toEqual([...positions].sort((a, b) => b - a));
    expect(await readLayers(image.images[0])).toEqual(digestsOf(layers));
    await image.close();
  });

  it('with a flipped bit in a layer', async () => {
    const [one, ...others] = layers as [Buffer, ...Buffer[]];
    const flipped = Buffer.from(one);
    flipped[1_000_000] = 0;
    await writeFile(at('app.tar'), gzipSync(tar(legacyEntries([flipped, ...others], config(layers))), { level: 1 }));
    const image = await openAt(at('app.tar'));
    expect(await inputError(readLayers(image.images[0]))).toMatch(/layer 1, \w+\/layer\.tar, is damaged/);
    await image.close();
  });

  it('that changes while it is read', async () => {
    await writeFile(at('app.tar'), gzipSync(tar(entries)));
    const image = await openAt(at('app.tar'));
    await writeFile(at('app.tar'), 'x');
    await expect(readLayers(image.images[0])).rejects.toThrow(/app\.tar changed while it was being uploaded/);
    await image.close();
  });

  it('with more documents than are kept in memory', async () => {
    const documents = Array.from({ length: 6 }, (_, count): TarEntry => ({
      name: `${count}.json`,
      content: `{"a":"${'x'.repeat(3_500_000)}"}`,
    }));
    await writeFile(at('app.tar'), gzipSync(tar([...documents, ...entries]), { level: 1 }));
    const image = await openAt(at('app.tar'));
    expect(await readLayers(image.images[0])).toEqual(digestsOf(layers));
    await image.close();
  });
});

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 8] = (copy.at(-8) ?? 0) ^ 0xff;
  return copy;
}
