/** How registries ask for credentials, what they redirect, and what they show or refuse after it was stored. */

import { describe, expect, it } from '@jest/globals';
import { type Ended, type Fixture, useSandbox } from '../run-pipe.ts';
import type { FaultAction } from '../sandbox/faults.ts';
import type { RegistryOptions } from '../sandbox/registry-options.ts';
import type { RegistryStep } from '../sandbox/registry-steps.ts';
import { ociTypes } from '../oci/fixtures.ts';
import { imageEnvironment, smallLayers, writeArchive, writeLayout } from '../oci/registry/images.ts';

type More = Readonly<Record<string, string | undefined>>;

async function push(fixture: Fixture, file: string, more: More = {}, ...args: readonly string[]): Promise<Ended> {
  return await fixture.runPipe({ ...imageEnvironment(fixture, file, ...args), ...more });
}

async function expectPublished(fixture: Fixture, { exitCode, output }: Ended, tag = 'v1'): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', tag)).toEqual([]);
}

function count({ sandbox }: Fixture, step: RegistryStep): number {
  return sandbox.requests.filter(({ steps }) => steps.includes(step)).length;
}

describe.each<[string, RegistryOptions]>([
  ['answers 404 to strangers', { strangerStatus: 404 }],
  ['answers 403 to strangers', { strangerStatus: 403 }],
  ['answers a bare 401 to strangers', { strangerStatus: 401 }],
  ['answers 404 to strangers, and wants a password', { strangerStatus: 404, authentication: 'basic' }],
  ['answers 403 to strangers, and wants a password', { strangerStatus: 403, authentication: 'basic' }],
])('a registry that challenges at /v2/ alone, and %s', (_, registry) => {
  const fixture = useSandbox({ registry });

  it('gets the credentials after one question, and a password is confirmed', async () => {
    await expectPublished(fixture, await push(fixture, await writeArchive(fixture, smallLayers)));
    // After a 404 with a password, once more: only there would it say that the password is wrong.
    expect(count(fixture, 'ping')).toBe(registry.authentication === 'basic' ? 2 : 1);
    expect(count(fixture, 'token')).toBe(registry.authentication === 'basic' ? 0 : 1);
  });

  it('is not asked without an account', async () => {
    const more = { USERNAME: undefined, TOKEN: undefined };
    const { exitCode } = await push(fixture, await writeArchive(fixture, smallLayers), more);
    expect(exitCode).toBe(1);
    expect(count(fixture, 'ping')).toBe(0);
  });
});

describe.each<[string, RegistryOptions]>([
  ['with another status than 401', { challengeStatus: 403 }],
  ['and names another scope than ours', { otherScope: 'repository:acme/base:pull' }],
  ['with another status, and names another scope', { otherScope: 'repository:acme/base:pull', challengeStatus: 403 }],
])('a registry that challenges %s', (_, registry) => {
  const fixture = useSandbox({ registry });

  it('gets one token for everything', async () => {
    await expectPublished(fixture, await push(fixture, await writeArchive(fixture, smallLayers)));
    expect(count(fixture, 'token')).toBe(1);
  });
});

describe('a token server that is down', () => {
  const fixture = useSandbox();
  const isToken = ({ steps }: { readonly steps: readonly string[] }): boolean => steps.includes('token');

  it.each<[string, FaultAction, string]>([
    ['refuses connections', { kind: 'reset' }, 'connection reset'],
    ['answers 503', { kind: 'status', status: 503 }, '503'],
    ['answers 401', { kind: 'status', status: 401 }, '401'],
  ])('%s: its attempts are made once for the whole run', async (_, action, words) => {
    fixture.sandbox.inject({ step: 'token', times: -1, action });
    const more = { TAGS: 'v2 v3' };
    const { exitCode, output } = await push(fixture, await writeArchive(fixture, smallLayers), more, '--retries', '2');
    expect(exitCode).toBe(1);
    expect(output).toContain(words);
    expect(fixture.sandbox.requests.filter(isToken)).toHaveLength(words === '401' ? 1 : 3);
  });
});

describe('a registry that is down', () => {
  const fixture = useSandbox();

  it('ends the run when the first tag to reuse has used up the attempts', async () => {
    fixture.sandbox.inject({ step: 'manifest-get', times: -1, action: { kind: 'reset' } });
    const more = { TAGS: 'v2 v3' };
    const { exitCode, output } = await push(fixture, await writeArchive(fixture, smallLayers), more, '--retries', '2');
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ .*\n {2}.*connection reset/);
    expect(fixture.sandbox.requests.filter(({ fault }) => fault === 'reset')).toHaveLength(3);
  });

  it.each([
    ['start', writeArchive],
    ['data', writeArchive],
    ['data', writeLayout],
    ['commit', writeArchive],
  ] as const)('at the step %s of a blob gets it once for each attempt', async (step, write) => {
    fixture.sandbox.inject({ step, times: -1, action: { kind: 'status', status: 503 } });
    const file = await write(fixture, smallLayers.slice(0, 1));
    const { exitCode } = await push(fixture, file, {}, '--retries', '2', '--concurrency', '1', '--reuse', 'none');
    expect(exitCode).toBe(1);
    const faulty = fixture.sandbox.requests.filter(({ fault }) => fault === 'status');
    const blobs = new Set(faulty.map(({ path }) => /digest=([^&]+)/.exec(path)?.[1]));
    // The config is sent beside the first layer.
    expect(faulty.length / Math.max(2, blobs.size)).toBeLessThanOrEqual(3);
    expect(faulty.length).toBeGreaterThanOrEqual(3);
  });

  it('behind a gateway is asked for one tag only', async () => {
    fixture.sandbox.inject({ step: 'manifest-get', times: 3, action: { kind: 'status', status: 522 } });
    const more = { TAGS: 'v2 v3' };
    const ended = await push(fixture, await writeArchive(fixture, smallLayers), more, '--retries', '2');
    await expectPublished(fixture, ended);
    expect(ended.output).toMatch(/WARNING: tag v1 is not reused: .* 522 /);
  });
});

describe('redirects', () => {
  const fixture = useSandbox();

  it.each<RegistryStep>(['start', 'data', 'commit', 'manifest-put', 'manifest-get', 'token'])(
    'of %s are followed with their bodies',
    async (step) => {
      const { sandbox } = fixture;
      // To the same address, since the sandbox accepts no other; its servers differ in `Location: other-host`.
      for (const status of [307, 308]) sandbox.inject({ step, action: { kind: 'redirect', status, location: '' } });
      await expectPublished(fixture, await push(fixture, await writeArchive(fixture, smallLayers)));
      expect(sandbox.requests.filter(({ fault }) => fault === 'redirect')).toHaveLength(2);
    },
  );
});

describe('a registry that refuses HEAD', () => {
  const fixture = useSandbox();

  it.each([
    [400, 0],
    [402, 0],
    [403, 0],
    [405, 0],
    [401, 1],
    [500, 1],
  ])('of blobs with %d', async (status, expected) => {
    fixture.sandbox.inject({ step: 'blob-head', times: -1, action: { kind: 'status', status } });
    const ended = await push(fixture, await writeLayout(fixture, smallLayers), {}, '--retries', '1');
    if (expected === 0) await expectPublished(fixture, ended);
    else
      expect(ended).toMatchObject({
        exitCode: 1,
        output: expect.stringMatching(new RegExp(`✖ .*\\n {2}HEAD .* ${status} `)),
      });
  });
});

describe('a registry that answers a part of an upload with another success', () => {
  const fixture = useSandbox();

  it.each([200, 201, 204])('%d', async (status) => {
    fixture.sandbox.inject({ step: 'data', times: -1, action: { kind: 'other-status', status } });
    await expectPublished(fixture, await push(fixture, await writeArchive(fixture, smallLayers)));
    expect(fixture.sandbox.requests.filter(({ fault }) => fault === 'other-status').length).toBeGreaterThan(0);
  });
});

describe('what is stored although the registry refuses it', () => {
  const fixture = useSandbox();

  it.each([400, 403, 409, 412])('is there by its digest, whatever %d means', async (status) => {
    for (const step of ['commit', 'manifest-put'] as const)
      fixture.sandbox.inject({ step, action: { kind: 'other-status', status } });
    const ended = await push(fixture, await writeArchive(fixture, smallLayers));
    await expectPublished(fixture, ended);
    expect(fixture.sandbox.requests.filter(({ fault }) => fault === 'other-status')).toHaveLength(2);
    expect(count(fixture, 'manifest-put')).toBe(1);
  });

  // More than the questions before anything is sent, so that some come after the refusal.
  it.each([
    ['commit', 'blob-head', 409, 12],
    ['commit', 'blob-head', 412, 12],
    ['manifest-put', 'manifest-get', 409, 7],
    ['manifest-put', 'manifest-get', 412, 7],
  ] as const)('may not be visible yet: %s, %s, %d', async (step, question, status, times) => {
    const { sandbox } = fixture;
    sandbox.inject({ step, times: -1, action: { kind: 'other-status', status } });
    sandbox.inject({ step: question, times, action: { kind: 'status', status: 404 } });
    const ended = await push(fixture, await writeLayout(fixture, smallLayers));
    await expectPublished(fixture, ended);
    expect(count(fixture, question)).toBeGreaterThan(times);
  });

  it('is not waited for if the refusal says something else', async () => {
    fixture.sandbox.inject({ step: 'manifest-put', action: { kind: 'status', status: 403 } });
    const { exitCode } = await push(fixture, await writeArchive(fixture, smallLayers));
    expect(exitCode).toBe(1);
    // The challenge, two tags to reuse, the tag before it is moved, and one question.
    expect(count(fixture, 'manifest-get')).toBe(5);
  });
});

describe('a tag that already points to the image', () => {
  const fixture = useSandbox();

  it('is not written again', async () => {
    const file = await writeLayout(fixture, smallLayers);
    await expectPublished(fixture, await push(fixture, file));
    const ended = await push(fixture, file, { TAGS: 'v2' });
    await expectPublished(fixture, ended, 'v2');
    expect(count(fixture, 'manifest-put')).toBe(2);
    expect(ended.output).toContain('tag v1 already points to this image');
  });
});

describe.each([
  ['shows a tag late', 2],
  ['does not show a tag for half a minute', 1e9],
] as const)('a registry that %s', (_, staleReads) => {
  const fixture = useSandbox({ registry: { staleReads } });
  const isNever = staleReads > 2;

  it.each([
    ['at first nothing', 'has no such tag', false],
    ['at first the old digest', 'still shows sha256:', true],
  ])('%s: the run waits, then warns', async (__, words, isMoved) => {
    if (isMoved) await fixture.sandbox.registry.seed('acme/app', { tags: ['v1', 'v2'] });
    const ended = await push(fixture, await writeArchive(fixture, smallLayers), { TAGS: 'v2' });
    await expectPublished(fixture, ended);
    await expectPublished(fixture, ended, 'v2');
    const warning = ended.output
      .split('\n')
      .filter((line) => line.includes('check a little later that it can be pulled'));
    expect(warning).toHaveLength(isNever ? 2 : 0);
    for (const line of warning) expect(line).toContain(words);
    // Not at once: over what others may have published.
    expect(ended.output.includes('Publishing it again')).toBe(isNever);
  });
});

describe('a tag that was accepted, and may not be read back', () => {
  const fixture = useSandbox();

  it.each([401, 415, 429])('because of a %i is reported as sent, with the reason', async (status) => {
    const read = { step: 'manifest-get', path: 'manifests/v1$' } as const;
    // The challenge, the tag to reuse, and the tag before it is moved.
    fixture.sandbox.inject({ ...read, skip: 3, times: -1, action: { kind: 'status', status } });
    const { exitCode, output } = await push(fixture, await writeArchive(fixture, smallLayers), {}, '--retries', '0');
    expect(exitCode).toBe(1);
    expect(output).toMatch(new RegExp(`^✖ .*\\n {2}GET .*manifests/v1: ${status} `, 'm'));
    expect(output).toMatch(/app:v1: sent, but not confirmed by the server$/m);
    expect(output).not.toContain("Docker's");
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  });
});

describe('a tag that something else moves meanwhile', () => {
  const fixture = useSandbox();
  const body = JSON.stringify({ schemaVersion: 2, mediaType: ociTypes.index, manifests: [] });
  const headers = { 'content-type': ociTypes.index };
  const moved = {
    step: 'manifest-get',
    path: 'manifests/v1$',
    action: { kind: 'status', status: 200, headers, body },
  } as const;

  it('stays where it is, and the image can be pulled by its digest', async () => {
    // The challenge, the tag to reuse, and the tag before it is moved.
    fixture.sandbox.inject({ ...moved, skip: 3 });
    const ended = await push(fixture, await writeArchive(fixture, smallLayers));
    await expectPublished(fixture, ended);
    const [, digest = ''] =
      /WARNING: tag v1 points to sha256:\w+ now: .* by its digest, (sha256:\w+)$/m.exec(ended.output) ?? [];
    expect(await fixture.sandbox.registry.pullProblems('acme/app', digest)).toEqual([]);
    expect(ended.output).toMatch(new RegExp(`^  \\S+@${digest}$`, 'm'));
    expect(count(fixture, 'manifest-put')).toBe(1);
  });

  it('does not hide that the registry has lost the image', async () => {
    fixture.sandbox.inject({ ...moved, skip: 3 });
    const missing = { kind: 'status', status: 404 } as const;
    fixture.sandbox.inject({ step: 'manifest-get', path: 'manifests/sha256', action: missing });
    await expectPublished(fixture, await push(fixture, await writeArchive(fixture, smallLayers)));
    expect(count(fixture, 'manifest-put')).toBe(2);
  });
});

describe('a registry that cannot read a blob while another step stores it', () => {
  const fixture = useSandbox();

  it.each([
    ['DIGEST_INVALID'],
    // docker-registry 2.8 sends both.
    ['DIGEST_INVALID', 'MANIFEST_BLOB_UNKNOWN'],
    ['DIGEST_INVALID', 'MANIFEST_INVALID'],
  ])('gets the same manifest again: %s %s', async (...codes) => {
    const errors = codes.map((code) => ({ code, message: 'provided digest did not match uploaded content' }));
    const body = JSON.stringify({ errors });
    fixture.sandbox.inject({ step: 'manifest-put', times: 3, action: { kind: 'status', status: 400, body } });
    const ended = await push(fixture, await writeLayout(fixture, smallLayers));
    await expectPublished(fixture, ended);
    expect(count(fixture, 'manifest-put')).toBe(4);
    // The config, and each layer once.
    expect(count(fixture, 'start')).toBe(5);
    expect(ended.output).not.toContain("Docker's media types");
  });

  it('fails if it never reads it, without another format', async () => {
    const body = JSON.stringify({ errors: [{ code: 'DIGEST_INVALID', message: 'no' }] });
    fixture.sandbox.inject({ step: 'manifest-put', times: -1, action: { kind: 'status', status: 400, body } });
    const { exitCode, output } = await push(fixture, await writeLayout(fixture, smallLayers), {}, '--retries', '2');
    expect(exitCode).toBe(1);
    expect(output).not.toContain("Docker's media types");
    expect(count(fixture, 'manifest-put')).toBe(3);
  });
});
