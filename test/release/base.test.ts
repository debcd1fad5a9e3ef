/** The base image is pulled by its tag, or by the digest that it is pinned to. */

import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { account, type DebianRegistry, startDebianRegistry } from '../integration/debian-registry.ts';
import { docker } from '../../pipe/oci/media-types.ts';
import { type Finished, outputOf, runCommand } from './run-command.ts';

const root = join(__dirname, '..', '..');
type Variables = Readonly<Record<string, string>>;

let directory = '';
let registry: DebianRegistry | undefined;
let base = '';
let architecture = '';

/** Pushes another base image under the same tag. @returns its digest */
async function push(content: string): Promise<string> {
  await writeFile(join(directory, 'content'), content);
  await outputOf('bash', ['-c', `set -o pipefail; tar --create content | docker import - ${base}`], { cwd: directory });
  const output = await outputOf('docker', ['push', base]);
  return /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1] ?? output;
}

async function runScript(name: string, words: readonly string[] = [], more: Variables = {}): Promise<Finished> {
  const env = { ...process.env, BASE_IMAGE_AMD64: '', BASE_IMAGE_ARM64: '', BASE_DIGEST: '', ...more };
  return await runCommand(join(directory, 'ci-scripts', name), words, { env });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'base-'));
  registry = await startDebianRegistry(join(directory, 'registry'));
  base = `${registry.host}/base:1`;
  architecture = await outputOf('docker', ['version', '--format={{.Server.Arch}}']);
  await cp(join(root, 'ci-scripts'), join(directory, 'ci-scripts'), { recursive: true });
  for (const name of ['node_modules', 'package.json', 'pipe']) await symlink(join(root, name), join(directory, name));
  await writeFile(join(directory, 'Dockerfile'), `ARG BASE=${base}\n`);
});
afterAll(async () => {
  await registry?.close();
  await removeImages();
  await rm(directory, { recursive: true });
});

it('pulls what the tag names until the base is pinned, and the same image from then on', async () => {
  const first = await push('first');
  const pulled = await runScript('pull-base.sh', [architecture]);
  expect(pulled).toEqual({ exitCode: 0, output: expect.stringMatching(`sha256:[0-9a-f]{64} ${first}\n$`) });

  expect((await runScript('pin-base.sh')).exitCode).toBe(0);
  expect(await readFile(join(directory, 'ci-scripts/base-digest'), 'utf8')).toBe(`${first}\n`);
  const second = await push('second');
  expect(second).not.toBe(first);
  expect((await runScript('pull-base.sh', [architecture])).output).toContain(` ${first}\n`);

  expect((await runScript('pin-base.sh')).output).toContain(`✔ Pinned the base image: ${second}\n`);
  expect((await runScript('pull-base.sh', [architecture])).output).toContain(` ${second}\n`);
});

describe('for another architecture', () => {
  let foreign = '';
  let own = '';
  let index = '';

  /** Pushes one image for each of two architectures, and an index of both under the same tag. */
  beforeAll(async () => {
    await rm(join(directory, 'ci-scripts/base-digest'), { force: true });
    foreign = architecture === 'arm64' ? 'amd64' : 'arm64';
    own = await push('for this machine');
    const digests = { [architecture]: own, [foreign]: await pushEmpty(foreign) };
    const manifests = await Promise.all(
      Object.entries(digests).map(async ([name, digest]) => ({
        mediaType: docker.manifest,
        digest,
        size: await sizeOf(digest),
        platform: { os: 'linux', architecture: name },
      })),
    );
    const body = JSON.stringify({ schemaVersion: 2, mediaType: docker.index, manifests });
    const url = `http://${registry?.host}/v2/base/manifests/1`;
    const stored = await fetch(url, { method: 'PUT', headers: { 'content-type': docker.index }, body });
    index = stored.headers.get('docker-content-digest') ?? '';
    await removeImages();
  });

  const pulled = async (name: string, more?: Variables): Promise<Finished> =>
    await runScript('pull-base.sh', [name], more);

  it.each(['by tag', 'by digest'])('pulls the part of what is named %s, without --platform', async (how) => {
    const more = how === 'by tag' ? {} : { BASE_DIGEST: index };
    const { exitCode, output } = await pulled(foreign, more);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(`sha256:\\S+ ${index}\n$`) });
    const [id = ''] = output.trimEnd().split('\n').at(-1)?.split(' ') ?? [];
    expect(await outputOf('docker', ['image', 'inspect', '--format={{.Architecture}}', id])).toBe(foreign);
    expect((await pulled(architecture, more)).output).toMatch(new RegExp(` ${index}\n$`));
  });

  it('fails if there is none', async () => {
    await push('for this machine only');
    await removeImages();
    const { exitCode, output } = await pulled(foreign);
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining(`for ${foreign} is not on`) });
    const unknown = await pulled('s390x', { BASE_DIGEST: index });
    expect(unknown).toEqual({ exitCode: 1, output: expect.stringContaining('has no image for linux/s390x') });
  });
});

it('fails, and pins nothing, if the pinned image can be had from nowhere', async () => {
  await writeFile(join(directory, 'ci-scripts/base-digest'), `sha256:${'0'.repeat(64)}\n`);
  const { exitCode, output } = await runScript('pull-base.sh', [architecture]);
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringMatching(/✖ the base image .*@sha256:0+ for/),
  });
});

it('logs in to the registry of the release, and to no other, and leaves no password behind', async () => {
  await rm(join(directory, 'ci-scripts/base-digest'));
  const digest = await push('private');
  await using closed = await closedRegistry();
  await writeFile(join(directory, 'Dockerfile'), `ARG BASE=${closed.host}/base:1\n`);
  const foreign = architecture === 'arm64' ? 'amd64' : 'arm64';
  const credentials = { DOCKERHUB_USERNAME: account.username, DOCKERHUB_TOKEN: account.password, HOME: directory };
  const pull = async (more: Variables): Promise<Finished> => await runScript('pull-base.sh', [architecture], more);

  expect(await pull({ ...credentials, RELEASE_REGISTRY: 'docker.io' })).toMatchObject({ exitCode: 1 });
  expect(await pull({ ...credentials, RELEASE_REGISTRY: closed.host, DOCKERHUB_TOKEN: '' })).toMatchObject({
    exitCode: 1,
  });
  const pulled = await pull({ ...credentials, RELEASE_REGISTRY: closed.host });
  expect(pulled).toEqual({ exitCode: 0, output: expect.stringContaining(` ${digest}\n`) });
  // This image is for one architecture only, which the registry tells nobody else.
  const other = await runScript('pull-base.sh', [foreign], { ...credentials, RELEASE_REGISTRY: closed.host });
  expect(other).toEqual({ exitCode: 1, output: expect.stringContaining(`for ${foreign} is not on this machine`) });
  expect(other.output).toContain(closed.host);
  const stranger = await runScript('pull-base.sh', [foreign], { ...credentials, RELEASE_REGISTRY: 'docker.io' });
  expect(stranger).toEqual({ exitCode: 1, output: expect.stringContaining('401') });
  expect(existsSync(join(directory, '.docker'))).toBe(false);
  await outputOf('docker', ['image', 'rm', '--force', `${closed.host}/base:1`]);
});

/** Pushes an image without files. @returns its digest */
async function pushEmpty(name: string): Promise<string> {
  const empty = (await outputOf(join(root, 'ci-scripts/make-empty-image.sh'), [name])).split('\n').at(-1) ?? '';
  const reference = `${registry?.host}/base:${name}`;
  await writeFile(join(directory, 'Dockerfile.empty'), `FROM ${empty}\nCOPY content /\n`);
  const env = { ...process.env, DOCKER_BUILDKIT: '0' };
  const words = ['build', '--quiet', '--force-rm', '--file=Dockerfile.empty', `--tag=${reference}`, '.'];
  await writeFile(join(directory, '.dockerignore'), '*\n!content\n!Dockerfile.empty\n');
  await outputOf('docker', words, { cwd: directory, env });
  const output = await outputOf('docker', ['push', reference]);
  return /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1] ?? output;
}

async function sizeOf(digest: string): Promise<number> {
  const headers = { accept: docker.manifest };
  return (await (await fetch(`http://${registry?.host}/v2/base/manifests/${digest}`, { headers })).bytes()).length;
}

/** So that they have to be pulled. */
async function removeImages(): Promise<void> {
  const images = await outputOf('docker', ['image', 'ls', '--quiet', '--no-trunc', base.replace(/:1$/, '')]);
  if (images !== '') await outputOf('docker', ['image', 'rm', '--force', ...new Set(images.split('\n'))]);
}

/** Serves the same images, to those who know the password. */
async function closedRegistry(): Promise<AsyncDisposable & { readonly host: string }> {
  const served = await startDebianRegistry(join(directory, 'registry'), { hasPasswords: true });
  return { host: served.host, [Symbol.asyncDispose]: async () => await served.close() };
}
