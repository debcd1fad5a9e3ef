import { symlink, writeFile } from 'node:fs/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { withDiffIdCheck } from '../../../pipe/oci/layers/diff-id-check.ts';
import type { Choice, Image } from '../../../pipe/oci/image.ts';
import {
  digestsOf,
  blob,
  blobFiles,
  config,
  descriptor,
  type Files,
  filesOf,
  hexOf,
  index,
  inputError,
  json,
  type Json,
  layer,
  layout,
  manifest,
  ociTypes,
  openAt,
  platformImage,
  readAll,
  readLayers,
  sha256,
  useDirectory,
  writeFiles,
} from '../fixtures.ts';
import { tar } from '../../archive/tar/tar-writer.ts';

const at = useDirectory();

async function open(files: Files, choice: Choice = {}): Promise<Image> {
  await writeFile(at('app.tar'), tar(filesOf(files)));
  return await openAt(at('app.tar'), choice);
}

const raws = [layer('one'), layer('two')];
const configBlob = blob(ociTypes.config, config(raws));

function single(layers: readonly Buffer[], type: keyof typeof ociTypes, image = configBlob) {
  const blobs = layers.map((bytes) => blob(ociTypes[type], bytes));
  const manifestBlob = manifest(image, blobs);
  return { manifest: manifestBlob, blobs: [image, manifestBlob, ...blobs] };
}

function singleLayout(layers: readonly Buffer[], type: keyof typeof ociTypes, image = configBlob): Files {
  const made = single(layers, type, image);
  return layout(index([descriptor(made.manifest)]), made.blobs);
}

describe('one image', () => {
  it('in an archive and in a directory', async () => {
    const files = singleLayout(
      raws.map((bytes) => gzipSync(bytes)),
      'gzip',
    );
    await writeFiles(at('layout'), files);
    for (const [image, description] of [
      [await open(files), 'OCI archive app.tar'],
      [await openAt(at('layout')), 'OCI layout app.tar'],
    ] as const) {
      expect(image).toMatchObject({ description, notes: [] });
      expect(image.index).toBeUndefined();
      const [only] = image.images;
      const made = single(
        raws.map((bytes) => gzipSync(bytes)),
        'gzip',
      ).manifest;
      expect(only).toMatchObject({
        platform: { os: 'linux', architecture: 'amd64' },
        config: { mediaType: ociTypes.config, digest: sha256(configBlob.bytes) },
        manifest: { mediaType: ociTypes.manifest, digest: sha256(made.bytes), bytes: made.bytes },
        descriptor: descriptor(made),
      });
      expect(only?.layers).toMatchObject(
        raws.map((bytes) => ({
          packing: 'gzip',
          diffId: sha256(bytes),
          descriptor: descriptor(blob(ociTypes.gzip, gzipSync(bytes))),
        })),
      );
      expect(await readLayers(only)).toEqual(digestsOf(raws.map((bytes) => gzipSync(bytes))));
      expect(await readAll(withDiffIdCheck(only?.layers[0] ?? failed()).open())).toEqual(gzipSync(raws[0] ?? ''));
      await image.close();
    }
  });

  it('with plain and zstd layers', async () => {
    expect((await open(singleLayout(raws, 'tar'))).images[0]?.layers.map(({ packing }) => packing)).toEqual([
      'none',
      'none',
    ]);
    const zstd = await open(
      singleLayout(
        raws.map((bytes) => zstdCompressSync(bytes)),
        'zstd',
      ),
    );
    expect(zstd.images[0]?.layers.map(({ packing }) => packing)).toEqual(['zstd', 'zstd']);
  });

  it('without layers', async () => {
    const image = blob(ociTypes.config, config([]));
    expect((await open(singleLayout([], 'tar', image))).images).toMatchObject([{ layers: [] }]);
  });

  it('with a layer twice', async () => {
    const twice = blob(ociTypes.config, config([layer('one'), layer('one')]));
    const [image] = (await open(singleLayout([layer('one'), layer('one')], 'tar', twice))).images;
    expect(image?.layers[0]).toBe(image?.layers[1]);
  });

  it('with annotations, foreign layers and encrypted ones', async () => {
    const foreign = descriptor(blob('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', gzipSync('f')), {
      urls: ['https://x'],
    });
    const secret = blob(`${ociTypes.gzip}+encrypted`, Buffer.from('secret'));
    const image = blob(ociTypes.config, config([layer('f'), layer('s')]));
    const made = blob(
      ociTypes.manifest,
      json({
        schemaVersion: 2,
        config: descriptor(image),
        layers: [foreign, descriptor(secret, { annotations: { a: 'b' } })],
      }),
    );
    const [only] = (await open(layout(index([descriptor(made)]), [image, made, secret]))).images;
    expect(only?.layers).toMatchObject([
      { isForeign: true, packing: 'opaque', descriptor: foreign, length: gzipSync('f').length },
      { isForeign: false, packing: 'opaque', descriptor: { annotations: { a: 'b' } } },
    ]);
    expect(only?.layers.map(({ diffId }) => diffId)).toEqual([undefined, undefined]);
    expect(() => only?.layers[0]?.open()).toThrow(/is not in the source: it is to be fetched from the addresses/);
    expect(await readAll(only?.layers[1]?.open() ?? failed())).toEqual(secret.bytes);
  });

  it('of another kind, as it is', async () => {
    const empty = blob('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
    const chart = blob('application/vnd.cncf.helm.chart.content.v1.tar+gzip', gzipSync('chart'));
    const made = manifest(empty, [chart], { artifactType: 'application/vnd.cncf.helm' });
    const [only] = (await open(layout(index([descriptor(made)]), [empty, chart, made]))).images;
    expect(only).toMatchObject({ config: { bytes: empty.bytes }, layers: [{ packing: 'opaque' }] });
    expect(only?.platform).toBeUndefined();
  });

  it('of Docker types', async () => {
    const image = blob('application/vnd.docker.container.image.v1+json', config([layer('x')]));
    const gzip = blob('application/vnd.docker.image.rootfs.diff.tar.gzip', gzipSync(layer('x')));
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const made = blob(
      type,
      json({ schemaVersion: 2, mediaType: type, config: descriptor(image), layers: [descriptor(gzip)] }),
    );
    expect((await open(layout(index([descriptor(made)]), [image, gzip, made]))).images).toMatchObject([
      { manifest: { mediaType: type }, layers: [{ packing: 'gzip', diffId: sha256(layer('x')) }] },
    ]);
  });
});

describe('several images', () => {
  const named = ['a', 'b'].map((name) => ({ name, ...platformImage(name, 'amd64') }));
  const annotated = (annotationsOf: (name: string) => Json): Files =>
    layout(
      index(named.map((each) => descriptor(each.manifest, { annotations: annotationsOf(each.name) }))),
      named.flatMap(({ blobs }) => blobs),
    );

  it.each<[string, (name: string) => Json, string]>([
    [
      'io.containerd.image.name',
      (name) => ({
        'io.containerd.image.name': `docker.io/library/${name}:1`,
        'org.opencontainers.image.ref.name': '1',
      }),
      'b:1',
    ],
    ['ref.name in full', (name) => ({ 'org.opencontainers.image.ref.name': `reg.io/${name}:1` }), 'reg.io/b:1'],
    ['ref.name as a tag', (name) => ({ 'org.opencontainers.image.ref.name': `v-${name}` }), 'app:v-b'],
    ['ref.name as it is', (name) => ({ 'org.opencontainers.image.ref.name': `v-${name}` }), 'v-b'],
  ])('by %s', async (_, annotationsOf, reference) => {
    const files = annotated(annotationsOf);
    expect(await readLayers((await open(files, { reference })).images[0])).toEqual(digestsOf([layer('b')]));
    expect(await inputError(open(files))).toMatch(/app\.tar holds 2 images, name the one that is meant: /);
    expect(await inputError(open(files, { reference: 'z:9' }))).toMatch(/none of them named z:9/);
  });

  it('of which one has two names', async () => {
    const { manifest: made, blobs } = platformImage('a', 'amd64');
    const top = index(
      ['1', '2'].map((tag) => descriptor(made, { annotations: { 'org.opencontainers.image.ref.name': tag } })),
    );
    expect((await open(layout(top, blobs), { reference: 'else:3' })).images).toHaveLength(1);
  });

  it('without names and platforms', async () => {
    const top = index(named.map((each) => descriptor(each.manifest)));
    expect(
      await inputError(
        open(
          layout(
            top,
            named.flatMap(({ blobs }) => blobs),
          ),
        ),
      ),
    ).toMatch(/holds 2 images, name the one that is meant: one without a name, one without a name/);
  });
});

describe('a multi-platform image', () => {
  const amd64 = platformImage('amd', 'amd64');
  const arm64 = platformImage('arm', 'arm64', { variant: 'v8' });
  const armv6 = platformImage('six', 'arm', { variant: 'v6' });
  const armv7 = platformImage('seven', 'arm', { variant: 'v7' });
  const all = [amd64, arm64, armv6, armv7];
  const inToto = blob('application/vnd.in-toto+json', json({ _type: 'https://in-toto.io/Statement/v0.1' }));
  const attestationConfig = blob(
    ociTypes.config,
    json({ architecture: 'unknown', os: 'unknown', rootfs: { type: 'layers', diff_ids: [sha256(inToto.bytes)] } }),
  );
  const attestation = manifest(attestationConfig, [inToto]);
  const attestationDescriptor = descriptor(attestation, {
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': sha256(amd64.manifest.bytes),
    },
  });
  const children = [
    ...all.map((each) => descriptor(each.manifest, { platform: each.platform })),
    attestationDescriptor,
  ];
  const blobs = [...all.flatMap((each) => each.blobs), inToto, attestationConfig, attestation];
  const inner = index(children);
  const files = layout(index([descriptor(inner)]), [inner, ...blobs]);
  const flat = layout(index(children), blobs);

  it('whole, with attestations', async () => {
    for (const [each, document] of [
      [files, inner],
      [flat, index(children)],
    ] as const) {
      const image = await open(each);
      expect(image.index).toEqual({ mediaType: ociTypes.index, digest: sha256(document.bytes), bytes: document.bytes });
      expect(image.images.map(({ platform }) => platform)).toEqual([...all.map(({ platform }) => platform), undefined]);
      expect(image.images.map((each) => each.descriptor)).toEqual(children);
      expect(image.images.at(-1)?.layers).toMatchObject([{ packing: 'opaque', diffId: undefined }]);
      expect(await readLayers(image.images.at(-1))).toEqual(digestsOf([inToto.bytes]));
    }
  });

  it.each([
    ['linux/amd64', 'amd'],
    ['linux/amd64/v1', 'amd'],
    ['linux/arm64', 'arm'],
    ['linux/arm64/v8', 'arm'],
    ['linux/arm/v6', 'six'],
    ['linux/arm', 'seven'],
  ])('only %s', async (platform, name) => {
    for (const each of [files, flat]) {
      const image = await open(each, { platform });
      expect(image.index).toBeUndefined();
      expect(image.images).toHaveLength(1);
      expect(await readLayers(image.images[0])).toEqual(digestsOf([layer(name)]));
    }
  });

  it('not a platform that is not there', async () => {
    expect(await inputError(open(files, { platform: 'windows/amd64' }))).toBe(
      'app.tar holds no image for windows/amd64: there is linux/amd64, linux/arm64/v8, linux/arm/v6, linux/arm/v7',
    );
    expect(await inputError(open(files, { platform: 'linux/arm64/v9' }))).toMatch(
      /holds no image for linux\/arm64\/v9/,
    );
  });

  it('with a platform twice', async () => {
    const two = [platformImage('x', 'arm', { variant: 'v5' }), armv6];
    const top = index([descriptor(index(two.map((each) => descriptor(each.manifest, { platform: each.platform }))))]);
    const twice = layout(top, [
      index(two.map((each) => descriptor(each.manifest, { platform: each.platform }))),
      ...two.flatMap((each) => each.blobs),
    ]);
    expect(await inputError(open(twice, { platform: 'linux/arm' }))).toBe(
      'app.tar holds 2 images for linux/arm: there is linux/arm/v5, linux/arm/v6',
    );
  });

  it('whose index does not tell the platforms', async () => {
    const bare = index([amd64, arm64].map((each) => descriptor(each.manifest)));
    const made = layout(index([descriptor(bare)]), [bare, ...blobs]);
    expect(await readLayers((await open(made, { platform: 'linux/arm64' })).images[0])).toEqual(
      digestsOf([layer('arm')]),
    );
    expect((await open(made)).images.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64']);
  });

  it('of which a part is missing', async () => {
    const { [`blobs/sha256/${hexOf(sha256(arm64.manifest.bytes))}`]: _, ...part } = files;
    expect(await inputError(open(part))).toBe(
      'app.tar does not hold all of its multi-platform image: there is linux/amd64, linux/arm/v6, linux/arm/v7, an attestation, and not linux/arm64/v8. One platform that is there can be chosen, to be published alone',
    );
    expect((await open(part, { platform: 'linux/amd64' })).images).toHaveLength(1);
    expect(await inputError(open(part, { platform: 'linux/arm64' }))).toMatch(
      /the manifest sha256:\w+ is not in the archive/,
    );
  });

  it('of which an engine exported the one platform that it had', async () => {
    const docker = json([
      {
        Config: `blobs/sha256/${hexOf(sha256(amd64.blobs[0]?.bytes ?? ''))}`,
        RepoTags: ['app:latest'],
        Layers: [`blobs/sha256/${hexOf(sha256(amd64.raw))}`],
      },
    ]);
    // Manifests of other platforms may be there, without what they refer to.
    const part = layout(
      index([descriptor(inner, { annotations: { 'io.containerd.image.name': 'docker.io/library/app:latest' } })]),
      [inner, ...amd64.blobs, arm64.manifest],
    );
    const image = await open({ ...part, 'manifest.json': docker });
    expect(image.description).toBe('docker archive app.tar');
    expect(image.index).toBeUndefined();
    expect(image.notes).toEqual([
      'Of the multi-platform image only linux/amd64 is there, and is published as an image of one platform (missing: linux/arm64/v8, linux/arm/v6, linux/arm/v7, an attestation)',
    ]);
    expect(await readLayers(image.images[0])).toEqual(digestsOf([amd64.raw]));
    // Who wrote it otherwise is not known, nor whether that was on purpose.
    expect(await inputError(open(part))).toMatch(/does not hold all of its multi-platform image/);
  });

  it('with an index inside', async () => {
    const outer = index([descriptor(inner)]);
    expect(await inputError(open(layout(index([descriptor(outer)]), [outer, inner, ...blobs])))).toMatch(
      /the index sha256:\w+ holds a further index, sha256:\w+: indexes inside of indexes are not supported/,
    );
  });

  it('of nothing', async () => {
    const nothing = index([]);
    expect(await inputError(open(layout(index([descriptor(nothing)]), [nothing])))).toMatch(/lists no image/);
    expect(await inputError(open(layout(nothing, [])))).toMatch(/lists no image/);
  });

  it('beside what refers to it', async () => {
    const signature = descriptor(manifest(configBlob, []), {
      annotations: { 'io.containerd.manifest.subject': sha256(inner.bytes) },
    });
    const top = index([descriptor(inner), signature]);
    expect((await open(layout(top, [inner, ...blobs]))).images).toHaveLength(children.length);
  });
});

describe('Docker 25 and later, which write both formats', () => {
  const made = single(raws, 'tar');
  const names = {
    'io.containerd.image.name': 'docker.io/library/app:latest',
    'org.opencontainers.image.ref.name': 'latest',
  };
  const pathOf = (bytes: Buffer): string => `blobs/sha256/${hexOf(sha256(bytes))}`;
  const dockerJson = json([{ Config: pathOf(configBlob.bytes), RepoTags: ['app:latest'], Layers: raws.map(pathOf) }]);

  it('sound', async () => {
    const image = await open({
      ...layout(index([descriptor(made.manifest, { annotations: names })]), made.blobs),
      'manifest.json': dockerJson,
    });
    expect(image).toMatchObject({ description: 'docker archive app.tar', notes: [] });
    expect(image.images[0]?.manifest?.digest).toBe(sha256(made.manifest.bytes));
    expect(image.images[0]?.layers).toMatchObject(
      raws.map((bytes) => ({ diffId: sha256(bytes), descriptor: { digest: sha256(bytes) } })),
    );
  });

  it.each<[string, readonly Buffer[], RegExp]>([
    [
      'without layers in the OCI manifest',
      [],
      /the manifest sha256:\w+: it has 0 layers, and its config 2\. manifest\.json, which is there too, is used instead/,
    ],
    [
      'with layers in another order',
      [raws[1] ?? failed(), raws[0] ?? failed()],
      /its layer 1 is sha256:\w+, and in its config sha256:\w+: they are in another order/,
    ],
  ])('%s', async (_, layers, note) => {
    const broken = manifest(
      configBlob,
      layers.map((bytes) => blob(ociTypes.tar, bytes)),
    );
    const files = layout(index([descriptor(broken, { annotations: names })]), [...made.blobs, broken]);
    const image = await open({ ...files, 'manifest.json': dockerJson });
    expect(image.notes).toEqual([expect.stringMatching(note)]);
    expect(image.images[0]).not.toHaveProperty('manifest');
    expect(await readLayers(image.images[0])).toEqual(digestsOf(raws));
    // Without manifest.json, or with another one, there is no way to know.
    expect(await inputError(open(files))).toMatch(
      /it has 0 layers, and its config 2$|another order, or of another image$/,
    );
    expect(await inputError(open({ ...files, 'manifest.json': json([{ Config: 'x', Layers: [] }]) }))).toMatch(
      /layers?/,
    );
  });

  it('with fewer images in index.json', async () => {
    for (const manifests of [null, []]) {
      const top = blob(ociTypes.index, json({ schemaVersion: 2, mediaType: ociTypes.index, manifests }));
      const image = await open({ ...layout(top, made.blobs), 'manifest.json': dockerJson });
      expect(image.notes).toEqual(['app.tar: index.json lists 0 of 1 images, so manifest.json is used instead']);
      expect(await readLayers(image.images[0])).toEqual(digestsOf(raws));
    }
  });

  it('with layers that only one of them has', async () => {
    const empty = blob(ociTypes.config, config([]));
    const broken = manifest(empty, []);
    const other = json([{ Config: pathOf(empty.bytes), Layers: raws.map(pathOf) }]);
    const files = { ...layout(index([descriptor(broken)]), [empty, broken]), 'manifest.json': other };
    expect(await inputError(open(files))).toMatch(/manifest\.json names 2 layers, and the config 0/);
  });
});

describe('damage', () => {
  const good = singleLayout(
    raws.map((bytes) => gzipSync(bytes)),
    'gzip',
  );
  const pathOf = (bytes: Buffer): string => `blobs/sha256/${hexOf(sha256(bytes))}`;
  const flipped = (bytes: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[copy.length - 2] = (copy.at(-2) ?? 0) ^ 1;
    return copy;
  };
  const made = single(
    raws.map((bytes) => gzipSync(bytes)),
    'gzip',
  );

  it('a flipped bit in a layer', async () => {
    const bytes = gzipSync(raws[1] ?? '');
    const [image] = (await open({ ...good, [pathOf(bytes)]: flipped(bytes) })).images;
    expect(await inputError(readLayers(image))).toMatch(
      /layer 2, sha256:\w+, is damaged, or not the layer that belongs there/,
    );
  });

  it('packed layers in another order', async () => {
    const packed = raws.map((bytes) => gzipSync(bytes)).toReversed();
    const [image] = (await open(singleLayout(packed, 'gzip'))).images;
    // The blobs themselves are sound, and nothing but unpacking tells.
    expect(await readLayers(image)).toEqual(digestsOf(packed));
    for (const each of image?.layers ?? [])
      expect(await inputError(readAll(withDiffIdCheck(each).open()))).toMatch(
        /is not the layer that the config has in its place/,
      );
  });

  const wrongSize = (bytes: Buffer, size: number): Json => ({ ...descriptor(blob(ociTypes.gzip, bytes)), size });
  const withLayers = (layers: readonly unknown[]): Files => {
    const broken = blob(ociTypes.manifest, json({ schemaVersion: 2, config: descriptor(configBlob), layers }));
    return layout(index([descriptor(broken)]), [...made.blobs, broken]);
  };
  const withManifest = (bytes: Buffer, mediaType: string = ociTypes.manifest): Files =>
    layout(index([descriptor(blob(mediaType, bytes))]), [...made.blobs, blob(mediaType, bytes)]);
  const withIndex = (value: unknown): Files => ({ ...good, 'index.json': json(value) });
  const one = gzipSync(raws[0] ?? '');
  const sound = [descriptor(blob(ociTypes.gzip, one)), descriptor(blob(ociTypes.gzip, gzipSync(raws[1] ?? '')))];

  it.each<[string, Files, RegExp]>([
    [
      'manifest with a flipped bit',
      { ...good, [pathOf(made.manifest.bytes)]: flipped(made.manifest.bytes) },
      /the manifest sha256:\w+ is damaged: its bytes have the digest/,
    ],
    [
      'manifest of another size',
      withIndex({ schemaVersion: 2, manifests: [{ ...descriptor(made.manifest), size: 1 }] }),
      /the manifest sha256:\w+ has \d+ bytes, and what refers to it says 1/,
    ],
    [
      'config with a flipped bit',
      { ...good, [pathOf(configBlob.bytes)]: flipped(configBlob.bytes) },
      /the config sha256:\w+ is damaged/,
    ],
    [
      'layer of another size',
      withLayers([wrongSize(one, 9), sound[1]]),
      /layer 1, sha256:\w+, has \d+ bytes, and the manifest says 9/,
    ],
    [
      'layer of another type',
      withLayers([{ ...sound[0], mediaType: ociTypes.zstd }, sound[1]]),
      /layer 1, sha256:\w+, is compressed with gzip, and the manifest says application\/vnd\.oci\.image\.layer\.v1\.tar\+zstd/,
    ],
    [
      'layer that is missing',
      withLayers([sound[0], descriptor(blob(ociTypes.gzip, Buffer.from('x')))]),
      /layer 2, sha256:\w+, is not in the archive/,
    ],
    ['fewer layers than diff IDs', withLayers([sound[0]]), /it has 1 layers, and its config 2/],
    ['more layers than diff IDs', withLayers([...sound, sound[0]]), /it has 3 layers, and its config 2/],
    [
      'plain layers in another order',
      singleLayout(raws.toReversed(), 'tar'),
      /they are in another order, or of another image/,
    ],
    [
      'a layer by sha512',
      withLayers([{ ...sound[0], digest: `sha512:${'a'.repeat(128)}` }, sound[1]]),
      /layers\[0\]\.digest is a sha512 digest: only sha256/,
    ],
    [
      'an upper-case digest',
      withLayers([{ ...sound[0], digest: `sha256:${'A'.repeat(64)}` }, sound[1]]),
      /is not a digest/,
    ],
    ['a digest that is a path', withLayers([{ ...sound[0], digest: 'sha256:../../x' }, sound[1]]), /is not a digest/],
    [
      'a size in words',
      withLayers([{ ...sound[0], size: '9' }, sound[1]]),
      /layers\[0\]\.size is not a number of bytes/,
    ],
    ['a negative size', withLayers([{ ...sound[0], size: -1 }, sound[1]]), /size is not a number of bytes/],
    ['no media type', withLayers([{ ...sound[0], mediaType: undefined }, sound[1]]), /mediaType is missing/],
    [
      'a manifest that is missing',
      withIndex({ schemaVersion: 2, manifests: [descriptor(blob(ociTypes.manifest, Buffer.from('x')))] }),
      /the manifest sha256:\w+ is not in the archive/,
    ],
    [
      'a config that is missing',
      withManifest(manifest(blob(ociTypes.config, Buffer.from('x')), []).bytes),
      /the config of the manifest sha256:\w+ is not in the archive/,
    ],
    [
      'an index that is missing',
      withIndex({ schemaVersion: 2, manifests: [descriptor(index([]))] }),
      /the index sha256:\w+ is not in the archive/,
    ],
    ['schema 1', withManifest(json({ schemaVersion: 1, fsLayers: [] })), /is a manifest of schema 1/],
    [
      'schema 1 by type',
      withManifest(json({}), 'application/vnd.docker.distribution.manifest.v1+prettyjws'),
      /is a manifest of schema 1/,
    ],
    ['another version', withManifest(json({ schemaVersion: 3 })), /schemaVersion is not 2/],
    [
      'another type',
      withIndex({ schemaVersion: 2, manifests: [{ ...descriptor(made.manifest), mediaType: 'text/plain' }] }),
      /is text\/plain, which is neither an image nor an index/,
    ],
    [
      'two types',
      withManifest(json({ schemaVersion: 2, mediaType: ociTypes.index, config: {}, layers: [] })),
      /says that it is \S+index\S+, and what refers to it, that it is \S+manifest/,
    ],
    [
      'two things at once',
      withManifest(json({ schemaVersion: 2, config: {}, layers: [], manifests: [] })),
      /is a manifest and an index at once/,
    ],
    [
      'two things at once, again',
      withIndex({ schemaVersion: 2, manifests: [], layers: [] }),
      /is an index and a manifest at once/,
    ],
    ['no manifests', withIndex({ schemaVersion: 2 }), /manifests is missing/],
    ['manifests of no list', withIndex({ schemaVersion: 2, manifests: {} }), /manifests is not a list/],
    ['manifests of no objects', withIndex({ schemaVersion: 2, manifests: [1] }), /manifests\[0\] is not an object/],
    ['an index of no object', withIndex([]), /index\.json is not an object/],
    ['an index of no JSON', { ...good, 'index.json': Buffer.from('<html>') }, /index\.json is not valid JSON/],
    ['a huge index', { ...good, 'index.json': Buffer.alloc(5_000_000, ' ') }, /index\.json has 5\.00 MB/],
    [
      'a layout of the future',
      { ...good, 'oci-layout': json({ imageLayoutVersion: '2.0.0' }) },
      /oci-layout is of version 2\.0\.0/,
    ],
    [
      'a config without rootfs',
      singleLayout([], 'gzip', blob(ociTypes.config, json({ os: 'linux', architecture: 'x' }))),
      /rootfs is missing/,
    ],
    [
      'a platform without os',
      withIndex({ schemaVersion: 2, manifests: [descriptor(made.manifest, { platform: { architecture: 'x' } })] }),
      /platform\.os is missing/,
    ],
  ])('%s', async (_, files, message) => {
    expect(await inputError(open(files))).toMatch(message);
    await writeFiles(at('layout'), files);
    expect(await inputError(openAt(at('layout')))).toMatch(new RegExp(message.source.replace('archive', 'directory')));
  });

  it('a layout that leads out of itself', async () => {
    await writeFiles(at('layout'), { ...good });
    const { 'index.json': top, ...rest } = good;
    await writeFile(at('index.json'), top ?? '');
    await writeFiles(at('other'), rest);
    await symlink(at('index.json'), at('other/index.json'));
    expect(await inputError(openAt(at('other')).catch(hidePath))).toMatch(
      /app\.tar\/index\.json is a symbolic link to .*, which is outside of the directory/,
    );
    await writeFiles(at('third'), {});
    await symlink(at('nowhere'), at('layout/manifest.json'));
    expect(await inputError(openAt(at('layout')))).toMatch(
      /manifest\.json is a symbolic link to something that does not exist here/,
    );
  });

  it('links inside of a layout are followed', async () => {
    const { 'index.json': top, ...rest } = good;
    await writeFiles(at('layout'), { ...rest, 'real.json': top ?? Buffer.alloc(0) });
    await symlink('real.json', at('layout/index.json'));
    expect((await openAt(at('layout'))).images).toHaveLength(1);
  });

  it('a directory in the place of a blob', async () => {
    const { [pathOf(configBlob.bytes)]: _, ...rest } = good;
    await writeFiles(at('layout'), { ...rest, [`${pathOf(configBlob.bytes)}/x`]: Buffer.alloc(0) });
    expect(await inputError(openAt(at('layout')))).toMatch(/is a directory, where a file is expected/);
  });
});

it('blobs can be read again and again, at the same time', async () => {
  const [image] = (
    await open(
      singleLayout(
        [layer('one', 4_000_000), layer('two')],
        'tar',
        blob(ociTypes.config, config([layer('one', 4_000_000), layer('two')])),
      ),
    )
  ).images;
  const contents = await Promise.all(
    [...(image?.layers ?? []), ...(image?.layers ?? [])].map((each) => readAll(each.open())),
  );
  expect(contents.map(sha256)).toEqual(
    [...(image?.layers ?? []), ...(image?.layers ?? [])].map(({ diffId }) => diffId),
  );
  expect(Object.keys(blobFiles([]))).toEqual([]);
});

function failed(): never {
  throw new Error('missing in the test');
}

/** The directory of the test is in no message otherwise. */
function hidePath(error: Error): never {
  error.message = error.message.replaceAll(at(), '…');
  throw error;
}
