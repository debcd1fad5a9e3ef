/** How the rules of a registry and the user's options affect a push. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { text } from '../compression/samples.ts';
import { layer } from '../oci/fixtures.ts';
import { tar } from '../archive/tar/tar-writer.ts';
import { type Fixture, type Ended, useSandbox } from '../run-pipe.ts';
import type { FaultAction } from '../sandbox/faults.ts';
import type { RegistryOptions } from '../sandbox/registry-options.ts';
import type { RegistryStep } from '../sandbox/registry-steps.ts';
import { imageEnvironment, smallLayers, writeArchive, writeLayout, writePlatforms } from '../oci/registry/images.ts';

type More = Readonly<Record<string, string | undefined>>;

interface Result {
  readonly items: readonly unknown[];
}

const anonymous: More = { USERNAME: undefined, TOKEN: undefined };

async function push(fixture: Fixture, file: string, more: More = {}, ...args: readonly string[]): Promise<Ended> {
  return await fixture.runPipe({ ...imageEnvironment(fixture, file, ...args), ...more });
}

async function expectPublished(fixture: Fixture, { exitCode, output }: Ended, tag = 'v1'): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
}

function digestUnder(fixture: Fixture, tag: string): string | undefined {
  return fixture.sandbox.registry.repositories.get('acme/app')?.tags.get(tag);
}

/** The steps of all requests after this many, in order. */
function stepsSince(fixture: Fixture, requests: number): readonly RegistryStep[] {
  return fixture.sandbox.requests.slice(requests).flatMap(({ steps }) => steps);
}

function count(steps: readonly RegistryStep[], wanted: RegistryStep): number {
  return steps.filter((step) => step === wanted).length;
}

describe.each([
  ['tokens', {}],
  ['passwords', { authentication: 'basic' }],
] as const)('a registry that requires %s', (_, registry) => {
  const fixture = useSandbox({ registry });

  it('refuses an anonymous push, with an error that says what to set', async () => {
    const { exitCode, output } = await push(fixture, await writeLayout(fixture, smallLayers), anonymous);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ .*\n.*: 401 /);
    expect(output).toContain('The registry asks for credentials: set USERNAME and TOKEN.');
    expect(output).toMatch(/app:v1: NOT published\n/);
    expect(fixture.sandbox.requests.filter(({ steps }) => steps.includes('start'))).toEqual([]);
    expect(fixture.sandbox.registry.repositories.get('acme/app')?.manifests.size).toBe(0);
  });
});

describe.each([
  ['issues tokens to anonymous users', { anonymous: 'push' }],
  ['asks for a password only if needed', { anonymous: 'push', authentication: 'basic' }],
  ['never asks for credentials', { authentication: 'none' }],
] as const)('a registry that %s', (_, registry: RegistryOptions) => {
  const fixture = useSandbox({ registry });

  it('accepts an anonymous push', async () => {
    await expectPublished(fixture, await push(fixture, await writeLayout(fixture, smallLayers), anonymous));
    const credentials = fixture.sandbox.requests.flatMap(({ headers }) => headers.authorization ?? []);
    expect(credentials.filter((value) => !value.startsWith('Bearer '))).toEqual([]);
  });
});

describe.each([
  ['only other images', {}],
  ['any push', { refusesSame: true }],
  ['any push, as a conflict', { refusesSame: true, immutableStatus: 409, immutableCode: 'CONFLICT' }],
  ['any push, as a bad request', { refusesSame: true, immutableStatus: 400 }],
] as const)('an immutable tag that refuses %s', (_, more: RegistryOptions) => {
  const fixture = useSandbox({ registry: { immutableTags: '.*', ...more } });

  it.each([
    ['an archive', writeArchive],
    ['a layout', writeLayout],
  ])('accepts the same run again, from %s', async (__, write) => {
    const file = await write(fixture, smallLayers);
    await expectPublished(fixture, await push(fixture, file, { TAGS: 'v2' }));
    const first = digestUnder(fixture, 'v1');
    const { length } = fixture.sandbox.requests;
    const again = await push(fixture, file, { TAGS: 'v2' });
    await expectPublished(fixture, again);
    await expectPublished(fixture, again, 'v2');
    expect(again.output).not.toContain('WARNING');
    expect(count(stepsSince(fixture, length), 'start')).toBe(0);
    expect([digestUnder(fixture, 'v1'), digestUnder(fixture, 'v2')]).toEqual([first, first]);
  });

  it('refuses another image, with advice, and without any change', async () => {
    await expectPublished(fixture, await push(fixture, await writeLayout(fixture, smallLayers)));
    const repository = fixture.sandbox.registry.repositories.get('acme/app');
    const before = { tags: [...(repository?.tags ?? [])], manifests: [...(repository?.manifests.keys() ?? [])] };
    const { exitCode, output } = await push(fixture, await writeLayout(fixture, [layer('another', 900)], 'another'));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ (?:.*\n)?.*immutable/);
    expect(output).toContain('The tag v1 already exists and is immutable: publish under another tag');
    expect(output).toMatch(/app:v1: NOT published: v1 is there already with other content; left as it is/);
    expect(output).not.toContain("Docker's");
    expect({ tags: [...(repository?.tags ?? [])], manifests: [...(repository?.manifests.keys() ?? [])] }).toEqual(
      before,
    );
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  });
});

describe('a success that does not come from a registry', () => {
  const fixture = useSandbox();
  const headers = { 'content-type': 'text/html' };
  const body = '<!DOCTYPE html><html><head><title>Sign in</title></head></html>';
  const page: FaultAction = { kind: 'status', status: 200, headers, body };
  const namesPage = 'answered 200 with a web page, "Sign in" (text/html)';

  it.each<[string, RegistryStep, FaultAction, string]>([
    ['a sign-in page at the start of an upload', 'start', page, '200 Sign in'],
    ['a sign-in page for a blob', 'commit', page, namesPage],
    ['a sign-in page for the manifest', 'manifest-put', page, namesPage],
    ['an empty answer for the manifest', 'manifest-put', { kind: 'status', status: 200, body: '' }, 'no such tag'],
    ['a sign-in page for reading back', 'manifest-get', page, namesPage],
    ['a sign-in page instead of a token', 'token', page, namesPage],
    [
      'an error instead of a token',
      'token',
      { kind: 'status', status: 200, body: '{"errors":[{"code":"DENIED","message":"who are you"}]}' },
      'answered 200 with an error, "DENIED: who are you"',
    ],
  ])('%s is a failure', async (_, step, action, words) => {
    fixture.sandbox.inject({ step, times: -1, action });
    const file = await writeLayout(fixture, smallLayers);
    const { exitCode, output } = await push(fixture, file, {}, '--reuse', 'none');
    expect(output).toContain(words);
    if (words !== 'no such tag')
      expect(output).toContain('What to do: Something other than the server may have answered: check that REG');
    expect(output).toMatch(/app:v1: (?:NOT published|sent, but not confirmed)/);
    expect(exitCode).toBe(1);
  });

  it.each([
    ['once', 1, 0],
    ['always', -1, 1],
  ])(
    'an empty answer for the manifest of a platform, %s: the pipe checks, and sends it again',
    async (_, times, code) => {
      const action: FaultAction = { kind: 'status', status: 204, body: '' };
      fixture.sandbox.inject({ step: 'manifest-put', path: 'sha256:', times, action });
      const file = await writePlatforms(fixture, ['amd64', 'arm64']);
      const ended = await push(fixture, file, {}, '--reuse', 'none');
      expect(ended.exitCode).toBe(code);
      if (code === 0) await expectPublished(fixture, ended);
      else expect(ended.output).toContain('answered 204 to the manifest, but does not have it');
    },
  );
});

describe('--reuse none', () => {
  const fixture = useSandbox();

  it.each([
    // The digest of a layer that is compressed while it is sent is known too late to ask for it.
    ['an archive is sent again', writeArchive, 6],
    ['the layers of a layout are found by HEAD, and only its config is sent', writeLayout, 1],
  ])('reads no published tag: %s', async (_, write, sent) => {
    const file = await write(fixture, smallLayers);
    await expectPublished(fixture, await push(fixture, file, { TAGS: 'latest' }));
    const { length } = fixture.sandbox.requests;
    await expectPublished(fixture, await push(fixture, file, { TAGS: 'latest' }, '--reuse', 'none'));
    const steps = stepsSince(fixture, length);
    // Each tag is only compared with the finished image.
    const isBlobStep = (step: RegistryStep): boolean => ['blob-head', 'start', 'data', 'commit'].includes(step);
    expect(steps.slice(0, steps.findLastIndex(isBlobStep))).not.toContain('manifest-get');
    expect(count(steps, 'blob-get')).toBe(0);
    const started = fixture.sandbox.requests.slice(length).filter(({ steps: [step] }) => step === 'start');
    expect(started.filter(({ status }) => status === 202)).toHaveLength(sent);
  });
});

describe('--compression-level', () => {
  const fixture = useSandbox();
  const content = tar([{ name: 'text', content: text(400_000) }]);

  async function digestAt(tag: string, ...args: readonly string[]): Promise<string | undefined> {
    const more = { IMAGE: `acme/app:${tag}` };
    const ended = await push(fixture, await writeArchive(fixture, [content]), more, '--reuse', 'none', ...args);
    await expectPublished(fixture, ended, tag);
    return digestUnder(fixture, tag);
  }

  it.each(['gzip', 'zstd'])('also applies if %s must be compressed twice', async (format) => {
    const pinned = (level: number): readonly string[] => ['--compression', format, '--compression-level', `${level}`];
    const [low, high] = [await digestAt('low', ...pinned(1)), await digestAt('high', ...pinned(9))];
    expect(low).not.toBe(high);
    fixture.sandbox.inject({ method: 'PATCH', times: -1, action: { kind: 'status', status: 405 } });
    expect([await digestAt('low-again', ...pinned(1)), await digestAt('high-again', ...pinned(9))]).toEqual([
      low,
      high,
    ]);
    expect(fixture.sandbox.requests.some(({ fault }) => fault !== undefined)).toBe(true);
  });
});

describe('--skip-existing', () => {
  const fixture = useSandbox();

  it('leaves the tags that exist, and publishes the others', async () => {
    const { digest } = await fixture.sandbox.registry.seed('acme/app', { tags: ['v1'] });
    const file = await writeLayout(fixture, smallLayers);
    const args = ['--skip-existing', '--output', 'result.json'] as const;
    const ended = await push(fixture, file, { TAGS: 'v2' }, ...args);
    await expectPublished(fixture, ended, 'v2');
    expect(digestUnder(fixture, 'v1')).toBe(digest);
    expect(ended.output).toMatch(/✔ Published \S+app:v2 in .*\n {2}\S+app:v1 .* skipped$/m);
    const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as Result;
    expect(items).toMatchObject([
      { action: 'skipped', digest },
      { action: 'uploaded', digest: digestUnder(fixture, 'v2') },
    ]);
  });

  it('sends nothing if all tags exist', async () => {
    await fixture.sandbox.registry.seed('acme/app', { tags: ['v1', 'v2'] });
    const file = await writeLayout(fixture, smallLayers);
    const { exitCode, output } = await push(fixture, file, { TAGS: 'v2' }, '--skip-existing');
    expect(exitCode).toBe(0);
    expect(output).toMatch(/✔ Nothing to publish, already there, left as it is: \S+app:v1 and 1 more$/m);
    expect(new Set(stepsSince(fixture, 0))).toEqual(new Set(['manifest-get', 'token']));
  });

  it.each([503, 403])('fails for all tags if reading them answers %d', async (status) => {
    fixture.sandbox.inject({ path: '/manifests/', times: -1, action: { kind: 'status', status } });
    const file = await writeLayout(fixture, smallLayers);
    const { exitCode, output } = await push(fixture, file, { TAGS: 'v2' }, '--skip-existing', '--retries', '1');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/app:v1: NOT published\n.*app:v2: NOT published\n/);
    expect(count(stepsSince(fixture, 0), 'start')).toBe(0);
  });
});
