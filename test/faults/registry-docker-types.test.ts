/** A registry that refuses OCI's media types gets the whole image with Docker's; other refusals change nothing. */

import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { docker, oci } from '../../pipe/oci/media-types.ts';
import {
  type Blob,
  config,
  descriptor,
  index,
  json,
  type Json,
  layer,
  layout,
  ociTypes,
  sha256,
  writeFiles,
} from '../oci/fixtures.ts';
import { type Fixture, type Ended, useSandbox } from '../run-pipe.ts';
import type { FaultAction } from '../sandbox/faults.ts';
import type { RegistryOptions } from '../sandbox/registry-options.ts';
import { attestedImage, writeAttested } from '../oci/registry/attested.ts';
import { imageEnvironment, smallLayers, writeArchive, writeLayout } from '../oci/registry/images.ts';

const amd64 = attestedImage('amd64');
const arm64 = attestedImage('arm64');

interface Held {
  readonly mediaType: string;
  readonly digest: string;
  readonly fields: Json & { readonly manifests?: readonly Json[]; readonly layers?: readonly Json[] };
}

function held(fixture: Fixture, reference: string): Held | undefined {
  const repository = fixture.sandbox.registry.repositories.get('acme/app');
  const digest = repository?.tags.get(reference) ?? reference;
  const manifest = repository?.manifests.get(digest);
  if (manifest === undefined) return undefined;
  return { mediaType: manifest.mediaType, digest, fields: JSON.parse(manifest.bytes.toString()) as Held['fields'] };
}

async function publish(fixture: Fixture, file: string | undefined, ...args: readonly string[]): Promise<Ended> {
  return await fixture.runPipe({ ...imageEnvironment(fixture, file, ...args), TAGS: 'v2' });
}

async function expectPublished(fixture: Fixture, { exitCode, output }: Ended): Promise<Held> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  for (const tag of ['v1', 'v2']) expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
  const [one, two] = [held(fixture, 'v1'), held(fixture, 'v2')];
  expect(one?.digest).toBe(two?.digest);
  if (one === undefined) throw new Error('the tag does not exist');
  return one;
}

const plainLayer = layer('docker', 2000);
const dockerConfig = { mediaType: docker.config, bytes: config([plainLayer]) };
const dockerLayer = { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', bytes: gzipSync(plainLayer) };
const dockerManifest = {
  mediaType: docker.manifest,
  bytes: json({
    schemaVersion: 2,
    mediaType: docker.manifest,
    config: descriptor(dockerConfig),
    layers: [descriptor(dockerLayer)],
  }),
};
const dockerImage = { manifest: dockerManifest, all: [dockerConfig, dockerLayer, dockerManifest] };

/** Both platforms in one index, each with its attestation. */
const both = index(
  [amd64, arm64].flatMap(({ top }) => (JSON.parse(top.bytes.toString()) as { manifests: readonly Json[] }).manifests),
  { annotations: { 'com.example.index': 'x' } },
);

async function writeBoth(fixture: Fixture): Promise<string> {
  return await writeTop(fixture, both, [...amd64.blobs, ...arm64.blobs, both], 'both');
}

async function writeTop(fixture: Fixture, top: Blob, blobs: readonly Blob[], name: string): Promise<string> {
  await writeFiles(join(fixture.directory, name), layout(index([descriptor(top)]), blobs));
  return name;
}

function errorLine(output: string): string {
  return /^✖ .*(?:\n {2}[A-Z]+ .*)?$/m.exec(output)?.[0] ?? output;
}

describe.each<[string, RegistryOptions]>([
  ['no OCI manifests', { acceptsOci: false }],
  ['no OCI indexes', { acceptsOciIndexes: false }],
])('a registry that accepts %s', (_, registry) => {
  const fixture = useSandbox({ registry });

  it('gets a Docker manifest list of Docker manifests', async () => {
    const ended = await publish(fixture, await writeBoth(fixture));
    const { mediaType, fields } = await expectPublished(fixture, ended);
    expect(mediaType).toBe(docker.index);
    expect(fields).toEqual({
      schemaVersion: 2,
      mediaType: docker.index,
      manifests: ['amd64', 'arm64'].map((architecture) => ({
        mediaType: docker.manifest,
        digest: expect.any(String),
        size: expect.any(Number),
        platform: { os: 'linux', architecture },
      })),
    });
    for (const child of fields.manifests ?? [])
      expect(held(fixture, String(child['digest']))?.mediaType).toBe(docker.manifest);
    expect(ended.output).toMatch(/WARNING: .*PUT .* 415 .*\. Publishing the image with Docker's media types instead\n/);
    expect(ended.output).toMatch(/WARNING: .* Omitted: 2 attestations, com\.example\.index\n/);
  });

  it('gets joined tags with these types, too', async () => {
    for (const [tag, image] of Object.entries({ amd64, arm64 })) {
      const file = await writeAttested(fixture.directory, image, tag);
      const ended = await fixture.runPipe({ ...imageEnvironment(fixture, file), IMAGE: `acme/app:${tag}` });
      expect(ended).toMatchObject({ exitCode: 0 });
    }
    const { mediaType, fields } = await expectPublished(
      fixture,
      await publish(fixture, undefined, '--join', 'amd64', '--join', 'arm64'),
    );
    expect(mediaType).toBe(docker.index);
    expect(fields.manifests?.map((child) => child['mediaType'])).toEqual([docker.manifest, docker.manifest]);
  });
});

describe("joined images with OCI's types, if the registry refuses only OCI indexes", () => {
  const fixture = useSandbox({ registry: { acceptsOciIndexes: false } });

  it('are converted with the index', async () => {
    for (const architecture of ['amd64', 'arm64'])
      await fixture.sandbox.registry.seed('acme/app', { tags: [architecture], config: { architecture } });
    const { fields } = await expectPublished(
      fixture,
      await publish(fixture, undefined, '--join', 'amd64', '--join', 'arm64'),
    );
    expect(fields.manifests?.map((child) => child['mediaType'])).toEqual([docker.manifest, docker.manifest]);
    expect(held(fixture, 'amd64')?.mediaType).toBe(oci.manifest);
  });
});

describe.each<[string, RegistryOptions]>([
  ['415', { ociRefusalStatus: 415, ociRefusalCode: 'UNKNOWN' }],
  ['405', { ociRefusalStatus: 405, ociRefusalCode: 'UNSUPPORTED' }],
  ['422', { ociRefusalStatus: 422, ociRefusalCode: 'UNKNOWN' }],
  ['400 UNSUPPORTED', { ociRefusalStatus: 400, ociRefusalCode: 'UNSUPPORTED' }],
  ['404 MANIFEST_INVALID', { ociRefusalStatus: 404 }],
])('a refusal with %s', (_, registry) => {
  const fixture = useSandbox({ registry: { acceptsOci: false, ...registry } });

  it("leads to Docker's media types", async () => {
    const ended = await publish(fixture, await writeLayout(fixture, smallLayers));
    expect((await expectPublished(fixture, ended)).mediaType).toBe(docker.manifest);
  });
});

describe("if Docker's types are not enough", () => {
  const fixture = useSandbox({ registry: { acceptsOci: false } });

  it('names in a warning what is omitted', async () => {
    const base = {
      'org.opencontainers.image.base.name': 'docker.io/library/alpine:3',
      'org.opencontainers.image.base.digest': '',
    };
    const image = attestedImage(
      'amd64',
      {},
      {
        annotations: base,
        subject: descriptor(arm64.image),
        artifactType: 'application/vnd.example',
      },
    );
    const ended = await publish(fixture, await writeTop(fixture, image.image, image.blobs, 'podman'));
    expect(Object.keys((await expectPublished(fixture, ended)).fields)).toEqual([
      'schemaVersion',
      'mediaType',
      'config',
      'layers',
    ]);
    expect(ended.output).toContain(
      `WARNING: Docker's media types cannot express everything. Omitted: ${Object.keys(base).join(', ')}, subject, artifactType`,
    );
  });

  it('fails for zstd layers, with the refusal and why they cannot be converted', async () => {
    const { exitCode, output } = await publish(
      fixture,
      await writeArchive(fixture, smallLayers),
      '--compression',
      'zstd',
    );
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /✖ \S+:v1 could not be uploaded: .*\n {2}PUT .*: 415 MANIFEST_INVALID: unsupported media type .*oci/,
    );
    expect(output).toMatch(
      /WARNING: The image cannot be published with Docker's media types: the layer sha256:\w+ has the media type .*tar\+zstd, which Docker has no equivalent of: compress layers with gzip\n/,
    );
    expect(held(fixture, 'v1')).toBeUndefined();
  });

  it('fails for an index of attestations only', async () => {
    const [, attestation] = (JSON.parse(amd64.top.bytes.toString()) as { manifests: readonly Json[] }).manifests;
    const top = index([attestation ?? {}]);
    const { exitCode, output } = await publish(fixture, await writeTop(fixture, top, [...amd64.blobs, top], 'odd'));
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /WARNING: The image cannot be published with Docker's media types: the index sha256:\w+ names no image/,
    );
  });

  it('publishes uncompressed layers', async () => {
    const ended = await publish(fixture, await writeArchive(fixture, smallLayers), '--compression', 'none');
    const { fields } = await expectPublished(fixture, ended);
    expect(new Set(fields.layers?.map((each) => each['mediaType']))).toEqual(
      new Set(['application/vnd.docker.image.rootfs.diff.tar']),
    );
  });
});

describe('--format', () => {
  const fixture = useSandbox();

  it("docker publishes Docker's types to a registry that accepts all", async () => {
    const ended = await publish(fixture, await writeLayout(fixture, smallLayers), '--format', 'docker');
    const { mediaType, fields } = await expectPublished(fixture, ended);
    expect(mediaType).toBe(docker.manifest);
    expect(new Set(fields.layers?.map((each) => each['mediaType']))).toEqual(
      new Set(['application/vnd.docker.image.rootfs.diff.tar.gzip']),
    );
    expect(ended.output).not.toContain('WARNING');
  });

  it('docker omits attestations, with a warning', async () => {
    const ended = await publish(fixture, await writeBoth(fixture), '--format', 'docker');
    const { mediaType, fields } = await expectPublished(fixture, ended);
    expect(mediaType).toBe(docker.index);
    expect(fields.manifests).toHaveLength(2);
    expect(ended.output).toMatch(
      /WARNING: Left out 2 attestations and other artifacts, which Docker has no media type/,
    );
    expect(ended.output).toMatch(/WARNING: .* Omitted: com\.example\.index\n/);
    const named = fields.manifests?.flatMap((child) => {
      const { config: ownConfig, layers = [] } = held(fixture, String(child['digest']))?.fields ?? {};
      return [ownConfig, ...layers].map((each) => (each as Json)['digest']);
    });
    const blobs = fixture.sandbox.registry.repositories.get('acme/app')?.blobs;
    expect(new Set(blobs?.keys())).toEqual(new Set(named));
  });

  it('docker converts joined tags', async () => {
    for (const architecture of ['amd64', 'arm64'])
      await fixture.sandbox.registry.seed('acme/app', { tags: [architecture], config: { architecture } });
    const args = ['--format', 'docker', '--join', 'amd64', '--join', 'arm64'];
    const { mediaType, fields } = await expectPublished(fixture, await publish(fixture, undefined, ...args));
    expect(mediaType).toBe(docker.index);
    expect(fields.manifests?.map((child) => child['mediaType'])).toEqual([docker.manifest, docker.manifest]);
  });

  it('docker fails for what Docker has no type for, and publishes nothing', async () => {
    const zstd = await writeArchive(fixture, smallLayers);
    await publish(fixture, zstd, '--compression', 'zstd');
    const before = held(fixture, 'v1')?.digest;
    const { exitCode, output } = await publish(fixture, zstd, '--format', 'docker', '--reuse', 'v1');
    expect(exitCode).toBe(1);
    expect(errorLine(output)).toContain('which Docker has no equivalent of: compress layers with gzip');
    expect(held(fixture, 'v1')?.digest).toBe(before);
  });

  it("oci converts Docker's types", async () => {
    const converted = index([descriptor(dockerImage.manifest, { platform: { os: 'linux', architecture: 'amd64' } })]);
    const list = {
      mediaType: docker.index,
      bytes: Buffer.from(String(converted.bytes).replace(ociTypes.index, docker.index)),
    };
    const file = await writeTop(fixture, list, [...dockerImage.all, list], 'docker');
    const { mediaType, fields } = await expectPublished(fixture, await publish(fixture, file, '--format', 'oci'));
    expect(mediaType).toBe(oci.index);
    const [child] = fields.manifests ?? [];
    expect(child).toMatchObject({ mediaType: oci.manifest, platform: { os: 'linux', architecture: 'amd64' } });
    const image = held(fixture, String(child?.['digest']));
    expect(image).toMatchObject({ mediaType: oci.manifest, fields: { config: { mediaType: oci.config } } });
    expect(image?.fields.layers?.map((each) => each['mediaType'])).toEqual([oci.layer.gzip]);
    expect((await publish(fixture, file)).exitCode).toBe(0);
    expect(held(fixture, 'v1')?.digest).toBe(sha256(list.bytes));
  });
});

describe('--format oci, if the registry accepts only Docker types', () => {
  const fixture = useSandbox({ registry: { acceptsOci: false } });

  it('fails', async () => {
    const ended = await publish(fixture, await writeLayout(fixture, smallLayers), '--format', 'oci');
    expect(ended.exitCode).toBe(1);
    expect(errorLine(ended.output)).toContain('415 MANIFEST_INVALID');
    expect(held(fixture, 'v1')).toBeUndefined();
  });
});

describe('a refusal with another cause', () => {
  const fixture = useSandbox();
  const refusing = (status: number, code: string, message = 'no'): FaultAction => ({
    kind: 'status',
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ errors: [{ code, message }] }),
  });

  it.each([
    ['404 MANIFEST_UNKNOWN, once', refusing(404, 'MANIFEST_UNKNOWN')],
    ['400 MANIFEST_INVALID, once', refusing(400, 'MANIFEST_INVALID')],
    ['415, once', refusing(415, 'UNKNOWN')],
  ])('%s: the image is published unchanged', async (_, action) => {
    fixture.sandbox.inject({ step: 'manifest-put', action });
    const ended = await publish(fixture, await writeBoth(fixture));
    expect((await expectPublished(fixture, ended)).digest).toBe(sha256(both.bytes));
    expect(ended.output).not.toContain("Docker's media types");
    expect(fixture.sandbox.requests.filter(({ fault }) => fault !== undefined)).toHaveLength(1);
  });

  it.each([
    ['400 with a code outside the specification', refusing(400, 'BAD_REQUEST'), /: 400 BAD_REQUEST: no/],
    ['403', refusing(403, 'DENIED'), /: 403 DENIED: no/],
  ])('%s: fails at once', async (_, action, message) => {
    fixture.sandbox.inject({ step: 'manifest-put', times: -1, action });
    const { exitCode, output } = await publish(fixture, await writeLayout(fixture, smallLayers));
    expect(exitCode).toBe(1);
    expect(errorLine(output)).toMatch(message);
    expect(fixture.sandbox.requests.filter(({ fault }) => fault !== undefined)).toHaveLength(1);
  });

  it('a defect that conversion does not fix: the first error is reported', async () => {
    fixture.sandbox.inject({ step: 'manifest-put', times: 2, action: refusing(400, 'MANIFEST_INVALID', 'first') });
    fixture.sandbox.inject({ step: 'manifest-put', times: -1, action: refusing(400, 'MANIFEST_INVALID', 'second') });
    const { exitCode, output } = await publish(fixture, await writeLayout(fixture, smallLayers));
    expect(exitCode).toBe(1);
    expect(errorLine(output)).toContain('MANIFEST_INVALID: first');
    expect(output).toMatch(/WARNING: The image is refused with Docker's media types, too: .*MANIFEST_INVALID: second/);
    expect(held(fixture, 'v1')).toBeUndefined();
  });
});

describe('reading back the manifests of an index before the tag moves', () => {
  const fixture = useSandbox();

  it('publishes nothing if a manifest is not as the index states', async () => {
    const { digest, manifest } = await fixture.sandbox.registry.seed('acme/app', { tags: [] });
    const platform = { os: 'linux', architecture: 'amd64' };
    const entry = { mediaType: docker.manifest, digest, size: manifest.length, platform };
    const content = { schemaVersion: 2, mediaType: docker.index, manifests: [entry] };
    fixture.sandbox.registry.putManifest('acme/app', { mediaType: docker.index, content, tags: ['wrong'] });
    const { exitCode, output } = await publish(fixture, undefined, '--join', 'wrong');
    expect(exitCode).toBe(1);
    expect(errorLine(output)).toContain(
      `the registry has ${digest} as ${oci.manifest}, but its index says ${docker.manifest}`,
    );
    expect(held(fixture, 'v1')).toBeUndefined();
  });

  it.each([
    ['appears late', 3, []],
    ['appears late, even with --retries 0', 3, ['--retries', '0']],
    ['never appears', -1, []],
  ])('sends a manifest that %s once more, and waits for it', async (_, times, args) => {
    const path = `manifests/${sha256(amd64.image.bytes)}`;
    for (const step of ['manifest-get', 'manifest-head'] as const)
      fixture.sandbox.inject({ step, path, times, action: { kind: 'status', status: 404 } });
    const ended = await publish(fixture, await writeBoth(fixture), ...args);
    expect((await expectPublished(fixture, ended)).digest).toBe(sha256(both.bytes));
    const warning = /WARNING: .*: check that it can be pulled\. Not found: sha256:\w+\n/;
    expect(warning.test(ended.output)).toBe(times < 0);
    const once = `WARNING: The registry does not find the manifest ${sha256(amd64.image.bytes)}. Trying again\n`;
    expect(ended.output.split(once)).toHaveLength(2);
    const puts = fixture.sandbox.requests.filter(({ method, path: asked }) => method === 'PUT' && asked.endsWith(path));
    expect(puts).toHaveLength(2);
  });
});
