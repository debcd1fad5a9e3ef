/** `--join` makes an index of published tags, which may point to images or indexes. */

import { describe, expect, it } from '@jest/globals';
import { docker, oci } from '../../../pipe/oci/media-types.ts';
import { blob, config, descriptor, index, type Json, layer, manifest, ociTypes, sha256 } from '../fixtures.ts';
import { type Ended, useSandbox } from '../../run-pipe.ts';
import { type AttestedImage, attestedImage, writeAttested } from './attested.ts';
import { gzipImage, imageEnvironment, smallLayers, writeArchive } from './images.ts';

const fixture = useSandbox();
const amd64 = attestedImage('amd64');
const arm64 = attestedImage('arm64');

interface Named {
  readonly mediaType: string;
  readonly digest: string;
  readonly manifests: readonly Json[];
}

async function join(...tags: readonly string[]): Promise<Ended> {
  const args = tags.flatMap((tag) => ['--join', tag]);
  return await fixture.runPipe({ ...imageEnvironment(fixture, undefined, ...args), IMAGE: 'acme/app:joined' });
}

/** Stores a manifest or an index under a tag, valid or not. */
function seed(
  tag: string,
  { bytes, mediaType }: ReturnType<typeof blob>,
  ...blobs: readonly ReturnType<typeof blob>[]
) {
  const { registry } = fixture.sandbox;
  for (const each of blobs) {
    if (/manifest|index/.test(each.mediaType)) registry.putManifest('acme/app', { ...each, content: each.bytes });
    else registry.putBlob('acme/app', each.bytes);
  }
  registry.putManifest('acme/app', { mediaType, content: bytes, tags: [tag] });
}

function seedAttested(tag: string, { top, blobs }: AttestedImage): void {
  seed(tag, top, ...blobs);
}

function seedImage(tag: string, more: Json, descriptorFields?: Json): ReturnType<typeof gzipImage> {
  const image = gzipImage([layer(JSON.stringify(more))], more);
  const top = descriptorFields === undefined ? image.manifest : index([descriptor(image.manifest, descriptorFields)]);
  seed(tag, top, ...image.all);
  return image;
}

async function expectJoined({ exitCode, output }: Ended): Promise<Named> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', 'joined')).toEqual([]);
  const repository = fixture.sandbox.registry.repositories.get('acme/app');
  const digest = repository?.tags.get('joined') ?? '';
  const { bytes, mediaType = '' } = repository?.manifests.get(digest) ?? {};
  return { ...(JSON.parse(String(bytes)) as Named), mediaType, digest };
}

async function refusalOf(...tags: readonly string[]): Promise<string> {
  const { exitCode, output } = await join(...tags);
  expect(exitCode).toBe(1);
  expect(fixture.sandbox.registry.repositories.get('acme/app')?.tags.has('joined')).toBe(false);
  return output.split('\n').find((line) => line.startsWith('✖ ')) ?? output;
}

const childrenOf = ({ top }: AttestedImage): readonly Json[] =>
  (JSON.parse(top.bytes.toString()) as { manifests: readonly Json[] }).manifests;

describe('joins', () => {
  it('images with attestations, as BuildKit makes them', async () => {
    for (const [name, image] of Object.entries({ amd64, arm64 })) {
      const file = await writeAttested(fixture.directory, image, name);
      expect(await fixture.runPipe({ ...imageEnvironment(fixture, file), IMAGE: `acme/app:${name}` })).toMatchObject({
        exitCode: 0,
      });
    }
    const { mediaType, manifests } = await expectJoined(await join('amd64', 'arm64'));
    expect(mediaType).toBe(oci.index);
    expect(manifests).toEqual([...childrenOf(amd64), ...childrenOf(arm64)]);
  });

  it('an image that several tags have in common, once', async () => {
    seedAttested('one', amd64);
    seedAttested('two', amd64);
    seedAttested('three', arm64);
    const { manifests } = await expectJoined(await join('one', 'two', 'three', 'one'));
    expect(manifests).toEqual([...childrenOf(amd64), ...childrenOf(arm64)]);
  });

  it('one image for two platforms, under both', async () => {
    const image = gzipImage([layer('same', 1000)]);
    const platform = { os: 'linux', architecture: 'amd64' };
    const children = [
      descriptor(image.manifest, { platform }),
      descriptor(image.manifest, { platform: { ...platform, variant: 'v2' } }),
    ];
    seed('levels', index(children), ...image.all);
    seedAttested('arm', arm64);
    const { manifests } = await expectJoined(await join('levels', 'arm'));
    expect(manifests).toEqual([...children, ...childrenOf(arm64)]);
  });

  it('an index of several platforms, and an image of one more', async () => {
    const [s390x, riscv64] = [attestedImage('s390x'), attestedImage('riscv64')];
    const both = index([...childrenOf(s390x), ...childrenOf(riscv64)], {
      annotations: { 'com.example.note': 'of the index' },
    });
    seed('both', both, ...s390x.blobs, ...riscv64.blobs);
    const image = seedImage('arm', { architecture: 'arm', variant: 'v6' });
    const { manifests } = await expectJoined(await join('both', 'arm'));
    expect(manifests).toEqual([
      ...childrenOf(s390x),
      ...childrenOf(riscv64),
      descriptor(image.manifest, { platform: { os: 'linux', architecture: 'arm', variant: 'v6' } }),
    ]);
  });

  it('all fields of descriptors, and the platform fields of configs', async () => {
    const fields = { annotations: { 'com.example.note': 'kept' }, artifactType: 'application/vnd.example' };
    const windows = { os: 'windows', architecture: 'amd64' };
    const old = { ...windows, 'os.version': '10.0.17763.1', 'os.features': ['win32k'] };
    const first = seedImage('first', { ...windows, 'os.version': '10.0.1' }, { ...fields, platform: old });
    const second = seedImage('second', { ...windows, 'os.version': '10.0.20348.2', 'os.features': ['win32k'] });
    const { manifests } = await expectJoined(await join('first', 'second'));
    expect(manifests).toEqual([
      descriptor(first.manifest, { ...fields, platform: old }),
      descriptor(second.manifest, { platform: { ...old, 'os.version': '10.0.20348.2' } }),
    ]);
  });

  it('an image without a platform in its descriptor, with the one in its config', async () => {
    const image = seedImage('bare', { architecture: 'ppc64le' }, { annotations: { a: 'b' } });
    const { manifests } = await expectJoined(await join('bare'));
    const platform = { os: 'linux', architecture: 'ppc64le' };
    expect(manifests).toEqual([descriptor(image.manifest, { annotations: { a: 'b' }, platform })]);
  });

  it.each([
    ["images with Docker's media types, in Docker's", ['docker', 'docker'], docker.index],
    ["images with mixed media types, in OCI's", ['docker', 'oci'], oci.index],
  ] as const)('%s', async (_, families, expected) => {
    for (const [position, family] of families.entries())
      await fixture.sandbox.registry.seed('acme/app', {
        family,
        tags: [`${position}`],
        config: { architecture: position === 0 ? 'amd64' : 'arm64' },
      });
    expect((await expectJoined(await join('0', '1'))).mediaType).toBe(expected);
  });
});

describe('refuses', () => {
  it.each([
    ['amd64 twice', { architecture: 'amd64' }, { architecture: 'amd64', author: 'b' }, 'linux/amd64'],
    ['arm64 and its variant', { architecture: 'arm64' }, { architecture: 'arm64', variant: 'v8' }, 'linux/arm64/v8'],
    ['aarch64 and arm64', { architecture: 'aarch64' }, { architecture: 'arm64' }, 'linux/arm64'],
    ['arm and its variant', { architecture: 'arm', variant: '7' }, { architecture: 'arm' }, 'linux/arm'],
  ])('two images for one platform: %s', async (_, one, other, platform) => {
    seedImage('one', one, { platform: { os: 'linux', ...one, author: undefined } });
    seedImage('two', other);
    expect(await refusalOf('one', 'two')).toContain(
      `--join one and --join two both have an image for ${platform}: join only one image for each platform`,
    );
  });

  it('a missing tag', async () => {
    seedAttested('amd64', amd64);
    expect(await refusalOf('amd64', 'absent')).toContain('--join absent: there is no such tag yet');
  });

  const text = (content: string, mediaType: string = oci.manifest) => blob(mediaType, Buffer.from(content));
  const emptyConfig = blob(ociTypes.config, config(smallLayers, { os: '', architecture: '' }));
  const notJson = blob(ociTypes.config, Buffer.from('not JSON'));
  const cutOff = blob(ociTypes.config, Buffer.from('{"architecture":"amd64"'));
  const nothing = blob(ociTypes.config, Buffer.from('null'));
  const artifact = blob('application/vnd.oci.empty.v1+json', Buffer.from('{}'));

  it.each([
    ['a manifest that is not JSON', text('not JSON'), [], /--join odd: its manifest is not valid JSON/],
    [
      'a manifest that is cut off',
      text('{"schemaVersion":2,"config":{'),
      [],
      /--join odd: its manifest is not valid JSON/,
    ],
    [
      'a manifest that is not UTF-8',
      blob(oci.manifest, Buffer.from('{"schemaVersion":2,"a":"\xff"}', 'latin1')),
      [],
      /--join odd: its manifest is not valid UTF-8/,
    ],
    ['a manifest without a config', text('{"schemaVersion":2}'), [], /--join odd: its manifest: config is missing/],
    [
      'an index that is cut off',
      text('{"schemaVersion":2,"manifests":[', oci.index),
      [],
      /--join odd: its index is not valid/,
    ],
    [
      'an index with a manifest that is not JSON',
      index([descriptor(text('not JSON'))]),
      [text('not JSON')],
      /--join odd: sha256:\w+: its manifest is not valid JSON/,
    ],
    ['a config that is cut off', manifest(cutOff, []), [cutOff], /--join odd: its config is not valid JSON/],
    ['a manifest that is null', text('null'), [], /--join odd: its manifest is not an object/],
    ['an index that is null', text('null', oci.index), [], /--join odd: its index is not an object/],
    ['an index of nothing', index([]), [], /--join odd: its index names no image/],
    ['a config that is not JSON', manifest(notJson, []), [notJson], /--join odd: its config is not valid JSON/],
    ['a config that is null', manifest(nothing, []), [nothing], /--join odd: its config is not an object/],
    [
      'a config without a platform',
      manifest(emptyConfig, []),
      [emptyConfig],
      /--join odd: its config names no platform/,
    ],
    ['an artifact', manifest(artifact, []), [artifact], /--join odd is not a runnable image/],
    ['an index inside an index', index([descriptor(amd64.top)]), amd64.blobs, /sha256:\w+ is an index inside an index/],
  ])('%s', async (_, top, blobs, message) => {
    seed('odd', top, ...blobs);
    expect(await refusalOf('odd')).toMatch(message);
  });
});

describe('reuses an image in an index', () => {
  const contents = [layer('reused', 3000)];

  it.each([
    ['without a variant, for one with a variant', {}, { variant: 'v8' }],
    ['with a variant, for one without', { variant: 'v8' }, {}],
  ])('%s', async (_, theirs, ours) => {
    const published = gzipImage(contents, { architecture: 'arm64', ...theirs });
    const platform = { os: 'linux', architecture: 'arm64', ...theirs };
    const other = gzipImage([layer('other')]);
    const top = index([
      descriptor(other.manifest, { platform: { os: 'linux', architecture: 'amd64' } }),
      descriptor(published.manifest, { platform }),
    ]);
    seed('latest', top, ...published.all, ...other.all);
    const file = await writeArchive(fixture, contents, 'app.tar', {
      architecture: 'arm64',
      ...ours,
      author: 'another',
    });
    const { exitCode, output } = await fixture.runPipe(imageEnvironment(fixture, file));
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`layer 1 of 1: reused from tag latest`),
    });
    expect(output).toContain(sha256(published.layers[0]?.bytes ?? ''));
  });

  it.each([
    ['not JSON', 'not JSON'],
    ['null', 'null'],
  ])('but not if the manifest is %s', async (_, content) => {
    fixture.sandbox.registry.putManifest('acme/app', { mediaType: oci.manifest, content, tags: ['latest'] });
    const { exitCode, output } = await fixture.runPipe(
      imageEnvironment(fixture, await writeArchive(fixture, contents)),
    );
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/WARNING: tag latest is not reused: its manifest sha256:\w+ is not /),
    });
  });
});
