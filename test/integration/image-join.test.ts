/** The bundle joins images with attestations, also with Docker's media types; skopeo and Docker pull the result. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { docker, oci } from '../../pipe/oci/media-types.ts';
import type { Json } from '../oci/fixtures.ts';
import { attestedImage, writeAttested } from '../oci/registry/attested.ts';
import { type Ended, startBundle, type Variables } from '../run-bundle.ts';
import { type DebianRegistry, startDebianRegistry } from './debian-registry.ts';
import { startOldRegistry } from './old-registry.ts';

jest.setTimeout(60_000);

const name = `image-join-${randomBytes(4).toString('hex')}`;
const images = { amd64: attestedImage('amd64'), arm64: attestedImage('arm64', { variant: 'v8' }) };
const execute = promisify(execFile);
let root = '';
let registry: DebianRegistry | undefined;
/** IDs, since the same name is pulled for several platforms. */
const pulled = new Set<string>();

const at = (...path: readonly string[]): string => join(root, ...path);

function host(): string {
  if (registry === undefined) throw new Error('the registry only exists during a test');
  return registry.host;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'image-join-'));
  registry = await startDebianRegistry(at('registry'));
  for (const [architecture, image] of Object.entries(images)) await writeAttested(root, image, architecture);
});

afterAll(async () => {
  if (pulled.size > 0) await execute('docker', ['image', 'rm', '--force', ...pulled]);
  await registry?.close();
  await rm(root, { recursive: true, force: true });
});

async function publish(env: Variables, ...extraArgs: readonly string[]): Promise<Ended> {
  const all = { TYPE: 'image', EXTRA_ARGS: JSON.stringify(extraArgs), ...env };
  return await startBundle(all, { cwd: root }).ended;
}

interface Index {
  readonly mediaType: string;
  readonly manifests: readonly Json[];
}

/** The index behind a reference. */
async function inspect(reference: string): Promise<Index> {
  const args = ['inspect', '--raw', '--tls-verify=false', `docker://${host()}/${reference}`];
  return JSON.parse((await execute('skopeo', args)).stdout) as Index;
}

/** Copies every image and blob of the index: skopeo verifies all digests. */
async function copyAll(reference: string): Promise<Index> {
  const directory = at(`copy-${randomBytes(4).toString('hex')}`);
  const from = `docker://${host()}/${reference}`;
  const flags = ['--quiet', '--all', '--src-tls-verify=false', '--preserve-digests'];
  await execute('skopeo', ['--insecure-policy', 'copy', ...flags, from, `dir:${directory}`]);
  return JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as Index;
}

async function pull(reference: string, platform: string): Promise<string> {
  const image = `${host()}/${reference}`;
  await execute('docker', ['pull', '--quiet', `--platform=${platform}`, image]);
  const format = '{{.Id}} {{.Os}}/{{.Architecture}}';
  const { stdout } = await execute('docker', ['image', 'inspect', `--format=${format}`, image]);
  const [id = '', found = ''] = stdout.trim().split(' ');
  pulled.add(id);
  return found;
}

async function pushBoth(repository: string, to: string): Promise<void> {
  for (const architecture of Object.keys(images)) {
    const ended = await publish({ REGISTRY: to, IMAGE: `${repository}:${architecture}`, FILENAME: architecture });
    expect(ended).toMatchObject({ exitCode: 0, output: expect.stringMatching(/^✔ /m) });
  }
}

async function expectPullable(reference: string, top: Index): Promise<void> {
  expect(await copyAll(reference)).toEqual(top);
  for (const platform of ['linux/amd64', 'linux/arm64']) expect(await pull(reference, platform)).toBe(platform);
}

it('joins images with their attestations', async () => {
  const repository = `${name}/joined`;
  await pushBoth(repository, host());
  const env = { REGISTRY: host(), IMAGE: `${repository}:1.0`, TAGS: 'latest' };
  expect(await publish(env, '--join', 'amd64', '--join', 'arm64')).toMatchObject({ exitCode: 0 });
  const top = await inspect(`${repository}:1.0`);
  const own = Object.values(images).map((image) => JSON.parse(image.top.bytes.toString()) as Index);
  expect(top).toEqual({
    schemaVersion: 2,
    mediaType: oci.index,
    manifests: own.flatMap(({ manifests }) => manifests),
  });
  expect(await inspect(`${repository}:latest`)).toEqual(top);
  await expectPullable(`${repository}:1.0`, top);
});

describe.each([
  ['no OCI manifests, and answers 415', { types: /vnd\.oci\./, status: 415, code: 'MANIFEST_INVALID' }],
  ['no OCI manifests, and answers 400', { types: /vnd\.oci\./, status: 400, code: 'MANIFEST_INVALID' }],
  ['no OCI indexes, and answers 405', { types: /vnd\.oci\.image\.index/, status: 405, code: 'UNSUPPORTED' }],
])('a registry that accepts %s', (_, refusing) => {
  it('gets an image that can be pulled, including a joined one', async () => {
    const repository = `${name}/old-${refusing.status}`;
    const old = await startOldRegistry(host(), refusing);
    try {
      await pushBoth(repository, old.host);
      const env = { REGISTRY: old.host, IMAGE: `${repository}:1.0` };
      expect(await publish(env, '--join', 'amd64', '--join', 'arm64')).toMatchObject({ exitCode: 0 });
      expect(old.refused.length).toBeGreaterThan(0);
    } finally {
      await old.close();
    }
    const top = await inspect(`${repository}:1.0`);
    expect(top).toMatchObject({
      mediaType: docker.index,
      manifests: [
        { mediaType: docker.manifest, platform: { os: 'linux', architecture: 'amd64' } },
        { mediaType: docker.manifest, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      ],
    });
    await expectPullable(`${repository}:1.0`, top);
  });
});
