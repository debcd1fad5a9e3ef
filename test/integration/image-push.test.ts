/** The bundle pushes images from the Docker Engine to Debian's registry; Docker and skopeo read them back. */

import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startBundle, type Variables } from '../run-bundle.ts';
import { account, type DebianRegistry, startDebianRegistry } from './debian-registry.ts';

jest.setTimeout(60_000);

const name = `image-push-${randomBytes(4).toString('hex')}`;
const engineHost = process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
const execute = promisify(execFile);
let root = '';
/** Both serve the same images: one requires credentials, the other does not. */
let guarded: DebianRegistry | undefined;
let open: DebianRegistry | undefined;
let diffIds: readonly string[] = [];

const at = (...path: readonly string[]): string => join(root, ...path);
const run = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await execute(program, args, { maxBuffer: 16 * 1024 ** 2 })).stdout;
const skopeo = async (...args: readonly string[]): Promise<string> => await run('skopeo', '--insecure-policy', ...args);
const greeting = (version: string): string => `This is ${name}, version ${version}.\n`;

function registries(): { guarded: DebianRegistry; open: DebianRegistry } {
  if (guarded === undefined || open === undefined) throw new Error('the registries only exist during a test');
  return { guarded, open };
}

/** A program and its libraries, 2 MB that do not compress, a repeated small layer, and last the layer that differs. */
async function build(version: string): Promise<void> {
  await writeFile(at('context/greeting'), greeting(version));
  const lines = ['FROM scratch', 'COPY system /', 'COPY random /', 'COPY one /', 'COPY other /', 'COPY one /'];
  lines.push('COPY greeting /', `CMD ["/program", "/greeting"]`);
  await writeFile(at('context/Dockerfile'), lines.join('\n'));
  await run('docker', 'build', '--quiet', '--force-rm', '--tag', `${name}:${version}`, at('context'));
  await run('docker', 'save', '--output', at(`${version}.tar`), `${name}:${version}`);
}

async function copySystem(target: string): Promise<void> {
  const program = await realpath('/bin/cat');
  const libraries = [...(await run('ldd', program)).matchAll(/(\/\S+) \(/g)].map(([, path = '']) => path);
  for (const path of libraries) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await copyFile(path, join(target, path));
  }
  await copyFile(program, join(target, 'program'));
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'image-push-'));
  [guarded, open] = await Promise.all([
    startDebianRegistry(at('registry'), { hasPasswords: true }),
    startDebianRegistry(at('registry')),
  ]);
  await mkdir(at('context/system'), { recursive: true });
  await copySystem(at('context/system'));
  await writeFile(at('context/random'), randomBytes(2_000_000));
  for (const file of ['one', 'other']) await writeFile(at(`context/${file}`), `${file} of ${name}`);
  await build('1');
  await build('2');
  diffIds = JSON.parse(
    await run('docker', 'image', 'inspect', '--format', '{{json .RootFS.Layers}}', `${name}:1`),
  ) as string[];
  const from = `docker-archive:${at('1.tar')}`;
  await skopeo('copy', '--quiet', from, `oci-archive:${at('oci.tar')}:${name}:1`);
  await skopeo('copy', '--quiet', from, `oci:${at('layout')}:${name}:1`);
  await skopeo('copy', '--quiet', '--dest-compress-format=zstd', from, `oci:${at('zstd-layout')}:${name}:1`);
}, 60_000);

afterAll(async () => {
  await Promise.all([guarded?.close(), open?.close()]);
  const images = await run('docker', 'image', 'ls', '--format', '{{.Repository}}:{{.Tag}}');
  const ours = images.split('\n').filter((image) => image.includes(name));
  if (ours.length > 0) await run('docker', 'image', 'rm', '--force', ...ours);
  await rm(root, { recursive: true, force: true });
});

interface Pushed {
  readonly exitCode: number | null;
  readonly output: string;
  /** The digest that the pipe reported. */
  readonly digest: string;
  /** How many blobs the registry received. */
  readonly blobs: number;
}

/** With debug output, which is the most likely place to leak a secret. */
async function push(env: Variables, ...extraArgs: readonly string[]): Promise<Pushed> {
  const all = {
    DOCKER_HOST: engineHost,
    REGISTRY: registries().guarded.host,
    USERNAME: account.username,
    TOKEN: account.password,
    DEBUG: 'true',
    EXTRA_ARGS: JSON.stringify(['--output', 'result.json', ...extraArgs]),
    ...env,
  };
  await rm(at('result.json'), { force: true });
  const before = uploads();
  const { exitCode, output } = await startBundle(all, { cwd: root }).ended;
  const result = JSON.parse(await readFile(at('result.json'), 'utf8')) as { items: { digest?: string }[] };
  return {
    exitCode,
    output,
    digest: result.items[0]?.digest ?? '',
    blobs: uploads() - before,
  };
}

function uploads(): number {
  const { guarded: one, open: other } = registries();
  return [...one.requests(), ...other.requests()].filter((request) => /^PUT .*\/blobs\/uploads\//.test(request)).length;
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string }[];
}

/** The manifest as skopeo reads it, after comparing its bytes with the digest that the pipe reported. */
async function inspect(reference: string, digest: string): Promise<Manifest> {
  const address = `docker://${registries().open.host}/${reference}`;
  const { stdout } = await execute('skopeo', ['inspect', '--raw', '--tls-verify=false', address], {
    encoding: 'buffer',
  });
  expect(sha256(stdout)).toBe(digest);
  return JSON.parse(stdout.toString()) as Manifest;
}

/** skopeo verifies the digest of every blob; uncompressed, the layers must be those that Docker built. */
async function readBack(reference: string): Promise<void> {
  const address = `docker://${registries().open.host}/${reference}`;
  const directory = at(`read-${basename(reference.replace(':', '-'))}`);
  await skopeo('copy', '--quiet', '--src-tls-verify=false', address, `dir:${directory}`);
  const uncompressed = `${directory}-uncompressed`;
  await skopeo('copy', '--quiet', '--src-tls-verify=false', '--dest-decompress', address, `dir:${uncompressed}`);
  const manifest = JSON.parse(await readFile(join(uncompressed, 'manifest.json'), 'utf8')) as Manifest;
  expect(manifest.layers.map((layer) => layer.digest)).toEqual(diffIds);
  for (const diffId of new Set(diffIds))
    expect(sha256(await readFile(join(uncompressed, diffId.slice('sha256:'.length))))).toBe(diffId);
}

/** Removes the image from the engine first, so that all layers are pulled. */
async function pullAndRun(reference: string): Promise<string> {
  const image = `${registries().open.host}/${reference}`;
  await forget();
  await run('docker', 'pull', '--quiet', image);
  return await runImage(image);
}

async function forget(): Promise<void> {
  const images = await run('docker', 'image', 'ls', '--format', '{{.Repository}}:{{.Tag}}');
  const ours = images.split('\n').filter((image) => image.includes(name));
  if (ours.length > 0) await run('docker', 'image', 'rm', ...ours);
}

async function runImage(image: string): Promise<string> {
  return await run('docker', 'run', '--rm', '--network=none', '--name', `${name}-run`, image);
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
const zstd = 'application/vnd.oci.image.layer.v1.tar+zstd';
const none = 'application/vnd.oci.image.layer.v1.tar';

it.each([
  // The engine first: later tests remove its image.
  { source: 'the engine', path: undefined, compression: 'gzip', layerType: gzip },
  { source: 'the engine', path: undefined, compression: 'zstd', layerType: zstd },
  { source: 'the engine', path: undefined, compression: 'none', layerType: none },
  { source: 'a docker archive', path: '1.tar', compression: 'gzip', layerType: gzip },
  { source: 'a docker archive', path: '1.tar', compression: 'zstd', layerType: zstd },
  { source: 'a docker archive', path: '1.tar', compression: 'none', layerType: none },
  { source: 'an OCI archive', path: 'oci.tar', compression: 'gzip', layerType: gzip },
  { source: 'an OCI layout', path: 'layout', compression: 'gzip', layerType: gzip },
  { source: 'an OCI layout of zstd layers', path: 'zstd-layout', compression: 'gzip', layerType: zstd },
])('$source, --compression $compression', async ({ source, path, compression, layerType }) => {
  const repository = `${name}/${source.replaceAll(' ', '-').toLowerCase()}-${compression}`;
  const isEngine = path === undefined;
  if (isEngine) await run('docker', 'tag', `${name}:1`, `${registries().guarded.host}/${repository}:1`);
  const image = isEngine ? `${registries().guarded.host}/${repository}:1` : `${repository}:1`;
  const env: Record<string, string> = isEngine ? {} : { FILENAME: path };
  const pushed = await push({ IMAGE: image, ...env }, '--compression', compression);
  expect(pushed).toMatchObject({ exitCode: 0 });
  expect(pushed.output).toMatch(/^✔ /m);
  // The config, and each different layer once.
  expect(pushed.blobs).toBe(1 + new Set(diffIds).size);
  const manifest = await inspect(`${repository}:1`, pushed.digest);
  expect(new Set(manifest.layers.map(({ mediaType }) => mediaType))).toEqual(new Set([layerType]));
  await readBack(`${repository}:1`);
});

it('publishes without a token if the registry requires none', async () => {
  const repository = `${name}/open`;
  const pushed = await push({
    IMAGE: `${repository}:1`,
    FILENAME: '1.tar',
    REGISTRY: registries().open.host,
    USERNAME: '',
    TOKEN: '',
  });
  expect(pushed).toMatchObject({ exitCode: 0 });
  await inspect(`${repository}:1`, pushed.digest);
});

it('fails with a wrong token', async () => {
  const token = 'not-the-token-Hj3Kd8Sx5Pm1Qc6W';
  const pushed = await push({ IMAGE: `${name}/refused:1`, FILENAME: '1.tar', TOKEN: token });
  expect(pushed).toMatchObject({ exitCode: 1, blobs: 0 });
  expect(pushed.output).toMatch(/^✖ .*\n.*401/m);
});

it('sends only the layer that changed, and nothing for a further tag', async () => {
  const repository = `${name}/again`;
  const first = await push({ IMAGE: `${repository}:1`, FILENAME: '1.tar', TAGS: 'latest' });
  expect(first).toMatchObject({ exitCode: 0, blobs: 1 + new Set(diffIds).size });
  const second = await push({ IMAGE: `${repository}:2`, FILENAME: '2.tar' });
  // With its config.
  expect(second).toMatchObject({ exitCode: 0, blobs: 2 });
  const [before, after] = [
    await inspect(`${repository}:1`, first.digest),
    await inspect(`${repository}:2`, second.digest),
  ];
  expect(after.layers.slice(0, -1)).toEqual(before.layers.slice(0, -1));
  expect(after.layers.at(-1)).not.toEqual(before.layers.at(-1));
  const third = await push({ IMAGE: `${repository}:3`, FILENAME: '2.tar' }, '--reuse', '2');
  expect(third).toMatchObject({ exitCode: 0, blobs: 0, digest: second.digest });
  await inspect(`${repository}:3`, second.digest);
});

it('publishes two images of the engine in one run, and their common layers once', async () => {
  const images = ['1', '2'].map((tag) => ({ built: `${name}:${tag}`, repository: `${name}/service${tag}` }));
  for (const { built, repository } of images) await run('docker', 'tag', built, `${repository}:1`);
  const pushed = await push({ IMAGE: JSON.stringify(images.map(({ repository }) => `${repository}:1`)) });
  // The second has another last layer, and another config.
  expect(pushed).toMatchObject({ exitCode: 0, blobs: 1 + new Set(diffIds).size + 2 });
  const [first, second] = await Promise.all(
    images.map(
      async ({ repository }) =>
        JSON.parse(
          await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${registries().open.host}/${repository}:1`),
        ) as Manifest,
    ),
  );
  expect(second?.layers.slice(0, -1)).toEqual(first?.layers.slice(0, -1));
  expect(second?.layers.at(-1)).not.toEqual(first?.layers.at(-1));
});

describe('Docker runs the pushed image', () => {
  it.each(['gzip', 'none'])('%s, pulled by the engine', async (compression) => {
    const pushed = await push(
      { IMAGE: `${name}/run-${compression}:1`, FILENAME: '1.tar' },
      '--compression',
      compression,
    );
    expect(pushed).toMatchObject({ exitCode: 0 });
    expect(await pullAndRun(`${name}/run-${compression}:1`)).toBe(greeting('1'));
  });

  it('zstd, pulled by skopeo, since Docker Engine 20.10 cannot', async () => {
    const reference = `${name}/run-zstd:1`;
    expect(await push({ IMAGE: reference, FILENAME: '1.tar' }, '--compression', 'zstd')).toMatchObject({ exitCode: 0 });
    // skopeo writes no Docker archive of zstd layers.
    const [address, directory] = [`docker://${registries().open.host}/${reference}`, `dir:${at('zstd')}`];
    await skopeo('copy', '--quiet', '--src-tls-verify=false', '--dest-decompress', address, directory);
    await skopeo('copy', '--quiet', directory, `docker-archive:${at('zstd.tar')}:${name}:zstd`);
    await forget();
    await run('docker', 'load', '--quiet', '--input', at('zstd.tar'));
    expect(await runImage(`${name}:zstd`)).toBe(greeting('1'));
  });
});
