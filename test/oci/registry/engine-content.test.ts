/** Engines with the containerd image store serve an image's blobs one by one. */

import { afterEach, expect, it } from '@jest/globals';
import type { FakeContent } from '../engine/fake-content.ts';
import { answer, type FakeEngine, type FakeEngineOptions, send, startEngine } from '../engine/fake-engine.ts';
import { descriptor, digestsOf, filesOf, index, layer, layout, sha256 } from '../fixtures.ts';
import { tar } from '../../archive/tar/tar-writer.ts';
import { type Ended, useSandbox } from '../../run-pipe.ts';
import { gzipImage, imageEnvironment, noise } from './images.ts';

const fixture = useSandbox();
const base = [layer('base', 5000), tar([{ name: 'large.bin', content: noise(3 * 1024 * 1024) }])];
const images = ['first', 'second'].map((name) => {
  const contents = [...base, layer(name)];
  return { contents, image: gzipImage(contents) };
});

let engine: FakeEngine | undefined;
afterEach(async () => await engine?.close());

/** An engine with both images, tagged v0 and v1. */
async function startWith(content: FakeEngineOptions['content']): Promise<FakeEngine> {
  const routes = images.map(({ contents, image: { manifest, all } }, number) => [
    [
      `/images/acme/app:v${number}/json`,
      answer({
        Id: sha256(manifest.bytes),
        Descriptor: descriptor(manifest),
        Os: 'linux',
        Architecture: 'amd64',
        RootFS: { Type: 'layers', Layers: digestsOf(contents) },
      }),
    ],
    [`/images/acme/app:v${number}/get`, send(tar(filesOf(layout(index([descriptor(manifest)]), [manifest, ...all]))))],
  ]);
  const options = { apiVersion: '1.51', ...(content !== undefined && { content }) };
  engine = await startEngine(Object.fromEntries(routes.flat()), options);
  return engine;
}

const allBlobs = images.flatMap(({ image }) => [image.manifest, ...image.all].map(({ bytes }) => bytes));

async function push({ host }: FakeEngine, tag: string, ...args: readonly string[]): Promise<Ended> {
  const env = imageEnvironment(fixture, undefined, ...args);
  return await fixture.runPipe({ ...env, IMAGE: `acme/app:${tag}`, DOCKER_HOST: host });
}

async function expectPublished({ exitCode, output }: Ended, tag: string): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
}

const exportsOf = ({ requests }: FakeEngine): number => requests.filter((path) => path.includes('/get')).length;

it('are asked only for the layers that the registry does not have', async () => {
  const calls: string[] = [];
  const containerd = await startWith({ blobs: allBlobs, calls });
  const first = await push(containerd, 'v0');
  await expectPublished(first, 'v0');
  expect(first.output).toMatch(/from acme\/app:v0 of the Docker Engine.*: 3 layers, 3\.15 MB/);
  calls.length = 0;
  const second = await push(containerd, 'v1', '--reuse', 'v0');
  await expectPublished(second, 'v1');
  const large = images[1]?.image.all.find(({ bytes }) => bytes.length > 1024 * 1024);
  expect(large).toBeDefined();
  expect(calls).not.toContain(`Read ${sha256(large?.bytes ?? '')} ${large?.bytes.length ?? 0}`);
  expect(second.output).toMatch(/1 layer sent/);
  expect(exportsOf(containerd)).toBe(0);
  expect(fixture.sandbox.registry.repositories.get('acme/app')?.tags.get('v1')).toBe(
    sha256(images[1]?.image.manifest.bytes ?? ''),
  );
});

it('may refuse that: then the image is exported', async () => {
  const other = await startWith({ status: 403 });
  await expectPublished(await push(other, 'v0'), 'v0');
  expect(exportsOf(other)).toBe(1);
});

it.each<NonNullable<FakeContent['fault']>>(['cut', 'short', 'refused'])(
  'may fail (%s): then so does the run',
  async (fault) => {
    const failing = await startWith({ blobs: allBlobs, fault });
    const { exitCode, output } = await push(failing, 'v0', '--retries', '0');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ .*sha256:\w+ could not be read from the Docker Engine at /);
    expect(fixture.sandbox.registry.repositories.get('acme/app')?.tags.get('v0')).toBeUndefined();
  },
);
