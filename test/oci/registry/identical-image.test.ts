/** Engines with the containerd image store state the digest that an image has in a registry. */

import { afterEach, describe, expect, it } from '@jest/globals';
import { answer, type FakeEngine, send, startEngine } from '../engine/fake-engine.ts';
import { descriptor, digestsOf, filesOf, index, layer, layout, sha256 } from '../fixtures.ts';
import { tar } from '../../archive/tar/tar-writer.ts';
import { type Ended, useSandbox } from '../../run-pipe.ts';
import { gzipImage, imageEnvironment } from './images.ts';

const fixture = useSandbox();
const contents = [layer('base', 5000), layer('app', 700)];
const platforms = ['amd64', 'arm64'].map((architecture) => ({
  architecture,
  image: gzipImage([...contents, layer(architecture)], { architecture }),
}));
const top = index(
  platforms.map(({ architecture, image }) => descriptor(image.manifest, { platform: { os: 'linux', architecture } })),
);
const archive = tar(filesOf(layout(index([descriptor(top)]), [top, ...platforms.flatMap(({ image }) => image.all)])));
const facts = {
  Id: sha256(top.bytes),
  Os: 'linux',
  Architecture: 'amd64',
  RootFS: { Type: 'layers', Layers: digestsOf([...contents, layer('amd64')]) },
};
const withDescriptor = { ...facts, Descriptor: descriptor(top) };

let engine: FakeEngine | undefined;
afterEach(async () => await engine?.close());

async function startWith(inspected: object): Promise<FakeEngine> {
  const routes = ['v1', 'v2'].map((tag) => [
    [`/images/acme/app:${tag}/json`, answer(inspected)],
    [`/images/acme/app:${tag}/get`, send(archive)],
  ]);
  engine = await startEngine(Object.fromEntries(routes.flat()), { apiVersion: '1.51' });
  return engine;
}

async function push({ host }: FakeEngine, tag: string, ...args: readonly string[]): Promise<Ended> {
  const env = imageEnvironment(fixture, undefined, ...args);
  return await fixture.runPipe({ ...env, IMAGE: `acme/app:${tag}`, DOCKER_HOST: host });
}

async function expectPublished({ exitCode, output }: Ended, tag: string): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
}

const exportsOf = ({ requests }: FakeEngine): number => requests.filter((path) => path.includes('/get')).length;

describe('an image that the registry already has under another tag', () => {
  it('is not exported again if the engine states its digest', async () => {
    const containerd = await startWith(withDescriptor);
    await expectPublished(await push(containerd, 'v1'), 'v1');
    expect(exportsOf(containerd)).toBe(1);
    const again = await push(containerd, 'v2');
    await expectPublished(again, 'v2');
    expect(exportsOf(containerd)).toBe(1);
    expect(again.output).toContain(`This image is already published as ${facts.Id}; nothing to send`);
    const tags = fixture.sandbox.registry.repositories.get('acme/app')?.tags;
    expect([tags?.get('v1'), tags?.get('v2')]).toEqual([facts.Id, facts.Id]);
  });

  it.each([
    ['the engine does not state its digest', facts, []],
    ['--reuse is none', withDescriptor, ['--reuse', 'none']],
    ['only one platform is requested', withDescriptor, ['--platform', 'linux/arm64']],
  ] as const)('is exported if %s', async (_, inspected, args) => {
    const other = await startWith(inspected);
    await expectPublished(await push(other, 'v1'), 'v1');
    await expectPublished(await push(other, 'v2', ...args), 'v2');
    expect(exportsOf(other)).toBe(2);
  });
});
