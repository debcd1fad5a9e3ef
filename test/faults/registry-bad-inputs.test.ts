/** Damaged images, which must not be published, and unusual ones, which must: checks what the registry then holds. */

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  attestationOf,
  blob,
  config,
  descriptor,
  type Files,
  filesOf,
  hexOf,
  index,
  json,
  type Json,
  layer,
  layout,
  legacyEntries,
  manifest,
  ociTypes,
  platformImage,
  sha256,
  writeFiles,
} from '../oci/fixtures.ts';
import { gnuLong, pax, tar, type TarEntry } from '../archive/tar/tar-writer.ts';
import { type Ended, useSandbox } from '../run-pipe.ts';
import { attestedImage } from '../oci/registry/attested.ts';
import { gzipImage, imageEnvironment } from '../oci/registry/images.ts';

/** A file, or the files of a directory. */
type Input = Buffer | Files;

const fixture = useSandbox();
const packed = attestedImage('amd64');
const name = 'app.tar';

async function push(input: Input, ...args: readonly string[]): Promise<Ended> {
  const path = join(fixture.directory, name);
  await rm(path, { recursive: true, force: true });
  if (Buffer.isBuffer(input)) await writeFile(path, input);
  else await writeFiles(path, input);
  return await fixture.runPipe(imageEnvironment(fixture, name, ...args));
}

function published(): { readonly manifests: number; readonly tags: readonly string[] } {
  const { manifests, tags } = fixture.sandbox.registry.repositories.get('acme/app') ?? {};
  return { manifests: manifests?.size ?? -1, tags: [...(tags?.keys() ?? [])] };
}

const one = layer('one', 2000);
const two = layer('two', 3000);
const three = layer('three', 40_000);
const raws = [one, two, three];
const compressed = raws.map((bytes) => gzipSync(bytes));

/** A docker archive with these layers, even if the config does not match. */
function docker(contents: readonly Buffer[], configBytes = config(raws), more: readonly TarEntry[] = []): TarEntry[] {
  const paths = contents.map((_, position) => `${position}/layer.tar`);
  return [
    { name: 'config.json', content: configBytes },
    ...contents.map((content, position): TarEntry => ({ name: `${position}/layer.tar`, content })),
    ...more,
    { name: 'manifest.json', content: json([{ Config: 'config.json', RepoTags: ['app:1'], Layers: paths }]) },
  ];
}

/** A docker archive whose manifest.json names these paths. */
function dockerNaming(
  paths: readonly string[],
  more: readonly TarEntry[],
  contents: readonly Buffer[] = [one],
): TarEntry[] {
  const images = json([{ Config: 'config.json', RepoTags: null, Layers: paths }]);
  return [{ name: 'config.json', content: config(contents) }, ...more, { name: 'manifest.json', content: images }];
}

function flip(bytes: Buffer, position: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position] = (copy[position] ?? 0) ^ 1;
  return copy;
}

const link = (from: string, linkName: string, type = '2'): TarEntry => ({ name: from, type, linkName });
const good = gzipImage(raws);

/** A layout whose index describes the manifest with these fields. */
function describedAs(more: Json): Files {
  return layout(index([descriptor(good.manifest, more)]), good.all);
}

/** A layout whose manifest has these fields, for example another config or other layers. */
function withManifest(more: Json, layers = good.layers): Files {
  const made = manifest(good.config, layers, more);
  return layout(index([descriptor(made)]), [good.config, ...good.layers, made]);
}

/** A layout with a blob that does not match its digest. */
function damaged(bytes: Buffer, position: number): Files {
  const path = `blobs/sha256/${hexOf(sha256(bytes))}`;
  return { ...describedAs({}), [path]: flip(bytes, position) };
}

const [firstLayer, secondLayer, thirdLayer] = good.layers as [(typeof good.layers)[0], ...typeof good.layers];
const swapped = withManifest({}, [secondLayer ?? firstLayer, firstLayer, thirdLayer ?? firstLayer]);
const otherDigest = sha256('something else');

const amd64 = platformImage('amd', 'amd64');
const arm64 = platformImage('arm', 'arm64');
const attestation = attestationOf(amd64.manifest);
const platforms = index([
  ...[amd64, arm64].map((each) => descriptor(each.manifest, { platform: each.platform })),
  attestation.entry,
]);
const platformBlobs = [...amd64.blobs, ...arm64.blobs, ...attestation.blobs, platforms];
const platformFiles = layout(index([descriptor(platforms)]), platformBlobs);

/** Docker 25.0.0 wrote OCI manifests without layers. */
function docker25(layersOfManifestJson: readonly string[] | undefined): Files {
  const hollow = manifest(good.config, []);
  const files = layout(index([descriptor(hollow)]), [
    hollow,
    ...raws.map((bytes) => blob(ociTypes.tar, bytes)),
    good.config,
  ]);
  if (layersOfManifestJson === undefined) return files;
  const path = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;
  const images = [
    { Config: path(sha256(good.config.bytes)), RepoTags: ['app:1'], Layers: layersOfManifestJson.map(path) },
  ];
  return { ...files, 'manifest.json': json(images) };
}

const sound = tar(docker(raws));
const severalFiles: readonly TarEntry[] = [
  { name: 'one.json', content: config([one]) },
  { name: 'two.json', content: config([two]) },
  { name: 'one.tar', content: one },
  { name: 'two.tar', content: two },
];

describe('refuses, and publishes nothing', () => {
  it.each<[string, Input, RegExp]>([
    ['a flipped bit in a layer', tar(docker([one, two, flip(three, 9000)])), /layer 3, .* is damaged/],
    [
      'a flipped bit in a compressed layer',
      tar(docker([...compressed.slice(0, 2), flip(compressed[2] ?? one, 40)])),
      /layer 3, .* damaged/,
    ],
    ['a flipped bit in a blob', damaged(thirdLayer?.bytes ?? one, 30), /is damaged, or is a different layer/],
    ['a flipped bit in a config', damaged(good.config.bytes, 30), /the config sha256:\w+ is damaged/],
    ['a flipped bit in a manifest', damaged(good.manifest.bytes, 30), /the manifest sha256:\w+ is damaged/],
    ['an archive cut off within a layer', sound.subarray(0, 20_000), /cut off/],
    ['an archive cut off after the layers', sound.subarray(0, -2048), /cut off/],
    ['an archive cut off within manifest.json', sound.subarray(0, -1500), /cut off/],
    [
      'a compressed archive that is cut off',
      gzipSync(sound).subarray(0, -30),
      /is cut off: its gzip data ends too early/,
    ],
    ['fewer layers than diff IDs', tar(docker([one, two])), /manifest\.json lists 2 layers, the config 3/],
    ['more layers than diff IDs', tar(docker(raws, config([one]))), /manifest\.json lists 3 layers, the config 1/],
    ['fewer blobs than diff IDs', withManifest({}, [firstLayer]), /it has 1 layers, but its config has 3/],
    ['swapped layers', tar(docker([two, one, three])), /is damaged, or is a different layer/],
    [
      'swapped compressed layers',
      tar(docker([compressed[1] ?? one, compressed[0] ?? two, three])),
      /is not the layer that the config/,
    ],
    ['swapped blobs', swapped, /is not the layer that the config lists in its place/],
    ['an OCI manifest without layers', docker25(undefined), /it has 0 layers, but its config has 3/],
    ['two manifests, both without the layers', docker25([]), /manifest\.json lists 0 layers, the config 3/],
    [
      'two manifests that differ',
      tar(docker(raws, config(raws), [{ name: './manifest.json', content: '[]' }])),
      /manifest\.json is in the archive several times, with different content/,
    ],
    ['an absolute path', tar(dockerNaming(['/etc/passwd'], [])), /refers to \/etc\/passwd, which is an absolute path/],
    ['a path with ..', tar(dockerNaming(['../layer.tar'], [])), /refers to \.\.\/layer\.tar, which contains/],
    ['a link out of the archive', tar(dockerNaming(['l'], [link('l', '/etc/passwd')])), /outside the archive/],
    ['a link to itself', tar(dockerNaming(['l'], [link('l', 'l')])), /leads back to itself or through too many links/],
    [
      'links in a circle',
      tar(dockerNaming(['a'], [link('a', 'b'), link('b', 'c', '1'), link('c', 'a')])),
      /leads back to itself/,
    ],
    ['a FIFO as a layer', tar(dockerNaming(['l'], [{ name: 'l', type: '6' }])), /l is a special file/],
    ['a device as a layer', tar(dockerNaming(['l'], [{ name: 'l', type: '3' }])), /l is a special file/],
    ['a directory as a layer', tar(dockerNaming(['l'], [{ name: 'l/', type: '5' }])), /l is a directory/],
    [
      'a layer that is not an archive',
      tar(docker([Buffer.from('#!/bin/sh\n'.repeat(200))], config([one]))),
      /is not a layer/,
    ],
    ['a huge config', tar(docker(raws, Buffer.alloc(5_000_000, ' '))), /the limit is 4\.19 MB/],
    ['a deep config', tar(docker(raws, Buffer.from('['.repeat(100_000)))), /nested more than 100 levels deep/],
    ['a config that is not JSON', tar(docker(raws, Buffer.from('<html>'))), /config\.json is not valid JSON/],
    ['a decompression bomb instead of an archive', gzipSync(Buffer.alloc(50_000_000)), /does not contain an image/],
    [
      'a decompression bomb instead of a layer',
      tar(docker([one, two, gzipSync(tar([{ name: 'zeros', content: Buffer.alloc(50_000_000) }]))])),
      /is not the layer that the config lists in its place/,
    ],
    [
      'several images, none with the wanted name',
      tar([
        ...severalFiles,
        {
          name: 'manifest.json',
          content: json([
            { Config: 'one.json', RepoTags: ['b:1'], Layers: ['one.tar'] },
            { Config: 'two.json', RepoTags: ['c:1'], Layers: ['two.tar'] },
          ]),
        },
      ]),
      /contains 2 images, none of them named .*acme\/app:v1: b:1, c:1/,
    ],
    ['an index that names no manifest', layout(index([]), good.all), /lists no images/],
    [
      'an index with another digest',
      describedAs({ digest: otherDigest }),
      /the manifest sha256:\w+ is not in the directory/,
    ],
    [
      'an index with another size',
      describedAs({ size: good.manifest.bytes.length + 1 }),
      /the manifest sha256:\w+ has 709 bytes, but its descriptor says 710/,
    ],
    ['a digest that is a path', describedAs({ digest: 'sha256:../../../etc/passwd' }), /is not a valid digest/],
    [
      'a config of another digest',
      withManifest({ config: descriptor(good.config, { digest: otherDigest }) }),
      /the config of the manifest sha256:\w+ is not in the directory/,
    ],
    [
      'a config of another size',
      withManifest({ config: descriptor(good.config, { size: 1 }) }),
      /the config sha256:\w+ has 311 bytes, but its descriptor says 1/,
    ],
    [
      'a layer of another digest',
      withManifest({ layers: good.layers.map((each) => descriptor(each, { digest: otherDigest })) }),
      /layer 1, sha256:\w+, is not in the directory/,
    ],
    [
      'a layer of another size',
      withManifest({ layers: good.layers.map((each) => descriptor(each, { size: each.bytes.length - 1 })) }),
      /layer 1.* bytes, but the manifest says/,
    ],
    [
      'damage in only one of several platforms',
      { ...platformFiles, [`blobs/sha256/${hexOf(sha256(arm64.raw))}`]: flip(arm64.raw, 600) },
      /is damaged, or is a different layer/,
    ],
  ])('%s', async (_, input, message) => {
    const { exitCode, output } = await push(input);
    expect(exitCode).toBe(1);
    const line = output.split('\n').find((each) => each.startsWith('✖ ')) ?? output;
    expect(line).toMatch(message);
    expect(line.length).toBeLessThan(400);
    expect(published()).toEqual({ manifests: 0, tags: [] });
  });

  it('swapped blobs, even if the registry already has all of them', async () => {
    for (const { bytes } of good.layers) fixture.sandbox.registry.putBlob('acme/app', bytes);
    const { exitCode, output } = await push(swapped);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ .* is not the layer that the config lists in its place/);
    expect(published()).toEqual({ manifests: 0, tags: [] });
  });
});

const longName = `${'directory/'.repeat(20)}layer.tar`;
const deepLinks = Array.from({ length: 5 }, (_, level) => link(`link${level}`, `link${level + 1}`));

describe('publishes correctly', () => {
  it.each<[string, Input]>([
    ['an archive as docker save writes it', tar(legacyEntries(raws))],
    [
      'a repeated layer that is a link the second time',
      tar(
        dockerNaming(
          ['a/layer.tar', 'b/layer.tar'],
          [{ name: 'a/layer.tar', content: one }, link('b/layer.tar', '../a/layer.tar')],
          [one, one],
        ),
      ),
    ],
    ['a layer behind a chain of links', tar(dockerNaming(['link0'], [...deepLinks, { name: 'link5', content: one }]))],
    ['an archive compressed with gzip', gzipSync(sound)],
    ['an archive compressed with zstd', zstdCompressSync(sound)],
    ['a compressed archive of a layout', gzipSync(tar(filesOf(describedAs({}))))],
    ['layers with different compressions', tar(docker([compressed[0] ?? one, zstdCompressSync(two), three]))],
    [
      'a long name in a pax header',
      tar(dockerNaming([longName], [pax({ path: longName }), { name: 'cut', content: one }])),
    ],
    [
      'a long name in a GNU header',
      tar(dockerNaming([longName], [gnuLong('L', longName), { name: 'cut', content: one }])),
    ],
    [
      'unreferenced entries: paths out of the archive, special files, dangling links',
      tar(
        docker(raws, config(raws), [
          { name: '/etc/passwd', content: 'root' },
          { name: '../../up', content: 'up' },
          { name: 'fifo', type: '6' },
          link('nowhere', 'gone'),
          link('circle', 'circle'),
        ]),
      ),
    ],
    ['the same manifest twice', tar([...docker(raws), ...docker(raws).slice(-1)])],
    ['an index with attestations', platformFiles],
    [
      'an image without a platform, as crane append makes it',
      tar(docker(raws, config(raws, { os: '', architecture: '' }))),
    ],
    ['an image without layers and rootfs', tar(docker([], config([], { rootfs: undefined })))],
    ['an empty index', layout(index([descriptor(index([]))]), [index([])])],
    [
      'the image with the wanted name, out of several',
      tar([
        ...severalFiles,
        {
          name: 'manifest.json',
          content: json([
            { Config: 'one.json', RepoTags: ['other:v1'], Layers: ['one.tar'] },
            { Config: 'two.json', RepoTags: ['acme/app:v1'], Layers: ['two.tar'] },
          ]),
        },
      ]),
    ],
  ])('%s', async (_, input) => {
    const { exitCode, output } = await push(input);
    expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
    expect(published().tags).toEqual(['v1']);
    expect(output).not.toContain('WARNING');
  });

  it('by manifest.json if the OCI manifest has no layers', async () => {
    const { exitCode, output } = await push(docker25(raws.map(sha256)));
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/WARNING: .*Using manifest\.json instead/),
    });
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  });

  interface Held {
    readonly layers: readonly { readonly digest: string }[];
  }

  it.each([
    ['a docker archive', tar(docker(compressed))],
    ['a layout', describedAs({})],
  ])('compressed layers of %s, with unchanged digests', async (_, input) => {
    expect(await push(input)).toMatchObject({ exitCode: 0 });
    const repository = fixture.sandbox.registry.repositories.get('acme/app');
    const held = JSON.parse(String(repository?.manifests.get(repository.tags.get('v1') ?? '')?.bytes)) as Held;
    const expected = Buffer.isBuffer(input) ? compressed.map(sha256) : good.layers.map(({ bytes }) => sha256(bytes));
    expect(held.layers.map(({ digest }) => digest)).toEqual(expected);
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  });

  it('compressed layers of a docker archive, without sending again what is there', async () => {
    const archive = tar(docker(compressed));
    expect((await push(archive, '--reuse', 'none')).output).toMatch(/^ {2}3 layers sent, /m);
    const { output } = await push(archive, '--reuse', 'none');
    expect(output).toMatch(/^ {2}0 layers sent, 0 B\n {2}3 layers reused or already there: /m);
    expect(output.match(/layer \d of 3: already in the registry/g)).toHaveLength(3);
  });

  describe('an index with an attestation of its uncompressed images', () => {
    const indexOf = (): { readonly digest: string; readonly manifests: readonly Json[] } => {
      const repository = fixture.sandbox.registry.repositories.get('acme/app');
      const digest = repository?.tags.get('v1') ?? '';
      return {
        digest,
        ...(JSON.parse(String(repository?.manifests.get(digest)?.bytes)) as { manifests: readonly Json[] }),
      };
    };

    it.each([[[]], [['--reuse', 'none']], [['--compression', 'none']]])(
      'unchanged, whatever may be reused: %j',
      async (args) => {
        // The same layers, compressed.
        await push(tar(docker([amd64.raw], config([amd64.raw]))));
        const { exitCode, output } = await push(platformFiles, ...args);
        expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
        const { manifests } = indexOf();
        expect([manifests[0], manifests[2]]).toEqual([
          descriptor(amd64.manifest, { platform: amd64.platform }),
          attestation.entry,
        ]);
        expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
      },
    );

    it('compressed, without the attestation, if --compression asks for it', async () => {
      const { exitCode, output } = await push(platformFiles, '--compression', 'gzip');
      expect(exitCode).toBe(0);
      const { manifests } = indexOf();
      expect(manifests.map((each) => each['platform'])).toEqual([amd64.platform, arm64.platform]);
      expect(output).toContain(
        `WARNING: Left out ${sha256(attestation.manifest.bytes)}, which refers to ${sha256(amd64.manifest.bytes)}: layers were compressed`,
      );
      expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
    });

    it('unchanged, if --compression changes nothing', async () => {
      const { exitCode } = await push(layout(index([descriptor(packed.top)]), packed.blobs), '--compression', 'gzip');
      expect(exitCode).toBe(0);
      expect(indexOf().digest).toBe(sha256(packed.top.bytes));
    });
  });

  it('an index whose attestation comes first, after the image', async () => {
    const children = (JSON.parse(packed.top.bytes.toString()) as { manifests: readonly Json[] }).manifests;
    const reversed = index(children.toReversed());
    const files = layout(index([descriptor(reversed)]), [...packed.blobs, reversed]);
    expect(await push(files)).toMatchObject({ exitCode: 0 });
    const puts = fixture.sandbox.requests.filter(
      ({ method, path }) => method === 'PUT' && path.includes('/manifests/'),
    );
    expect(puts.slice(0, 2).map(({ path }) => path.replace(/^.*\//, ''))).toEqual([
      sha256(packed.image.bytes),
      sha256(packed.attestation.bytes),
    ]);
  });
});
