/** Layers of other repositories are mounted instead of sent, where the registry allows it. */

import { describe, expect, it } from '@jest/globals';
import { imageEnvironment, layers, writeArchive, writeLayout } from '../../oci/registry/images.ts';
import { layer, sha256 } from '../../oci/fixtures.ts';
import { attestedImage, writeAttested } from '../../oci/registry/attested.ts';
import { type Ended, type Fixture, useSandbox } from '../../run-pipe.ts';
import type { RegistryOptions } from '../../sandbox/registry-options.ts';

const packages = ['acme/app', 'acme/base'];
const own = [
  layer('base', 300_000),
  layer('system', 2000),
  layer('tools', 40_000),
  layer('more', 700),
  layer('app', 500),
];
const base = own.slice(0, 3);

async function publishBase(fixture: Fixture): Promise<void> {
  const env = imageEnvironment(fixture, await writeArchive(fixture, base));
  const { exitCode, output } = await fixture.runPipe({ ...env, IMAGE: 'acme/base:1' });
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
}

/** The requests before the latest run. */
let before = 0;

async function publish(fixture: Fixture, file: string, reuse: string): Promise<Ended> {
  before = fixture.sandbox.requests.length;
  const ended = await fixture.runPipe(imageEnvironment(fixture, file, '--reuse', reuse));
  expect({ exitCode: ended.exitCode, output: ended.exitCode === 0 ? '' : ended.output }).toEqual({
    exitCode: 0,
    output: '',
  });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  return ended;
}

const count = (fixture: Fixture, step: 'mount' | 'start' | 'token'): number =>
  fixture.sandbox.requests.slice(before).filter(({ steps }) => steps.includes(step)).length;

const mounted = ({ sandbox }: Fixture): number =>
  [...(sandbox.registry.repositories.get('acme/app')?.blobs.values() ?? [])].filter((blob) => blob.mounted).length;

describe.each<[string, RegistryOptions]>([
  ['tokens', {}],
  ['Basic', { authentication: 'basic' }],
  ['no authentication', { authentication: 'none' }],
])('with %s', (_, registry) => {
  const fixture = useSandbox({ registry: { packages, ...registry } });

  it('sends only what the other repository does not have', async () => {
    await publishBase(fixture);
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(output).toMatch(/layer 1 of 5: mounted from acme\/base:1, .*sha256:/);
    expect(output).toMatch(/^✔ Published .*\n {2}2 layers sent, \d+ B\n {2}3 layers reused or already there/m);
    expect([count(fixture, 'mount'), mounted(fixture)]).toEqual([3, 3]);
    // Two layers and the config.
    expect(count(fixture, 'start') - count(fixture, 'mount')).toBe(3);
    expect(count(fixture, 'token')).toBe(registry.authentication === undefined ? 1 : 0);
  });

  it('mounts nothing that the repository has already', async () => {
    await publishBase(fixture);
    const file = await writeArchive(fixture, own);
    await publish(fixture, file, 'acme/base:1');
    await publish(fixture, file, 'acme/base:1');
    expect([count(fixture, 'mount'), count(fixture, 'start')]).toEqual([0, 0]);
  });
});

describe('layers whose digests are known', () => {
  const fixture = useSandbox({ registry: { packages } });

  it('are mounted as well', async () => {
    const env = imageEnvironment(fixture, await writeLayout(fixture, layers, 'base'));
    await fixture.runPipe({ ...env, IMAGE: 'acme/base:1' });
    const { output } = await publish(
      fixture,
      await writeLayout(fixture, [...layers, layer('more', 700)]),
      'acme/base:1',
    );
    // Two of the six are identical.
    expect(mounted(fixture)).toBe(5);
    expect(output).toMatch(/^ {2}1 layer sent/m);
  });
});

describe('an attested image', () => {
  const fixture = useSandbox({ registry: { packages } });

  it('takes the layers with its own bytes, and keeps its digest', async () => {
    const [first, second] = [attestedImage('amd64'), attestedImage('arm64')];
    const env = imageEnvironment(fixture, await writeAttested(fixture.directory, first, 'first'));
    await fixture.runPipe({ ...env, IMAGE: 'acme/base:1' });
    await publish(fixture, await writeAttested(fixture.directory, second, 'second'), 'acme/base:1');
    // The base is for another platform.
    expect(mounted(fixture)).toBe(0);
    const same = attestedImage('amd64', {}, { annotations: { another: 'yes' } });
    await publish(fixture, await writeAttested(fixture.directory, same, 'same'), 'acme/base:1');
    expect(mounted(fixture)).toBe(1);
    expect(fixture.sandbox.registry.repositories.get('acme/app')?.tags.get('v1')).toBe(sha256(same.top.bytes));
  });
});

describe('a registry that does not mount', () => {
  const fixture = useSandbox({ registry: { packages, mounts: false } });

  it('is asked until it has answered once, and gets all layers', async () => {
    await publishBase(fixture);
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(output.match(/The registry does not take layers from acme\/base/g)).toHaveLength(1);
    // Layers are sent at the same time, so the first answers come after the first questions.
    expect(count(fixture, 'mount')).toBeLessThanOrEqual(3);
    expect(output).toMatch(/^ {2}5 layers sent/m);
  });
});

describe('a repository that cannot be read', () => {
  const fixture = useSandbox({ registry: { packages } });

  it.each([
    ['there is none', 'acme/none:1', /WARNING: acme\/none:1 is not reused: .*\n/],
    [
      'it has no such tag',
      'acme/base:2',
      /WARNING: acme\/base:2 is not reused: the registry shows no such tag to this account, or/,
    ],
    [
      'it is of another workspace',
      'others/base:1',
      /WARNING: others\/base:1 is not reused: the registry shows no such tag/,
    ],
  ])('is a warning if %s', async (_, reuse, warning) => {
    await publishBase(fixture);
    const { output } = await publish(fixture, await writeArchive(fixture, own), reuse);
    expect(output).toMatch(warning);
    expect(count(fixture, 'mount')).toBe(0);
  });

  it('is done without if the realm then refuses every token', async () => {
    await publishBase(fixture);
    const scope = 'acme%2Fbase';
    fixture.sandbox.inject({ step: 'token', path: scope, times: 9, action: { kind: 'status', status: 403 } });
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(output).toMatch(/DEBUG: .*403.*Asking without access to acme\/base/);
    expect(output).toMatch(/WARNING: acme\/base:1 is not reused/);
    expect(output).toMatch(/^ {2}5 layers sent/m);
  });
});

describe('what the run can do without', () => {
  const fixture = useSandbox({ registry: { packages } });

  it.each([
    ['resets the connection', { kind: 'reset', afterBytes: 0 }],
    ['answers 503', { kind: 'status', status: 503 }],
  ] as const)('is another repository whose server %s', async (_, action) => {
    await publishBase(fixture);
    fixture.sandbox.inject({ path: 'acme/base/manifests', times: -1, action });
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(output).toMatch(/WARNING: acme\/base:1 is not reused: /);
    expect(output).toMatch(/^ {2}5 layers sent/m);
  });

  it('is a mount that the registry claims, but has not made', async () => {
    await publishBase(fixture);
    fixture.sandbox.inject({ step: 'mount', times: -1, action: { kind: 'status', status: 201 } });
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(output).toMatch(/^ {2}5 layers sent/m);
  });
});

describe('a refused mount', () => {
  const fixture = useSandbox({ registry: { packages } });

  it.each([400, 403, 404, 405, 500])('with %d means that the layer is sent', async (status) => {
    await publishBase(fixture);
    fixture.sandbox.inject({ step: 'mount', times: 9, action: { kind: 'status', status } });
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(output).toMatch(/^ {2}5 layers sent/m);
  });

  it('with 429 is repeated twice only', async () => {
    await publishBase(fixture);
    fixture.sandbox.inject({ step: 'mount', times: -1, action: { kind: 'status', status: 429 } });
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(output).toMatch(/^ {2}5 layers sent/m);
    // Three layers at the same time.
    expect(count(fixture, 'mount')).toBeLessThanOrEqual(9);
  });

  it('with 429 is repeated', async () => {
    await publishBase(fixture);
    fixture.sandbox.inject({ step: 'mount', times: 1, action: { kind: 'status', status: 429 } });
    const { output } = await publish(fixture, await writeArchive(fixture, own), 'acme/base:1');
    expect(mounted(fixture)).toBe(3);
    expect(output).toMatch(/^ {2}2 layers sent/m);
  });
});
