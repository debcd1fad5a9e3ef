/**
 * The bundle pushes images that other tools made to Debian's registry and to distribution 3; crane, oras and skopeo read
 * them back. `IMAGE_TOOLS` is where ci-scripts/install-image-tools.sh has installed the tools that Debian does not have.
 */

import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { docker } from '../../pipe/oci/media-types.ts';
import { type Ended, startBundle } from '../run-bundle.ts';
import { type DebianRegistry, startDebianRegistry } from './debian-registry.ts';
import * as tools from './image-tools.ts';

jest.setTimeout(240_000);

let root = '';
const registries = new Map<string, DebianRegistry>();

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'image-tools-'));
  registries.set('2', await startDebianRegistry(join(root, 'registry-2')));
  registries.set('3', await startDebianRegistry(join(root, 'registry-3'), { program: tools.toolPath('registry') }));
  await tools.writeContext(root);
  const host = hostOf('2');
  // The others start from Podman's archive, or from skopeo's layout.
  await Promise.all([
    tools.makeWithPodman(root).then(async () => {
      await tools.makeWithBuildah(root);
      await tools.makeWithSkopeo(root);
      await tools.makeWithKo(root, host);
      await tools.makeWithOras(root);
    }),
    tools.makeWithUmoci(root),
    tools.makeWithCrane(root, host),
    tools.makeWithBuildKit(root),
  ]);
}, 240_000);

afterAll(async () => {
  await Promise.all([...registries.values()].map(async (registry) => await registry.close()));
  await rm(root, { recursive: true, force: true });
});

function hostOf(version: string): string {
  const registry = registries.get(version);
  if (registry === undefined) throw new Error('the registries only exist during a test');
  return registry.host;
}

interface Pushed extends Ended {
  readonly digest: string;
}

async function push(version: string, reference: string, path: string, ...args: readonly string[]): Promise<Pushed> {
  const result = `result-${randomBytes(4).toString('hex')}.json`;
  const ended = await startBundle(
    {
      TYPE: 'image',
      REGISTRY: hostOf(version),
      IMAGE: reference,
      ...(path !== '' && { FILENAME: path }),
      EXTRA_ARGS: JSON.stringify(['--output', result, ...args]),
    },
    { cwd: root },
  ).ended;
  // Without a result, the image could not be read.
  const text = await readFile(join(root, result), 'utf8').catch(() => '{"items":[]}');
  const { items } = JSON.parse(text) as { items: { digest?: string }[] };
  return { ...ended, digest: items[0]?.digest ?? '' };
}

interface Manifest {
  readonly mediaType?: string;
  readonly layers?: readonly { readonly mediaType: string }[];
  readonly manifests?: readonly { readonly platform?: { readonly architecture: string } }[];
}

/** The bytes behind the tag have the reported digest, and everything below it is there and intact. */
async function expectReadable(version: string, reference: string, digest: string): Promise<Manifest> {
  const address = `${hostOf(version)}/${reference}`;
  const run = tools.runIn(root);
  const raw = await run('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${address}`);
  expect(`sha256:${createHash('sha256').update(raw).digest('hex')}`).toBe(digest);
  if (/zstd|buildkit-plain/.test(reference)) {
    // crane reads only gzip layers.
    const target = `dir:read-${randomBytes(4).toString('hex')}`;
    const flags = ['--quiet', '--all', '--preserve-digests', '--src-tls-verify=false'];
    await run('skopeo', '--insecure-policy', 'copy', ...flags, `docker://${address}`, target);
  } else await run('crane', 'validate', '--insecure', '--remote', address);
  return JSON.parse(raw) as Manifest;
}

/** The digest of the only image in a layout or an archive of one, which must not change. */
async function digestIn(path: string): Promise<string> {
  const run = tools.runIn(root);
  const index =
    path.endsWith('.tar') || path.endsWith('archive')
      ? await run('tar', '--extract', '--to-stdout', '--file', path, 'index.json')
      : await readFile(join(root, path, 'index.json'), 'utf8');
  return (JSON.parse(index) as { manifests: { digest: string }[] }).manifests[0]?.digest ?? '';
}

describe.each(['2', '3'])('distribution %s', (version) => {
  it.each([
    'podman-docker-archive',
    'podman-multi',
    'buildah-docker.tar',
    'skopeo-docker.tar',
    'crane-append.tar',
    'crane-tarball',
    'crane-legacy',
    'ko.tar',
  ])('gets the image in %s, a docker archive', async (path) => {
    const reference = `docker/${path.toLowerCase()}/app:1`;
    const { exitCode, output, digest } = await push(version, reference, path);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.not.stringContaining('WARNING') });
    await expectReadable(version, reference, digest);
  });

  it.each([
    'podman-oci-archive',
    'podman-oci-dir',
    'podman-manifest',
    'buildah-oci.tar',
    'buildah-layout',
    'skopeo-layout',
    'skopeo-zstd.tar',
    'umoci',
    'crane-oci',
    'crane-index',
    'ko-layout',
    'oras-artifact',
    'oras-sbom',
    'oras-recursive',
    'buildkit-amd64.tar',
    'buildkit-arm64.tar',
    'buildkit-both.tar',
    'buildkit-plain.tar',
    'buildkit-zstd.tar',
  ])('gets the image in %s unchanged', async (path) => {
    const reference = `oci/${path}:1`;
    const { exitCode, output, digest } = await push(version, reference, path);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.not.stringContaining('WARNING') });
    expect(digest).toBe(await digestIn(path));
    await expectReadable(version, reference, digest);
  });

  it.each(['podman-docker-dir', 'skopeo-dir'])(
    'gets the image in %s after the conversion that is advised',
    async (path) => {
      const { exitCode, output } = await push(version, `dir/${path}:1`, path);
      expect(exitCode).toBe(1);
      const command = /Convert it: skopeo copy (dir:\S+) oci:LAYOUT/.exec(output)?.[1] ?? output;
      await tools.runIn(root)(
        'skopeo',
        '--insecure-policy',
        'copy',
        '--quiet',
        command,
        `oci:converted-${path}-${version}`,
      );
      const converted = await push(version, `dir/${path}:1`, `converted-${path}-${version}`);
      expect(converted.exitCode).toBe(0);
      await expectReadable(version, `dir/${path}:1`, converted.digest);
    },
  );

  it.each(['oras-sbom', 'oras-recursive', 'buildkit-amd64.tar'])(
    'lists what refers to the image in %s',
    async (path) => {
      const reference = `referrers/${path}:1`;
      const { digest } = await push(version, reference, path);
      const { manifests: [image] = [] } = (await expectReadable(version, reference, digest)) as {
        manifests?: { digest: string }[];
      };
      const subject = `${hostOf(version)}/referrers/${path}@${image?.digest ?? digest}`;
      const list = await tools.runIn(root)('oras', 'discover', '--plain-http', '--format', 'json', subject);
      const types = [...list.matchAll(/"artifactType": "([^"]+)"/g)].map(([, type]) => type);
      expect(types).toEqual([
        path.startsWith('oras')
          ? 'application/vnd.example.sbom'
          : 'application/vnd.docker.attestation.manifest.v1+json',
      ]);
    },
  );

  it('joins images that BuildKit made for one platform each', async () => {
    for (const architecture of ['amd64', 'arm64'])
      expect(await push(version, `joined/app:${architecture}`, `buildkit-${architecture}.tar`)).toMatchObject({
        exitCode: 0,
      });
    const { exitCode, digest } = await push(version, 'joined/app:1', '', '--join', 'amd64', '--join', 'arm64');
    expect(exitCode).toBe(0);
    const { manifests = [] } = await expectReadable(version, 'joined/app:1', digest);
    const unknown = { architecture: 'unknown' };
    expect(manifests).toMatchObject(
      [{ architecture: 'amd64' }, unknown, { architecture: 'arm64' }, unknown].map((platform) => ({ platform })),
    );
  });

  it('gets one plain manifest with --platform and --format docker', async () => {
    const args = ['--platform', 'linux/arm64', '--format', 'docker'];
    const { exitCode, digest } = await push(version, 'plain/app:1', 'buildkit-both.tar', ...args);
    expect(exitCode).toBe(0);
    const { mediaType, layers } = await expectReadable(version, 'plain/app:1', digest);
    expect(mediaType).toBe(docker.manifest);
    expect(layers).toMatchObject(
      layers?.map(() => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' })) ?? [],
    );
  });

  it('gets compressed layers without the attestation if --compression asks for it', async () => {
    const { exitCode, output, digest } = await push(
      version,
      'compressed/app:1',
      'buildkit-plain.tar',
      '--compression',
      'gzip',
    );
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(/WARNING: Left out sha256:/) });
    const { manifests } = await expectReadable(version, 'compressed/app:1', digest);
    expect(manifests?.map(({ platform }) => platform?.architecture)).toEqual(['amd64']);
  });
});
