/** What refers to an image: published after it, listed for registries without referrers, and never taken for an image. */

import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createRegistryClient } from '../../../pipe/oci/registry/client.ts';
import { listReferrer } from '../../../pipe/oci/registry/referrers-tag.ts';
import { testClient } from '../../http/test-client.ts';
import { answer, serve } from '../../http/test-servers.ts';
import { type Ended, useSandbox } from '../../run-pipe.ts';
import {
  type Blob,
  blob,
  descriptor,
  index,
  json,
  type Json,
  layer,
  layout,
  manifest,
  ociTypes,
  sha256,
  writeFiles,
} from '../fixtures.ts';
import { attestedImage, writeAttested } from './attested.ts';
import { gzipImage, imageEnvironment } from './images.ts';

const empty = blob('application/vnd.oci.empty.v1+json', Buffer.from('{}'));
const image = gzipImage([layer('app', 2000)]);
const other = gzipImage([layer('other', 2000)]);
const sbomType = 'application/vnd.example.sbom';

/** An artifact as `oras attach` makes it. */
function artifact(subject: Blob, content: string): { readonly made: Blob; readonly blobs: readonly Blob[] } {
  const data = blob('application/json', json({ content }));
  const made = manifest(empty, [data], {
    artifactType: sbomType,
    subject: descriptor(subject),
    annotations: { 'com.example.content': content },
  });
  return { made, blobs: [empty, data, made] };
}

const sbom = artifact(image.manifest, 'SBOM');
const signature = artifact(sbom.made, 'signature of the SBOM');
const ofOther = artifact(other.manifest, 'SBOM of the other');

/** As `oras cp -r` writes it: only images have names. */
const files = layout(
  index([
    descriptor(signature.made, { artifactType: sbomType }),
    descriptor(sbom.made, { artifactType: sbomType }),
    descriptor(image.manifest, { annotations: { 'org.opencontainers.image.ref.name': 'v1' } }),
    descriptor(other.manifest, { annotations: { 'org.opencontainers.image.ref.name': 'v2' } }),
    descriptor(ofOther.made, { artifactType: sbomType }),
  ]),
  [...image.all, ...other.all, ...sbom.blobs, ...signature.blobs, ...ofOther.blobs],
);

const tagOf = ({ bytes }: Blob): string => sha256(bytes).replace(':', '-');
const entryOf = ({ made }: { readonly made: Blob }, content: string): Json =>
  descriptor(made, { artifactType: sbomType, annotations: { 'com.example.content': content } });

describe.each([
  ['without a list of referrers', { needsSubjects: true }, [tagOf(image.manifest), tagOf(sbom.made), 'v1']],
  ['that lists referrers', { needsSubjects: true, referrers: true }, ['v1']],
])('a registry %s', (_, registry, tags) => {
  const fixture = useSandbox({ registry });

  it('gets what refers to the image, and no more', async () => {
    await writeFiles(join(fixture.directory, 'layout'), files);
    const { exitCode, output } = await fixture.runPipe(imageEnvironment(fixture, 'layout'));
    expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
    const repository = fixture.sandbox.registry.repositories.get('acme/app');
    expect(repository?.tags.get('v1')).toBe(sha256(image.manifest.bytes));
    expect([...(repository?.tags.keys() ?? [])].sort()).toEqual(tags.toSorted());
    for (const { bytes } of [sbom.made, signature.made])
      expect(repository?.manifests.get(sha256(bytes))?.bytes).toEqual(bytes);
    for (const tag of tags) expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
    expect(repository?.manifests.has(sha256(ofOther.made.bytes))).toBe(false);
    expect(output).toContain(
      `WARNING: Left out what refers to anything that is not published: ${sha256(ofOther.made.bytes)} (${sbomType}) refers to ${sha256(other.manifest.bytes)}`,
    );
  });
});

describe('the list of what refers to a manifest', () => {
  const fixture = useSandbox();

  function listed(subject: Blob): Json {
    const repository = fixture.sandbox.registry.repositories.get('acme/app');
    return JSON.parse(String(repository?.manifests.get(repository.tags.get(tagOf(subject)) ?? '')?.bytes)) as Json;
  }

  async function push(): Promise<Ended> {
    await writeFiles(join(fixture.directory, 'layout'), files);
    return await fixture.runPipe(imageEnvironment(fixture, 'layout'));
  }

  it('keeps what is there, and is not written again', async () => {
    const theirs = artifact(image.manifest, 'theirs');
    const { registry } = fixture.sandbox;
    registry.putBlob('acme/app', theirs.blobs[1]?.bytes ?? '');
    registry.putBlob('acme/app', empty.bytes);
    registry.putManifest('acme/app', { mediaType: ociTypes.manifest, content: theirs.made.bytes });
    const before = index([entryOf(theirs, 'theirs')]);
    registry.putManifest('acme/app', {
      mediaType: ociTypes.index,
      content: before.bytes,
      tags: [tagOf(image.manifest)],
    });
    expect(await push()).toMatchObject({ exitCode: 0 });
    expect(listed(image.manifest)['manifests']).toEqual([entryOf(theirs, 'theirs'), entryOf(sbom, 'SBOM')]);
    const after = fixture.sandbox.requests.length;
    expect(await push()).toMatchObject({ exitCode: 0 });
    const puts = fixture.sandbox.requests.slice(after).filter(({ method }) => method === 'PUT');
    expect(puts.filter(({ path }) => path.includes('/manifests/sha256-'))).toEqual([]);
  });

  it('has the attestations that BuildKit makes', async () => {
    const attested = attestedImage('amd64');
    const file = await writeAttested(fixture.directory, attested, 'attested');
    expect(await fixture.runPipe(imageEnvironment(fixture, file))).toMatchObject({ exitCode: 0 });
    const artifactType = 'application/vnd.docker.attestation.manifest.v1+json';
    expect(listed(attested.image)['manifests']).toEqual([descriptor(attested.attestation, { artifactType })]);
  });

  it("has the type of an artifact's config if it names no other", async () => {
    const config = blob('application/vnd.example.config', Buffer.from('{}'));
    const old = manifest(config, [], { subject: descriptor(image.manifest) });
    const names = { annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
    const both = index([descriptor(image.manifest, names), descriptor(old)]);
    await writeFiles(join(fixture.directory, 'layout'), layout(both, [...image.all, config, old]));
    expect(await fixture.runPipe(imageEnvironment(fixture, 'layout'))).toMatchObject({ exitCode: 0 });
    expect(listed(image.manifest)['manifests']).toEqual([descriptor(old, { artifactType: config.mediaType })]);
  });

  it('is a warning if the registry refuses it', async () => {
    fixture.sandbox.inject({
      step: 'manifest-put',
      path: `manifests/${tagOf(image.manifest)}`,
      times: -1,
      action: { kind: 'status', status: 403 },
    });
    const { exitCode, output } = await push();
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining(
        `WARNING: ${sha256(sbom.made.bytes)} is published, but not in the list of what refers to ${sha256(image.manifest.bytes)}: `,
      ),
    });
  });

  it('is not needed if the registry refuses what refers to the image', async () => {
    fixture.sandbox.inject({
      step: 'manifest-put',
      path: `manifests/${sha256(sbom.made.bytes)}`,
      times: -1,
      action: { kind: 'status', status: 400 },
    });
    const { exitCode, output } = await push();
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringMatching(/WARNING: .*400.*\. Left out sha256:\w+, which refers to the image/),
    });
  });
});

describe('an artifact in a layout of its own', () => {
  const fixture = useSandbox();

  it('is published as it is', async () => {
    await writeFiles(join(fixture.directory, 'layout'), layout(index([descriptor(sbom.made)]), sbom.blobs));
    expect(await fixture.runPipe(imageEnvironment(fixture, 'layout'))).toMatchObject({ exitCode: 0 });
    const repository = fixture.sandbox.registry.repositories.get('acme/app');
    expect(repository?.tags.get('v1')).toBe(sha256(sbom.made.bytes));
  });
});

it('the list of what refers to an image is written five times at most, if others replace it each time', async () => {
  const { made } = sbom;
  const subject = sha256(image.manifest.bytes);
  let reads = 0;
  await using server = await serve(async (exchange) => {
    const others = json({ schemaVersion: 2, manifests: [], annotations: { read: String(reads++) } });
    const isRead = exchange.request.method === 'GET';
    await answer(isRead ? 200 : 201, isRead ? others.toString() : '', { 'content-type': ociTypes.index })(exchange);
  });
  await using http = testClient();
  const client = createRegistryClient(http, server.url(), 'acme/app');
  const document = { mediaType: made.mediaType, digest: sha256(made.bytes), bytes: made.bytes };
  await expect(listReferrer(document, subject, { client, patience: { baseMs: 1, limitMs: 30 } })).rejects.toThrow(
    `tag ${subject.replace(':', '-')} is written by others all the time`,
  );
  expect(server.received.filter(({ method }) => method === 'PUT')).toHaveLength(5);
});
