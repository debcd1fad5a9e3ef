import { writeFile } from 'node:fs/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Choice, Image } from '../../../pipe/oci/image.ts';
import { withDiffIdCheck } from '../../../pipe/oci/layers/diff-id-check.ts';
import {
  digestsOf,
  config,
  hexOf,
  inputError,
  json,
  layer,
  legacyEntries,
  openAt,
  readAll,
  readLayers,
  sha256,
  useDirectory,
} from '../fixtures.ts';
import { patience } from '../../patience.ts';
import { tar, type TarEntry } from '../../archive/tar/tar-writer.ts';

const at = useDirectory();
const layers = [layer('one'), layer('two', 3_000_000), layer('three')];

async function open(entries: readonly TarEntry[], choice: Choice = {}): Promise<Image> {
  await writeFile(at('app.tar'), tar(entries));
  return await openAt(at('app.tar'), choice);
}

async function read(entries: readonly TarEntry[]): Promise<void> {
  await readLayers((await open(entries)).images[0]);
}

/** An archive of these files, with this manifest.json. */
function archive(images: unknown, files: Readonly<Record<string, Buffer | string>>): TarEntry[] {
  const entries = Object.entries(files).map(([name, content]): TarEntry => ({ name, content }));
  return [...entries, { name: 'manifest.json', content: Buffer.isBuffer(images) ? images : json(images) }];
}

function simple(contents: readonly Buffer[], configBytes = config(contents)): TarEntry[] {
  const names = contents.map((_, index) => `${index}.tar`);
  return archive([{ Config: 'config.json', RepoTags: null, Layers: names }], {
    'config.json': configBytes,
    ...Object.fromEntries(contents.map((content, index) => [`${index}.tar`, content])),
  });
}

describe('valid archives', () => {
  it('of Docker up to 24', async () => {
    const image = await open(legacyEntries(layers));
    expect(image).toMatchObject({ description: 'docker archive app.tar', notes: [], isForwardOnly: false });
    expect(image.index).toBeUndefined();
    const [only] = image.images;
    expect(image.images).toHaveLength(1);
    expect(only).toMatchObject({
      platform: { os: 'linux', architecture: 'amd64' },
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        digest: sha256(config(layers)),
        bytes: config(layers),
      },
    });
    expect(only).not.toHaveProperty('manifest');
    expect(only?.layers).toMatchObject(
      layers.map((bytes) => ({ length: bytes.length, diffId: sha256(bytes), encoding: 'none', isForeign: false })),
    );
    expect(await readLayers(only)).toEqual(digestsOf(layers));
    // Layers can be read again.
    expect(await readLayers(only)).toEqual(digestsOf(layers));
    await image.close();
  });

  it('with the same layer several times, as a link', async () => {
    const entries = legacyEntries(
      [layers[0] ?? Buffer.alloc(0), layer('x')],
      config([layer('one'), layer('x'), layer('one')]),
    );
    const first = entries.find(({ name }) => name.endsWith('/layer.tar'))?.name ?? '';
    const linked: TarEntry[] = [
      { name: 'copy/layer.tar', type: '2', linkName: `../${first}` },
      ...entries.map((entry) =>
        entry.name === 'manifest.json'
          ? { ...entry, content: String(entry.content).replace(/("Layers":\[.*?)\]/, '$1,"copy/layer.tar"]') }
          : entry,
      ),
    ];
    const [image] = (await open(linked)).images;
    expect(image?.layers.map(({ name }) => name)[2]).toBe(first);
    expect(await readLayers(image)).toEqual(digestsOf([layer('one'), layer('x'), layer('one')]));
  });

  it('without layers', async () => {
    for (const rootfs of [
      undefined,
      null,
      { type: 'layers' },
      { type: 'layers', diff_ids: null },
      { type: 'layers', diff_ids: [] },
    ]) {
      for (const Layers of [[], null]) {
        const entries = archive([{ Config: 'c', Layers }], { c: config([], { rootfs }) });
        expect((await open(entries)).images).toMatchObject([{ layers: [] }]);
      }
    }
  });

  it('with compressed layers, which pass through', async () => {
    const compressed = [gzipSync(layer('one')), zstdCompressSync(layer('two')), layer('three')];
    const image = await open(simple(compressed, config([layer('one'), layer('two'), layer('three')])));
    expect(image.images[0]?.layers.map(({ encoding }) => encoding)).toEqual(['gzip', 'zstd', 'none']);
    expect(image.images[0]?.layers.map(({ diffId }) => diffId)).toEqual(
      ['one', 'two', 'three'].map((text) => sha256(layer(text))),
    );
    expect(await readLayers(image.images[0])).toEqual(digestsOf(compressed));
  });

  it('with several names', async () => {
    const named = (text: string, names: readonly string[]) =>
      legacyEntries([layer(text)], config([layer(text)]), [...names]);
    expect((await open(named('a', ['app:1', 'app:2']), { reference: 'else' })).images).toHaveLength(1);
  });

  it('with other members', async () => {
    const others: TarEntry[] = [
      { name: '/etc/passwd', content: 'x' },
      { name: '../../x', content: 'x' },
      { name: 'fifo', type: '6' },
      { name: 'circle', type: '2', linkName: 'circle' },
    ];
    expect(await readLayers((await open([...others, ...legacyEntries(layers)])).images[0])).toEqual(digestsOf(layers));
  });

  it('extracted into a directory', async () => {
    for (const { name, content } of simple(layers)) await writeFile(at(name), content ?? '');
    const image = await openAt(at());
    expect(image.description).toBe('docker directory app.tar');
    expect(await readLayers(image.images[0])).toEqual(digestsOf(layers));
  });
});

describe('several images in one archive', () => {
  const images = ['a', 'b', 'c'].map((text) => ({ text, config: config([layer(text)]), layer: layer(text) }));
  const entries = archive(
    images.map(({ text }) => ({
      Config: `${text}.json`,
      RepoTags: text === 'c' ? null : [`${text}:1`, `reg.io/x/${text}:2`],
      Layers: [`${text}.tar`],
    })),
    Object.fromEntries(
      images.flatMap((each) => [
        [`${each.text}.json`, each.config],
        [`${each.text}.tar`, each.layer],
      ]),
    ),
  );

  it.each(['b:1', 'docker.io/library/b:1', 'index.docker.io/library/b:1', 'library/b:1', 'reg.io/x/b:2'])(
    'chooses %s',
    async (reference) => {
      expect(await readLayers((await open(entries, { reference })).images[0])).toEqual(digestsOf([layer('b')]));
    },
  );

  it('fails if no name is given, or no image has it', async () => {
    const list = 'a:1 = reg.io/x/a:2, b:1 = reg.io/x/b:2, an unnamed one';
    expect(await inputError(open(entries))).toBe(`app.tar contains 3 images, name one of them: ${list}`);
    expect(await inputError(open(entries, { reference: 'b' }))).toBe(
      `app.tar contains 3 images, none of them named b: ${list}`,
    );
  });

  it('chooses by the last part and the tag if no image has the name', async () => {
    const reference = 'crg.apkg.io/acme/b:1';
    expect(await readLayers((await open(entries, { reference })).images[0])).toEqual(digestsOf([layer('b')]));
    const two = archive(
      ['x/b:1', 'y/b:1'].map((name) => ({ Config: `${name}.json`, RepoTags: [name], Layers: [] })),
      {},
    );
    expect(await inputError(open(two, { reference }))).toBe(
      `app.tar contains 2 images, none of them named ${reference}: x/b:1, y/b:1`,
    );
  });

  it('fails if several images have the name', async () => {
    const two = archive(
      [
        { Config: 'a.json', RepoTags: ['a:1'], Layers: ['a.tar'] },
        { Config: 'b.json', RepoTags: ['a:1'], Layers: ['b.tar'] },
      ],
      {},
    );
    expect(await inputError(open(two, { reference: 'a:1' }))).toMatch(/contains 2 images, several of them named a:1/);
  });

  it('merges entries of the same image', async () => {
    const twice = archive(
      [
        { Config: 'c', RepoTags: ['a:1'], Layers: [] },
        { Config: 'c', RepoTags: ['a:2'], Layers: [] },
      ],
      { c: config([]) },
    );
    expect((await open(twice)).images).toHaveLength(1);
  });
});

describe('a platform that is not named in full', () => {
  it.each([
    { os: '', architecture: '' },
    { os: 'linux', architecture: '' },
    { os: undefined, architecture: 'amd64' },
    { os: null, architecture: null },
  ])('is needed only to choose one: %j', async (named) => {
    const entries = archive([{ Config: 'c', Layers: [] }], { c: config([], named) });
    const [image] = (await open(entries)).images;
    expect(image?.platform).toBeUndefined();
    expect(await inputError(open(entries, { platform: 'linux/amd64' }))).toBe(
      'app.tar contains no image for linux/amd64; available: none',
    );
  });
});

describe('a wanted platform', () => {
  it.each(['linux/arm64', 'linux/arm64/v8', 'linux/aarch64'])('matches: %s', async (platform) => {
    const entries = simple([], config([], { architecture: 'arm64' }));
    expect((await open(entries, { platform })).images).toHaveLength(1);
  });

  it.each([
    ['linux/amd64', /app\.tar contains no image for linux\/amd64; available: linux\/arm64/],
    ['arm64', /arm64 is not a valid platform: use OS\/ARCH/],
    ['linux/', /is not a valid platform/],
    ['linux/arm/v7/x', /is not a valid platform/],
    ['Linux/ARM', /is not a valid platform/],
  ])('does not match: %s', async (platform, message) => {
    expect(await inputError(open(simple([], config([], { architecture: 'arm64' })), { platform }))).toMatch(message);
  });
});

describe('damaged archives', () => {
  const flip = (bytes: Buffer, position: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[position] = (copy[position] ?? 0) ^ 1;
    return copy;
  };
  const wrong = /layer 2, 1\.tar, is damaged, or is a different layer: its digest is sha256:\w{64} instead of sha256:/;

  it('a flipped bit in a layer, which is detected before its end', async () => {
    const [one, two, three] = layers as [Buffer, Buffer, Buffer];
    const image = await open(simple([one, flip(two, 5000), three], config(layers)));
    const bytes = image.images[0]?.layers[1];
    let length = 0;
    const reading = (async () => {
      for await (const chunk of bytes?.open() ?? []) length += chunk.length;
    })();
    expect(await inputError(reading)).toMatch(wrong);
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(two.length);
  });

  it('swapped layers', async () => {
    const [one, two, three] = layers as [Buffer, Buffer, Buffer];
    expect(await inputError(read(simple([one, three, two], config(layers))))).toMatch(wrong);
  });

  it('compressed layers that are swapped, or have a flipped bit', async () => {
    const raw = [layer('one'), layer('two')];
    const [one, two] = raw.map((bytes) => gzipSync(bytes)) as [Buffer, Buffer];
    const decompress = async (contents: readonly Buffer[]): Promise<string> => {
      const { images } = await open(simple(contents, config(raw)));
      const decompressing = async (): Promise<void> => {
        for (const each of images[0]?.layers ?? []) await readAll(withDiffIdCheck(each).open());
      };
      return await inputError(decompressing());
    };
    expect(await decompress([two, one])).toMatch(
      /layer 1, 0\.tar, is not the layer that the config lists in its place: its decompressed digest is sha256:\w+ instead of sha256:/,
    );
    expect(await decompress([one, flip(two, 40)])).toMatch(
      /layer 2, 1\.tar, is damaged: its gzip data cannot be decompressed/,
    );
    expect(await decompress([one, two.subarray(0, -20)])).toMatch(
      /layer 2, 1\.tar, is cut off: its gzip data ends too early/,
    );
    const zstd = raw.map((bytes) => zstdCompressSync(bytes)) as [Buffer, Buffer];
    expect(await decompress([zstd[1], zstd[0]])).toMatch(/layer 1, 0\.tar, is not the layer/);
  });

  it('a flipped bit in a config', async () => {
    const entries = legacyEntries(layers).map((entry) =>
      /^\w{64}\.json$/.test(entry.name)
        ? { ...entry, content: String(entry.content).replace('linux', 'limux') }
        : entry,
    );
    expect(await inputError(open(entries))).toMatch(
      /the config \w+\.json is damaged: its digest is sha256:\w+ instead of sha256:/,
    );
  });

  it('archives that are cut off', async () => {
    const bytes = tar(legacyEntries(layers));
    for (const length of [700, 3000, 5000, 2_000_000, bytes.length - 3000, bytes.length - 2000]) {
      await writeFile(at('cut.tar'), bytes.subarray(0, length));
      expect(await inputError(openAt(at('cut.tar')))).toMatch(/cut off|no end mark: it may be cut off/);
    }
    await writeFile(at('cut.tar'), bytes.subarray(0, -1024));
    expect(await readLayers((await openAt(at('cut.tar'))).images[0])).toEqual(digestsOf(layers));
  });

  it.each<[string, readonly TarEntry[], RegExp]>([
    [
      'fewer layers than diff IDs',
      simple(layers.slice(0, 2), config(layers)),
      /manifest\.json lists 2 layers, the config 3/,
    ],
    [
      'more layers than diff IDs',
      simple(layers, config(layers.slice(0, 1))),
      /manifest\.json lists 3 layers, the config 1/,
    ],
    [
      'a missing layer',
      archive([{ Config: 'c', Layers: ['x.tar'] }], { c: config([layer('x')]) }),
      /layer 1, x\.tar, is not in the archive$/,
    ],
    ['a missing config', archive([{ Config: 'c', Layers: [] }], {}), /the config c is not in the archive$/],
    [
      'a layer that is a directory',
      [...archive([{ Config: 'c', Layers: ['x'] }], { c: config([layer('x')]) }), { name: 'x/', type: '5' }],
      /x is a directory/,
    ],
    [
      'a layer that is not a tar archive',
      simple([Buffer.from('hello'.repeat(200))]),
      /layer 1, 0\.tar, is not a layer: it is not a tar archive, plain or compressed/,
    ],
    ['a layer compressed with bzip2', simple([Buffer.from('BZh91AY&SY')]), /compressed with bzip2: only gzip, zstd/],
    [
      'an absolute path',
      archive([{ Config: 'c', Layers: ['/etc/x'] }], { c: config([layer('x')]) }),
      /refers to \/etc\/x, which is an absolute path/,
    ],
    ['a path with ..', archive([{ Config: '../c', Layers: [] }], {}), /refers to \.\.\/c, which contains/],
    [
      'a path with an escape sequence',
      archive([{ Config: '\u001B[31mc', Layers: [] }], {}),
      /"\\u001b\[31mc" is not in the archive/,
    ],
    ['no images', archive([], {}), /app\.tar lists no images/],
    [
      'two different manifests',
      [...simple(layers), { name: './manifest.json', content: '[]' }],
      /manifest\.json is in the archive several times, with different content/,
    ],
  ])('%s', async (_, entries, message) => {
    expect(await inputError(open(entries))).toMatch(message);
  });

  it('accepts two identical manifests', async () => {
    const entries = simple(layers);
    expect((await open([...entries, ...entries.slice(-1)])).images).toHaveLength(1);
  });
});

describe('invalid documents', () => {
  const nested = (depth: number): Buffer => Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);
  it.each<[string, Buffer | string | Readonly<Record<string, unknown>>, RegExp]>([
    ['not JSON', '{"a":', /c is not valid JSON/],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /c is not valid UTF-8/],
    ['nested too deeply', nested(101), /c is nested more than 100 levels deep/],
    ['nested extremely deeply', nested(1_500_000), /c is nested more than 100 levels deep/],
    ['too large', Buffer.alloc(5_000_000, ' '), /c has 5\.00 MB: the limit is 4\.19 MB/],
    ['a list', '[]', /c is not an object/],
    ['null', 'null', /c is not an object/],
    ['rootfs that is not an object', { architecture: 'a', os: 'l', rootfs: [] }, /rootfs is not an object/],
    ['an OS that is not a string', { architecture: 'amd64', os: 1, rootfs: {} }, /config\.os is not a string/],
    [
      'diff IDs that are not a list',
      { architecture: 'a', os: 'l', rootfs: { diff_ids: {} } },
      /rootfs\.diff_ids is not a list/,
    ],
    [
      'a diff ID that is not a digest',
      { architecture: 'a', os: 'l', rootfs: { diff_ids: ['x'] } },
      /rootfs\.diff_ids\[0\] is not a valid digest: x/,
    ],
    [
      'a short diff ID',
      { architecture: 'a', os: 'l', rootfs: { diff_ids: ['sha256:00'] } },
      /is not a valid digest: sha256:00/,
    ],
    [
      'sha512',
      { architecture: 'a', os: 'l', rootfs: { diff_ids: [`sha512:${'0'.repeat(128)}`] } },
      /rootfs\.diff_ids\[0\] is a sha512 digest: only sha256/,
    ],
  ])('config: %s', async (_, content, message) => {
    const bytes = Buffer.isBuffer(content) || typeof content === 'string' ? Buffer.from(content) : json(content);
    expect(await inputError(open(archive([{ Config: 'c', Layers: [] }], { c: bytes })))).toMatch(message);
  });

  it.each<[unknown, RegExp]>([
    [{}, /manifest\.json is not a list/],
    [[1], /manifest\.json\[0\] is not an object/],
    [[{}], /manifest\.json\[0\]\.Config is missing/],
    [[{ Config: 1 }], /Config is not a string/],
    [[{ Config: 'c', Layers: 'x' }], /Layers is not a list/],
    [[{ Config: 'c', Layers: [1] }], /app\.tar: manifest\.json\[0\]\.Layers\[0\] is not a string/],
    [[{ Config: 'c', Layers: [], RepoTags: {} }], /RepoTags is not a list/],
    [nested(3_000_000), /has 6\.00 MB/],
  ])('manifest.json: %#', async (content, message) => {
    expect(await inputError(open(archive(content, { c: config([]) })))).toMatch(message);
  });

  it('an unterminated string is rejected quickly', async () => {
    const started = Date.now();
    const entries = archive([{ Config: 'c', Layers: [] }], { c: `"${'\\"'.repeat(2_000_000)}` });
    expect(await inputError(open(entries))).toMatch(/not valid JSON/);
    expect(Date.now() - started).toBeLessThan(patience(5000));
  });
});

it('fails if the file changes while it is read', async () => {
  const image = await open(simple([layer('one', 5_000_000)]));
  const reading = image.images[0]?.layers[0]?.open()[Symbol.asyncIterator]();
  await reading?.next();
  await writeFile(at('app.tar'), Buffer.alloc(6_000_000));
  await expect(
    (async () => {
      while ((await reading?.next())?.done === false);
    })(),
  ).rejects.toThrow(/app\.tar changed while it was being uploaded/);
  await expect(readAll(image.images[0]?.layers[0]?.open() ?? (async function* () {})())).rejects.toThrow(/changed/);
});

it('checks a config against the digest in its name', async () => {
  const bytes = config([]);
  const hex = hexOf(sha256(bytes));
  for (const name of [
    hex,
    `${hex}.json`,
    `sha256:${hex}`,
    `blobs/sha256/${hex}`,
    'config.json',
    `x/${'0'.repeat(64)}.json`,
  ])
    expect((await open(archive([{ Config: name, Layers: [] }], { [name]: bytes }))).images).toHaveLength(1);
  for (const name of [`${'0'.repeat(64)}.json`, `sha256:${'0'.repeat(64)}`, `blobs/sha256/${'0'.repeat(64)}`])
    expect(await inputError(open(archive([{ Config: name, Layers: [] }], { [name]: bytes })))).toMatch(/is damaged/);
});
