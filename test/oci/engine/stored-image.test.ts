import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type EngineImage, openEngineImage } from '../../../pipe/oci/engine/engine-image.ts';
import { withDiffIdCheck } from '../../../pipe/oci/layers/diff-id-check.ts';
import type { Choice, Image } from '../../../pipe/oci/image.ts';
import { createSecrets } from '../../../pipe/toolkit/scrub.ts';
import { patience } from '../../patience.ts';
import { answer, type FakeEngine, type FakeEngineOptions, startEngine } from './fake-engine.ts';
import {
  blob,
  type Blob,
  config,
  descriptor,
  digestsOf,
  index,
  inputError,
  json,
  type Json,
  layer,
  manifest,
  ociTypes,
  platformImage,
  readAll,
  readLayers,
  sha256,
} from '../fixtures.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const raw = [layer('one', 400_000), layer('two')];
const configBlob = blob(ociTypes.config, config(raw));
const layers = [
  blob(ociTypes.gzip, gzipSync(raw[0] ?? '', { level: 0 })),
  blob(ociTypes.tar, raw[1] ?? Buffer.alloc(0)),
];
const made = manifest(configBlob, layers);
const bytesOf = (blobs: readonly Blob[]): readonly Buffer[] => blobs.map(({ bytes }) => bytes);
const all = bytesOf([made, configBlob, ...layers]);

interface Opened {
  readonly image: EngineImage;
  readonly engine: FakeEngine;
  readonly debug: readonly string[];
}

async function openWith(
  root: Blob | undefined,
  content: FakeEngineOptions['content'],
  choice: Pick<Choice, 'platform'> = {},
  platform: Json = { Os: 'linux', Architecture: 'amd64', RootFS: { Type: 'layers', Layers: digestsOf(raw) } },
): Promise<Opened> {
  const id = { Id: sha256((root ?? configBlob).bytes), ...(root !== undefined && { Descriptor: descriptor(root) }) };
  const options: FakeEngineOptions = { apiVersion: '1.51', ...(content !== undefined && { content }) };
  const engine = await startEngine({ '/images/app:latest/json': answer({ ...id, ...platform }) }, options);
  open.push(engine);
  const debug: string[] = [];
  const image = await openEngineImage({ host: engine.host }, 'app', choice, {
    timeoutMs: patience(20_000),
    scrub: createSecrets([]).scrub,
    debug: (message) => debug.push(message),
  });
  open.push(image);
  const openStored = async (): Promise<Image | undefined> => {
    const stored = await image.openStored();
    if (stored !== undefined) open.push(stored);
    return stored;
  };
  return { image: { ...image, openStored }, engine, debug };
}

it('is read blob by blob, without an export', async () => {
  const calls: string[] = [];
  const { image, engine, debug } = await openWith(made, { blobs: all, calls });
  const stored = await image.openStored();
  expect(stored).toMatchObject({
    description: `app:latest of the Docker Engine at ${engine.host}`,
    isForwardOnly: false,
    notes: [],
    images: [
      {
        config: { digest: sha256(configBlob.bytes), bytes: configBlob.bytes },
        manifest: { digest: sha256(made.bytes) },
        layers: [
          {
            encoding: 'gzip',
            diffId: sha256(raw[0] ?? ''),
            descriptor: descriptor(layers[0] ?? made),
            isUnpacked: true,
          },
          { encoding: 'none', diffId: sha256(raw[1] ?? ''), length: layers[1]?.bytes.length },
        ],
      },
    ],
  });
  const wholeLayer = `Read ${sha256(layers[0]?.bytes ?? '')} ${layers[0]?.bytes.length ?? 0}`;
  expect(calls).not.toContain(wholeLayer);
  const [first] = stored?.images[0]?.layers ?? [];
  for (const attempt of [1, 2])
    expect([attempt, await readAll(first?.open() ?? (await Promise.reject(new Error('no layer'))))]).toEqual([
      attempt,
      layers[0]?.bytes,
    ]);
  expect(calls.filter((call) => call === wholeLayer)).toHaveLength(2);
  expect(engine.requests).toEqual(['/_ping', '/v1.51/images/app:latest/json', '/v1.51/grpc']);
  expect(debug).toEqual([]);
});

it('is not decompressed to check what the engine has unpacked', async () => {
  const { image } = await openWith(made, { blobs: all });
  const [first] = (await image.openStored())?.images[0]?.layers ?? [];
  expect(first === undefined ? undefined : withDiffIdCheck(first)).toBe(first);
});

it('fails if a blob of the store is damaged', async () => {
  // The fake serves by digest, so that the manifest must lie.
  const lying = manifest(configBlob, [{ ...(layers[0] ?? made), bytes: gzipSync('other') }, layers[1] ?? made]);
  const { image } = await openWith(lying, { blobs: [...all, lying.bytes] });
  expect(await inputError(image.openStored())).toMatch(/layer 1, .* is not in the engine$/);
});

describe('of several platforms', () => {
  const [amd64, arm64] = [platformImage('amd', 'amd64'), platformImage('arm', 'arm64')];
  const inner = index([amd64, arm64].map((each) => descriptor(each.manifest, { platform: each.platform })));
  const noPlatform = { Os: '', Architecture: '' };

  it('is read with all that are there', async () => {
    const { image } = await openWith(
      inner,
      { blobs: bytesOf([inner, ...amd64.blobs, ...arm64.blobs]) },
      {},
      noPlatform,
    );
    const stored = await image.openStored();
    expect(stored?.index?.digest).toBe(sha256(inner.bytes));
    expect(await Promise.all((stored?.images ?? []).map(readLayers))).toEqual([
      digestsOf([amd64.raw]),
      digestsOf([arm64.raw]),
    ]);
  });

  it('is read with the only one that is there', async () => {
    const { image } = await openWith(inner, { blobs: bytesOf([inner, ...arm64.blobs]) }, {}, noPlatform);
    const stored = await image.openStored();
    expect(stored?.index).toBeUndefined();
    expect(stored?.images).toMatchObject([{ manifest: { digest: sha256(arm64.manifest.bytes) } }]);
    expect(stored?.notes).toEqual([
      'Only linux/arm64 of the multi-platform image is available, and is published as a single-platform image (missing: linux/amd64)',
    ]);
  });

  it('is read with the one that is wanted', async () => {
    const blobs = bytesOf([inner, ...amd64.blobs, ...arm64.blobs]);
    const { image } = await openWith(inner, { blobs }, { platform: 'linux/arm64' }, noPlatform);
    expect((await image.openStored())?.images).toMatchObject([{ manifest: { digest: sha256(arm64.manifest.bytes) } }]);
  });
});

describe('is exported instead if the engine', () => {
  it('does not keep manifests', async () => {
    const { image, engine } = await openWith(undefined, { blobs: all });
    expect(await image.openStored()).toBeUndefined();
    expect(engine.requests).not.toContain('/v1.51/grpc');
  });

  it.each<[string, NonNullable<FakeEngineOptions['content']>]>([
    ['has no such service', { status: 404 }],
    ['is behind something that refuses it', { status: 403 }],
    ['answers as if it were another request', { status: 200 }],
    ['hangs up', 'hangs up'],
    ['has the image elsewhere', { blobs: [] }],
  ])('%s', async (_name, content) => {
    const { image, engine, debug } = await openWith(made, content);
    expect(await image.openStored()).toBeUndefined();
    expect(engine.requests).toContain('/v1.51/grpc');
    expect(debug).toEqual([
      expect.stringMatching(/^The content of the Docker Engine at .* so the image is exported: ./),
    ]);
  });
});

it('is an error if its documents are not what they should be', async () => {
  const broken = blob(ociTypes.manifest, json({ schemaVersion: 2, layers: 'none' }));
  const { image } = await openWith(broken, { blobs: [broken.bytes] });
  expect(await inputError(image.openStored())).toMatch(/^app:latest of the Docker Engine at .*config/);
});
