/** `--dry-run` of an image reads what it needs for the plan, and sends nothing. */

import { expect, it } from '@jest/globals';
import { answer, send, startEngine } from '../../oci/engine/fake-engine.ts';
import { config, digestsOf, legacyEntries, sha256 } from '../../oci/fixtures.ts';
import { imageEnvironment, smallLayers, writeArchive, writeLayout } from '../../oci/registry/images.ts';
import { tar } from '../../archive/tar/tar-writer.ts';
import { type Ended, useSandbox } from '../../run-pipe.ts';

const fixture = useSandbox();

async function plan(file: string | undefined, args: readonly string[] = [], DOCKER_HOST?: string): Promise<Ended> {
  return await fixture.runPipe({ ...imageEnvironment(fixture, file, '--dry-run', ...args), DOCKER_HOST, TAGS: 'v2' });
}

function expectPlanned({ exitCode, output }: Ended, source: RegExp): void {
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(source) });
  expect(output).toMatch(/INFO: Publishing \S+\/acme\/app:v1, \S+\/acme\/app:v2$/m);
  expect(output).toMatch(/^✔ Dry run: nothing was sent$/m);
}

it.each([
  ['an archive', writeArchive, /INFO: {3}from docker archive app\.tar: 5 layers, [\d.]+ k?B$/m],
  ['a layout', writeLayout, /INFO: {3}from OCI layout layout: 5 layers, [\d.]+ k?B$/m],
] as const)('of %s makes no request', async (_, write, source) => {
  expectPlanned(await plan(await write(fixture, smallLayers)), source);
  expect(fixture.sandbox.requests).toEqual([]);
});

it('of an image in the Docker Engine makes no request to the registry, and exports nothing', async () => {
  const bytes = config(smallLayers);
  const facts = {
    Id: sha256(bytes),
    Os: 'linux',
    Architecture: 'amd64',
    RootFS: { Type: 'layers', Layers: digestsOf(smallLayers) },
  };
  const archive = send(tar(legacyEntries(smallLayers, bytes)));
  const names = ['acme/app:v1', `${new URL(fixture.sandbox.registryUrl).host}/acme/app:v1`];
  const engine = await startEngine(
    Object.fromEntries(
      names.flatMap((name) => [
        [`/images/${name}/json`, answer(facts)],
        [`/images/${name}/get`, archive],
      ]),
    ),
  );
  try {
    expectPlanned(await plan(undefined, [], engine.host), /INFO: {3}from \S+:v1 of the Docker Engine at /);
    expect(engine.requests.filter((target) => target.includes('/get'))).toEqual([]);
    expect(fixture.sandbox.requests).toEqual([]);
  } finally {
    await engine.close();
  }
});

it('of joined tags only reads them', async () => {
  const { registry } = fixture.sandbox;
  for (const architecture of ['amd64', 'arm64'])
    await registry.seed('acme/app', { tags: [architecture], config: { architecture } });
  const before = registry.repositories.get('acme/app')?.manifests.size;
  expectPlanned(await plan(undefined, ['--join', 'amd64', '--join', 'arm64']), /INFO: {3}from .*amd64.*arm64/);
  expect(new Set(fixture.sandbox.requests.map(({ method }) => method))).toEqual(new Set(['GET']));
  expect(registry.repositories.get('acme/app')?.manifests.size).toBe(before);
  expect(registry.repositories.get('acme/app')?.tags.has('v1')).toBe(false);
});
