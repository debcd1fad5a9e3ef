import { symlink, writeFile } from 'node:fs/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { withDiffIdCheck } from '../../../pipe/oci/layers/diff-id-check.ts';
import { openImage } from '../../../pipe/oci/open-image.ts';
import type { Choice, Image } from '../../../pipe/oci/image.ts';
import {
  attestationOf,
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
  it('in an archive or a directory', async () => {
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
          encoding: 'gzip',
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
    expect((await open(singleLayout(raws, 'tar'))).images[0]?.layers.map(({ encoding }) => encoding)).toEqual([
      'none',
      'none',
    ]);
    const zstd = await open(
      singleLayout(
        raws.map((bytes) => zstdCompressSync(bytes)),
        'zstd',
      ),
    );
    expect(zstd.images[0]?.layers.map(({ encoding }) => encoding)).toEqual(['zstd', 'zstd']);
  });

  it('without layers', async () => {
    const image = blob(ociTypes.config, config([]));
    expect((await open(singleLayout([], 'tar', image))).images).toMatchObject([{ layers: [] }]);
  });

  it('with the same layer twice', async () => {
    const twice = blob(ociTypes.config, config([layer('one'), layer('one')]));
    const [image] = (await open(singleLayout([layer('one'), layer('one')], 'tar', twice))).images;
    expect(image?.layers[0]).toBe(image?.layers[1]);
  });

  it('with annotations, foreign layers and encrypted layers', async () => {
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
      { isForeign: true, encoding: 'opaque', descriptor: foreign, length: gzipSync('f').length },
      { isForeign: false, encoding: 'opaque', descriptor: { annotations: { a: 'b' } } },
    ]);
    expect(only?.layers.map(({ diffId }) => diffId)).toEqual([undefined, undefined]);
    expect(() => only?.layers[0]?.open()).toThrow(/is not in the source: it must be fetched from the URLs/);
    expect(await readAll(only?.layers[1]?.open() ?? failed())).toEqual(secret.bytes);
  });

  it('of another artifact type, which passes through', async () => {
    const empty = blob('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
    const chart = blob('application/vnd.cncf.helm.chart.content.v1.tar+gzip', gzipSync('chart'));
    const file = blob(ociTypes.gzip, gzipSync('the type of a layer, but no file system'));
    const made = manifest(empty, [chart, file], { artifactType: 'application/vnd.cncf.helm' });
    const [only] = (await open(layout(index([descriptor(made)]), [empty, chart, file, made]))).images;
    expect(only).toMatchObject({
      config: { bytes: empty.bytes },
      layers: [{ encoding: 'opaque' }, { encoding: 'opaque', diffId: undefined }],
    });
    expect(only?.platform).toBeUndefined();
  });

  it('with Docker media types', async () => {
    const image = blob('application/vnd.docker.container.image.v1+json', config([layer('x')]));
    const gzip = blob('application/vnd.docker.image.rootfs.diff.tar.gzip', gzipSync(layer('x')));
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const made = blob(
      type,
      json({ schemaVersion: 2, mediaType: type, config: descriptor(image), layers: [descriptor(gzip)] }),
    );
    expect((await open(layout(index([descriptor(made)]), [image, gzip, made]))).images).toMatchObject([
      { manifest: { mediaType: type }, layers: [{ encoding: 'gzip', diffId: sha256(layer('x')) }] },
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
    ['ref.name, a full name', (name) => ({ 'org.opencontainers.image.ref.name': `reg.io/${name}:1` }), 'reg.io/b:1'],
    ['ref.name, a tag', (name) => ({ 'org.opencontainers.image.ref.name': `v-${name}` }), 'app:v-b'],
    ['ref.name, verbatim', (name) => ({ 'org.opencontainers.image.ref.name': `v-${name}` }), 'v-b'],
  ])('are chosen by %s', async (_, annotationsOf, reference) => {
    const files = annotated(annotationsOf);
    expect(await readLayers((await open(files, { reference })).images[0])).toEqual(digestsOf([layer('b')]));
    expect(await inputError(open(files))).toMatch(/app\.tar contains 2 images, name one of them: /);
    expect(await inputError(open(files, { reference: 'z:9' }))).toMatch(/none of them named z:9/);
  });

  it('an image with two names counts once', async () => {
    const { manifest: made, blobs } = platformImage('a', 'amd64');
    const top = index(
      ['1', '2'].map((tag) => descriptor(made, { annotations: { 'org.opencontainers.image.ref.name': tag } })),
    );
    expect((await open(layout(top, blobs), { reference: 'else:3' })).images).toHaveLength(1);
  });

  it('cannot be chosen without names and platforms', async () => {
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
    ).toMatch(/contains 2 images, name one of them: an unnamed one, an unnamed one/);
  });
});

describe('a multi-platform image', () => {
  const amd64 = platformImage('amd', 'amd64');
  const arm64 = platformImage('arm', 'arm64', { variant: 'v8' });
  const armv6 = platformImage('six', 'arm', { variant: 'v6' });
  const armv7 = platformImage('seven', 'arm', { variant: 'v7' });
  const all = [amd64, arm64, armv6, armv7];
  const attestation = attestationOf(amd64.manifest);
  const children = [...all.map((each) => descriptor(each.manifest, { platform: each.platform })), attestation.entry];
  const blobs = [...all.flatMap((each) => each.blobs), ...attestation.blobs];
  const inner = index(children);
  const files = layout(index([descriptor(inner)]), [inner, ...blobs]);
  const flat = layout(index(children), blobs);

  it('is read whole, with attestations', async () => {
    for (const [each, document] of [
      [files, inner],
      [flat, index(children)],
    ] as const) {
      const image = await open(each);
      expect(image.index).toEqual({ mediaType: ociTypes.index, digest: sha256(document.bytes), bytes: document.bytes });
      expect(image.images.map(({ platform }) => platform)).toEqual([...all.map(({ platform }) => platform), undefined]);
      expect(image.images.map((each) => each.descriptor)).toEqual(children);
      expect(image.images.at(-1)?.layers).toMatchObject([{ encoding: 'opaque', diffId: undefined }]);
      expect(await readLayers(image.images.at(-1))).toEqual(digestsOf([attestation.statement.bytes]));
    }
  });

  it.each([
    ['linux/amd64', 'amd'],
    ['linux/amd64/v1', 'amd'],
    ['linux/arm64', 'arm'],
    ['linux/arm64/v8', 'arm'],
    ['linux/arm/v6', 'six'],
    ['linux/arm', 'seven'],
  ])('is reduced to %s', async (platform, name) => {
    for (const each of [files, flat]) {
      const image = await open(each, { platform });
      expect(image.index).toBeUndefined();
      expect(image.images).toHaveLength(1);
      expect(await readLayers(image.images[0])).toEqual(digestsOf([layer(name)]));
    }
  });

  it('fails if it does not have the wanted platform', async () => {
    expect(await inputError(open(files, { platform: 'windows/amd64' }))).toBe(
      'app.tar contains no image for windows/amd64; available: linux/amd64, linux/arm64/v8, linux/arm/v6, linux/arm/v7',
    );
    expect(await inputError(open(files, { platform: 'linux/arm64/v9' }))).toMatch(
      /contains no image for linux\/arm64\/v9/,
    );
  });

  it('fails if several of its images match the platform', async () => {
    const two = [platformImage('x', 'arm', { variant: 'v5' }), armv6];
    const top = index([descriptor(index(two.map((each) => descriptor(each.manifest, { platform: each.platform }))))]);
    const twice = layout(top, [
      index(two.map((each) => descriptor(each.manifest, { platform: each.platform }))),
      ...two.flatMap((each) => each.blobs),
    ]);
    expect(await inputError(open(twice, { platform: 'linux/arm' }))).toBe(
      'app.tar contains 2 images for linux/arm; available: linux/arm/v5, linux/arm/v6',
    );
  });

  it('has its platforms in the configs if not in the index', async () => {
    const bare = index([amd64, arm64].map((each) => descriptor(each.manifest)));
    const made = layout(index([descriptor(bare)]), [bare, ...blobs]);
    expect(await readLayers((await open(made, { platform: 'linux/arm64' })).images[0])).toEqual(
      digestsOf([layer('arm')]),
    );
    expect((await open(made)).images.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64']);
  });

  it('fails if a part of it is missing', async () => {
    const { [`blobs/sha256/${hexOf(sha256(arm64.manifest.bytes))}`]: _, ...part } = files;
    expect(await inputError(open(part))).toBe(
      'app.tar contains only part of its multi-platform image: linux/amd64, linux/arm/v6, linux/arm/v7, an attestation, not linux/arm64/v8. Choose one of the available platforms to publish it alone',
    );
    expect((await open(part, { platform: 'linux/amd64' })).images).toHaveLength(1);
    expect(await inputError(open(part, { platform: 'linux/arm64' }))).toMatch(
      /the manifest sha256:\w+ is not in the archive/,
    );
  });

  it('is reduced to the only platform that an engine exported', async () => {
    const docker = json([
      {
        Config: `blobs/sha256/${hexOf(sha256(amd64.blobs[0]?.bytes ?? ''))}`,
        RepoTags: ['app:latest'],
        Layers: [`blobs/sha256/${hexOf(sha256(amd64.raw))}`],
      },
    ]);
    // Manifests of other platforms may be present without their blobs.
    const part = layout(
      index([descriptor(inner, { annotations: { 'io.containerd.image.name': 'docker.io/library/app:latest' } })]),
      [inner, ...amd64.blobs, arm64.manifest],
    );
    const image = await open({ ...part, 'manifest.json': docker });
    expect(image.description).toBe('docker archive app.tar');
    expect(image.index).toBeUndefined();
    expect(image.notes).toEqual([
      'Only linux/amd64 of the multi-platform image is available, and is published as a single-platform image (missing: linux/arm64/v8, linux/arm/v6, linux/arm/v7, an attestation)',
    ]);
    expect(await readLayers(image.images[0])).toEqual(digestsOf([amd64.raw]));
    // Without manifest.json it is not an engine's export: what is missing may be a mistake.
    expect(await inputError(open(part))).toMatch(/contains only part of its multi-platform image/);
  });

  it('fails if its index contains an index', async () => {
    const outer = index([descriptor(inner)]);
    expect(await inputError(open(layout(index([descriptor(outer)]), [outer, inner, ...blobs])))).toMatch(
      /the index sha256:\w+ contains another index, sha256:\w+: .* as crane index append .* do$/,
    );
  });

  it('may be an empty index', async () => {
    const nothing = index([]);
    const empty = layout(index([descriptor(nothing)]), [nothing]);
    expect(await open(empty)).toMatchObject({ images: [], index: { bytes: nothing.bytes } });
    expect(await inputError(open(empty, { platform: 'linux/amd64' }))).toMatch(/contains no image for linux\/amd64/);
    expect(await inputError(open(layout(nothing, [])))).toMatch(/lists no images/);
  });

  it('ignores referrers beside it', async () => {
    const signature = descriptor(manifest(configBlob, []), {
      annotations: { 'io.containerd.manifest.subject': sha256(inner.bytes) },
    });
    const top = index([descriptor(inner), signature]);
    expect((await open(layout(top, [inner, ...blobs]))).images).toHaveLength(children.length);
  });
});

describe('archives in both formats, as Docker 25 and later write them', () => {
  const made = single(raws, 'tar');
  const names = {
    'io.containerd.image.name': 'docker.io/library/app:latest',
    'org.opencontainers.image.ref.name': 'latest',
  };
  const pathOf = (bytes: Buffer): string => `blobs/sha256/${hexOf(sha256(bytes))}`;
  const dockerJson = json([{ Config: pathOf(configBlob.bytes), RepoTags: ['app:latest'], Layers: raws.map(pathOf) }]);

  it('are read as OCI', async () => {
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
      /the manifest sha256:\w+: it has 0 layers, but its config has 2\. Using manifest\.json instead/,
    ],
    [
      'with layers in another order',
      [raws[1] ?? failed(), raws[0] ?? failed()],
      /its layer 1 is sha256:\w+, but sha256:\w+ in its config: the layers are out of order/,
    ],
  ])('are read as Docker %s', async (_, layers, note) => {
    const broken = manifest(
      configBlob,
      layers.map((bytes) => blob(ociTypes.tar, bytes)),
    );
    const files = layout(index([descriptor(broken, { annotations: names })]), [...made.blobs, broken]);
    const image = await open({ ...files, 'manifest.json': dockerJson });
    expect(image.notes).toEqual([expect.stringMatching(note)]);
    expect(image.images[0]).not.toHaveProperty('manifest');
    expect(await readLayers(image.images[0])).toEqual(digestsOf(raws));
    // Without manifest.json, or with that of another image, the layers are unknown.
    expect(await inputError(open(files))).toMatch(
      /it has 0 layers, but its config has 2$|out of order, or from another image$/,
    );
    expect(await inputError(open({ ...files, 'manifest.json': json([{ Config: 'x', Layers: [] }]) }))).toMatch(
      /layers?/,
    );
  });

  it('are read as Docker if index.json lists fewer images', async () => {
    for (const manifests of [null, []]) {
      const top = blob(ociTypes.index, json({ schemaVersion: 2, mediaType: ociTypes.index, manifests }));
      const image = await open({ ...layout(top, made.blobs), 'manifest.json': dockerJson });
      expect(image.notes).toEqual(['app.tar: index.json lists only 0 of 1 images. Using manifest.json instead']);
      expect(await readLayers(image.images[0])).toEqual(digestsOf(raws));
    }
  });

  it('are refused if only manifest.json has layers', async () => {
    const empty = blob(ociTypes.config, config([]));
    const broken = manifest(empty, []);
    const other = json([{ Config: pathOf(empty.bytes), Layers: raws.map(pathOf) }]);
    const files = { ...layout(index([descriptor(broken)]), [empty, broken]), 'manifest.json': other };
    expect(await inputError(open(files))).toMatch(/manifest\.json lists 2 layers, the config 0/);
  });
});

describe('damaged layouts', () => {
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
    expect(await inputError(readLayers(image))).toMatch(/layer 2, sha256:\w+, is damaged, or is a different layer/);
  });

  it('compressed layers in the wrong order', async () => {
    const compressed = raws.map((bytes) => gzipSync(bytes)).toReversed();
    const [image] = (await open(singleLayout(compressed, 'gzip'))).images;
    // The blobs themselves are intact: only decompressing them shows it.
    expect(await readLayers(image)).toEqual(digestsOf(compressed));
    for (const each of image?.layers ?? [])
      expect(await inputError(readAll(withDiffIdCheck(each).open()))).toMatch(
        /is not the layer that the config lists in its place/,
      );
  });

  const wrongSize = (bytes: Buffer, size: number): Json => ({ ...descriptor(blob(ociTypes.gzip, bytes)), size });
  const withLayers = (layers: readonly unknown[], ...more: readonly (typeof configBlob)[]): Files => {
    const broken = blob(ociTypes.manifest, json({ schemaVersion: 2, config: descriptor(configBlob), layers }));
    return layout(index([descriptor(broken)]), [...made.blobs, ...more, broken]);
  };
  const withManifest = (bytes: Buffer, mediaType: string = ociTypes.manifest): Files =>
    layout(index([descriptor(blob(mediaType, bytes))]), [...made.blobs, blob(mediaType, bytes)]);
  const withIndex = (value: unknown): Files => ({ ...good, 'index.json': json(value) });
  const one = gzipSync(raws[0] ?? '');
  const plain = blob(ociTypes.gzip, raws[0] ?? Buffer.alloc(0));
  const sound = [descriptor(blob(ociTypes.gzip, one)), descriptor(blob(ociTypes.gzip, gzipSync(raws[1] ?? '')))];

  it.each<[string, Files, RegExp]>([
    [
      'manifest with a flipped bit',
      { ...good, [pathOf(made.manifest.bytes)]: flipped(made.manifest.bytes) },
      /the manifest sha256:\w+ is damaged: its digest is sha256:/,
    ],
    [
      'manifest of another size',
      withIndex({ schemaVersion: 2, manifests: [{ ...descriptor(made.manifest), size: 1 }] }),
      /the manifest sha256:\w+ has \d+ bytes, but its descriptor says 1/,
    ],
    [
      'config with a flipped bit',
      { ...good, [pathOf(configBlob.bytes)]: flipped(configBlob.bytes) },
      /the config sha256:\w+ is damaged/,
    ],
    [
      'layer of another size',
      withLayers([wrongSize(one, 9), sound[1]]),
      /layer 1, sha256:\w+, has \d+ bytes, but the manifest says 9/,
    ],
    [
      'layer of another type',
      withLayers([{ ...sound[0], mediaType: ociTypes.zstd }, sound[1]]),
      /layer 1, sha256:\w+, is compressed with gzip, but the manifest says application\/vnd\.oci\.image\.layer\.v1\.tar\+zstd/,
    ],
    [
      'plain layer of another type',
      withLayers([descriptor(plain), sound[1]], plain),
      /layer 1, sha256:\w+, is a plain tar arch\w+, but the manifest says application\/vnd\.oci\.image\.layer\.v1\.tar\+gzip/,
    ],
    [
      'missing layer',
      withLayers([sound[0], descriptor(blob(ociTypes.gzip, Buffer.from('x')))]),
      /layer 2, sha256:\w+, is not in the archive/,
    ],
    ['fewer layers than diff IDs', withLayers([sound[0]]), /it has 1 layers, but its config has 2/],
    ['more layers than diff IDs', withLayers([...sound, sound[0]]), /it has 3 layers, but its config has 2/],
    [
      'uncompressed layers in the wrong order',
      singleLayout(raws.toReversed(), 'tar'),
      /the layers are out of order, or from another image/,
    ],
    [
      'a layer with a sha512 digest',
      withLayers([{ ...sound[0], digest: `sha512:${'a'.repeat(128)}` }, sound[1]]),
      /layers\[0\]\.digest is a sha512 digest: only sha256/,
    ],
    [
      'an upper-case digest',
      withLayers([{ ...sound[0], digest: `sha256:${'A'.repeat(64)}` }, sound[1]]),
      /is not a valid digest/,
    ],
    [
      'a digest that is a path',
      withLayers([{ ...sound[0], digest: 'sha256:../../x' }, sound[1]]),
      /is not a valid digest/,
    ],
    [
      'a size that is not a number',
      withLayers([{ ...sound[0], size: '9' }, sound[1]]),
      /layers\[0\]\.size is not a number of bytes/,
    ],
    ['a negative size', withLayers([{ ...sound[0], size: -1 }, sound[1]]), /size is not a number of bytes/],
    ['no media type', withLayers([{ ...sound[0], mediaType: undefined }, sound[1]]), /mediaType is missing/],
    [
      'a missing manifest',
      withIndex({ schemaVersion: 2, manifests: [descriptor(blob(ociTypes.manifest, Buffer.from('x')))] }),
      /the manifest sha256:\w+ is not in the archive/,
    ],
    [
      'a missing config',
      withManifest(manifest(blob(ociTypes.config, Buffer.from('x')), []).bytes),
      /the config of the manifest sha256:\w+ is not in the archive/,
    ],
    [
      'a missing index',
      withIndex({ schemaVersion: 2, manifests: [descriptor(index([]))] }),
      /the index sha256:\w+ is not in the archive/,
    ],
    ['schema 1', withManifest(json({ schemaVersion: 1, fsLayers: [] })), /is a schema 1 manifest/],
    [
      'the type of schema 1',
      withManifest(json({}), 'application/vnd.docker.distribution.manifest.v1+prettyjws'),
      /is a schema 1 manifest/,
    ],
    ['another schema version', withManifest(json({ schemaVersion: 3 })), /schemaVersion is not 2/],
    [
      'another media type',
      withIndex({ schemaVersion: 2, manifests: [{ ...descriptor(made.manifest), mediaType: 'text/plain' }] }),
      /is of type text\/plain, neither an image nor an index/,
    ],
    [
      'two media types',
      withManifest(json({ schemaVersion: 2, mediaType: ociTypes.index, config: {}, layers: [] })),
      /has the media type \S+index\S+, but its descriptor says \S+manifest/,
    ],
    [
      'a manifest that is also an index',
      withManifest(json({ schemaVersion: 2, config: {}, layers: [], manifests: [] })),
      /is both a manifest and an index/,
    ],
    [
      'an index that is also a manifest',
      withIndex({ schemaVersion: 2, manifests: [], layers: [] }),
      /is both an index and a manifest/,
    ],
    ['no manifests', withIndex({ schemaVersion: 2 }), /manifests is missing/],
    ['manifests that are not a list', withIndex({ schemaVersion: 2, manifests: {} }), /manifests is not a list/],
    [
      'manifests that are not objects',
      withIndex({ schemaVersion: 2, manifests: [1] }),
      /manifests\[0\] is not an object/,
    ],
    ['an index that is not an object', withIndex([]), /index\.json is not an object/],
    ['an index that is not JSON', { ...good, 'index.json': Buffer.from('<html>') }, /index\.json is not valid JSON/],
    ['an index that is too large', { ...good, 'index.json': Buffer.alloc(5_000_000, ' ') }, /index\.json has 5\.00 MB/],
    [
      'a layout of a later version',
      { ...good, 'oci-layout': json({ imageLayoutVersion: '2.0.0' }) },
      /oci-layout has version 2\.0\.0/,
    ],
    [
      'a config without rootfs, but a layer',
      singleLayout([gzipSync('x')], 'gzip', blob(ociTypes.config, json({ os: 'linux', architecture: 'x' }))),
      /it has 1 layers, but its config has 0/,
    ],
    [
      'a platform whose os is not a string',
      withIndex({
        schemaVersion: 2,
        manifests: [descriptor(made.manifest, { platform: { os: 1, architecture: 'x' } })],
      }),
      /platform\.os is not a string/,
    ],
  ])('%s', async (_, files, message) => {
    expect(await inputError(open(files))).toMatch(message);
    await writeFiles(at('layout'), files);
    expect(await inputError(openAt(at('layout')))).toMatch(new RegExp(message.source.replace('archive', 'directory')));
  });

  it('links that lead out of the layout or nowhere', async () => {
    await writeFiles(at('layout'), { ...good });
    const { 'index.json': top, ...rest } = good;
    await writeFile(at('index.json'), top ?? '');
    await writeFiles(at('other'), rest);
    await symlink(at('index.json'), at('other/index.json'));
    expect(await inputError(openAt(at('other')).catch(hidePath))).toMatch(
      /app\.tar\/index\.json is a symbolic link to .*, which is outside the directory/,
    );
    await writeFiles(at('third'), {});
    await symlink(at('nowhere'), at('layout/manifest.json'));
    expect(await inputError(openAt(at('layout')))).toMatch(
      /manifest\.json is a symbolic link to a file that does not exist/,
    );
  });

  it('links out of it are followed to the directories that may be published, but not to the history', async () => {
    const { 'index.json': top, ...rest } = good;
    const opened = async (target: string): Promise<unknown> => {
      await writeFiles(at(`${target}-layout`), rest);
      await writeFiles(at(`clone/${target}`), { 'index.json': top ?? Buffer.alloc(0) });
      await symlink(at(`clone/${target}/index.json`), at(`${target}-layout/index.json`));
      const path = at(`${target}-layout`);
      return await openImage({ path, absolutePath: path, roots: [at('clone')] }, {});
    };
    await expect(opened('bazel-out')).resolves.toMatchObject({ images: [{}] });
    await expect(opened('.git')).rejects.toThrow(
      /index\.json is a symbolic link to .*, which is outside .* and .*clone/,
    );
  });

  it('links within the layout are followed', async () => {
    const { 'index.json': top, ...rest } = good;
    await writeFiles(at('layout'), { ...rest, 'real.json': top ?? Buffer.alloc(0) });
    await symlink('real.json', at('layout/index.json'));
    expect((await openAt(at('layout'))).images).toHaveLength(1);
  });

  it('a directory in place of a blob', async () => {
    const { [pathOf(configBlob.bytes)]: _, ...rest } = good;
    await writeFiles(at('layout'), { ...rest, [`${pathOf(configBlob.bytes)}/x`]: Buffer.alloc(0) });
    expect(await inputError(openAt(at('layout')))).toMatch(/is a directory, not a file/);
  });
});

it('blobs can be read repeatedly and concurrently', async () => {
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

/** Removes the test's directory from the message, where `inputError` does not allow it. */
function hidePath(error: Error): never {
  error.message = error.message.replaceAll(at(), '…');
  throw error;
}
