/** The base image is pulled by its tag, or by the digest that it is pinned to. */

import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { account, type DebianRegistry, startDebianRegistry } from '../integration/debian-registry.ts';
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
  await mkdir(join(directory, 'ci-scripts'));
  for (const name of ['names.sh', 'pin-base.sh', 'pull-base.sh', 'settings.sh'])
    await cp(join(root, 'ci-scripts', name), join(directory, 'ci-scripts', name));
  await writeFile(join(directory, 'Dockerfile'), `ARG BASE=${base}\n`);
});
afterAll(async () => {
  await registry?.close();
  const images = await outputOf('docker', ['image', 'ls', '--quiet', '--no-trunc', base.replace(/:1$/, '')]);
  await outputOf('docker', ['image', 'rm', '--force', ...new Set(images.split('\n'))]);
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
  const credentials = { DOCKERHUB_USERNAME: account.username, DOCKERHUB_TOKEN: account.password, HOME: directory };
  const pull = async (more: Variables): Promise<Finished> => await runScript('pull-base.sh', [architecture], more);

  expect(await pull({ ...credentials, RELEASE_REGISTRY: 'docker.io' })).toMatchObject({ exitCode: 1 });
  expect(await pull({ ...credentials, RELEASE_REGISTRY: closed.host, DOCKERHUB_TOKEN: '' })).toMatchObject({
    exitCode: 1,
  });
  const pulled = await pull({ ...credentials, RELEASE_REGISTRY: closed.host });
  expect(pulled).toEqual({ exitCode: 0, output: expect.stringContaining(` ${digest}\n`) });
  expect(existsSync(join(directory, '.docker'))).toBe(false);
  await outputOf('docker', ['image', 'rm', '--force', `${closed.host}/base:1`]);
});

/** Serves the same images, to those who know the password. */
async function closedRegistry(): Promise<AsyncDisposable & { readonly host: string }> {
  const served = await startDebianRegistry(join(directory, 'registry'), { hasPasswords: true });
  return { host: served.host, [Symbol.asyncDispose]: async () => await served.close() };
}
