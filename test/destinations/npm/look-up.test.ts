/** What the registry has, before anything is sent. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';
import type { FaultAction } from '../../sandbox/faults.ts';
import { expectPublished, published, puts } from './published.ts';
import { lib, publish, writePackage } from './tarballs.ts';

const tooLarge: FaultAction = { kind: 'huge-body', status: 200, bytes: 20_000_000 };
const wholePackage = '@acme%2flib$';

describe('a registry that does not show what it has', () => {
  const fixture = useSandbox();
  const answered = (body: string): FaultAction => ({ kind: 'status', status: 200, body });
  const isAnswered = (action: FaultAction): boolean => action.kind === 'status' && action.status === 200;
  const refused = [401, 403, 405].map(
    (status) => [`${status}`, { kind: 'status', status }, `GET .*: ${status} .*: reading was refused`] as const,
  );
  /** The answer, and what is said about it. */
  const refusals: readonly (readonly [string, FaultAction, string])[] = [
    ...refused,
    ['an empty object', answered('{}'), 'answered 200 with something that is not package metadata: name is missing'],
    ['an error document', answered('{"error":"not_found"}'), 'the server answered 200 with an error, "not_found".*'],
    ['invalid JSON', answered('{"name":'), 'answered 200 with something that is not package metadata: .* JSON.*'],
    ['a web page', answered('<html><title>Sign in</title></html>'), 'the server answered 200 with a web page.*'],
  ];

  it.each(refusals)('once, with %s, still gets the package', async (_, action, words) => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', action });
    const ended = await publish(fixture, await writePackage(fixture));
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    const advice = isAnswered(action) ? '\\. Is REGISTRY the address of an npm registry\\?' : '';
    expect(ended.output).toMatch(
      RegExp(`WARNING: .*${words}, so @acme/lib is published without comparing it first${advice}$`, 'm'),
    );
  });

  it.each(refusals)('always, with %s, still gets the package, which cannot be read back', async (_, action) => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', times: -1, action });
    const ended = await publish(fixture, await writePackage(fixture));
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    expect(ended.output).toContain('WARNING: @acme/lib@1.0.0 was published, but could not be read back');
    expect(puts(fixture)).toBe(1);
  });

  it.each(refusals)('with %s is an error with --skip-existing', async (_, action, words) => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', times: -1, action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture), '--skip-existing');
    const remedy = isAnswered(action)
      ? 'Set REGISTRY to the address of an npm registry'
      : 'Use a token that may also read';
    expect([exitCode, output]).toEqual([
      1,
      expect.stringMatching(
        `${words}, but --skip-existing needs to read what is already published\\. ${remedy}, or leave --skip-existing out`,
      ),
    ]);
    expect(puts(fixture)).toBe(0);
  });

  it('and then does not confirm the upload is a failure', async () => {
    const action: FaultAction = { kind: 'status', status: 200, body: '{}' };
    fixture.sandbox.inject({ server: 'npm', times: -1, action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([1, expect.stringContaining('sent, but not confirmed by the server')]);
  });

  it('keeps its own reason for refusing the package', async () => {
    fixture.sandbox.inject({ server: 'npm', times: -1, action: { kind: 'status', status: 401 } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([
      1,
      expect.stringMatching(/✖ @acme\/lib@1\.0\.0 could not be uploaded: .*\n {2}PUT .*: 401 .*What to do: /s),
    ]);
  });

  it('is sent a package again after a failure that leaves everything open', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', times: -1, action: { kind: 'status', status: 403 } });
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'status', status: 503 } });
    await expectPublished(fixture, await publish(fixture, await writePackage(fixture)), ['@acme/lib@1.0.0']);
    expect(puts(fixture)).toBe(2);
  });

  it('leaves open whether an earlier attempt was stored', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', times: -1, action: { kind: 'status', status: 403 } });
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'other-status', status: 502 } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/✖ .*\n.*403 You cannot publish over/);
    expect(output).toContain(
      '@acme/lib@1.0.0: sent, but the registry says that 1.0.0 is there already, and does not let this token compare it',
    );
  });
});

describe('a package whose metadata is too large', () => {
  const fixture = useSandbox();

  it('is published, and verified by the metadata of the version alone', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', path: wholePackage, times: -1, action: tooLarge });
    const ended = await publish(fixture, await writePackage(fixture));
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    expect(ended.output).toContain('its metadata is too large to read');
    expect(fixture.sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /acme/@acme%2flib',
      'GET /acme/@acme%2flib/1.0.0',
      'PUT /acme/@acme%2flib',
      'GET /acme/@acme%2flib/1.0.0',
    ]);
    expect(ended.output).not.toMatch(/WARNING: .*was published/);
  });

  it.each([
    ['identical', [], 0, 'skipped 1 already there'],
    ['other', [], 1, 'is already published with different content'],
    ['other', ['--skip-existing'], 0, 'skipped 1 already there'],
  ])('is compared by the metadata of the version alone: %s content, %j', async (content, args, expected, words) => {
    const file = await writePackage(fixture);
    const identical = content === 'identical' && { content: await readFile(join(fixture.directory, file)) };
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0', { ...identical });
    fixture.sandbox.inject({ server: 'npm', method: 'GET', path: wholePackage, times: -1, action: tooLarge });
    const { exitCode, output } = await publish(fixture, file, ...args);
    expect([exitCode, output]).toEqual([expected, expect.stringContaining(words)]);
    expect(puts(fixture)).toBe(0);
  });

  it('is at the URL of the package if the registry does not say where its content is', async () => {
    const file = await writePackage(fixture);
    const version = JSON.stringify({ name: '@acme/lib', version: '1.0.0' });
    fixture.sandbox.inject({ server: 'npm', method: 'GET', path: wholePackage, times: -1, action: tooLarge });
    fixture.sandbox.inject({
      server: 'npm',
      method: 'GET',
      path: '1.0.0',
      times: -1,
      action: { kind: 'status', status: 200, headers: { 'content-type': 'application/json' }, body: version },
    });
    const { exitCode } = await publish(fixture, file, '--skip-existing', '--output', 'result.json');
    expect(exitCode).toBe(0);
    const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as {
      readonly items: readonly { readonly action: string; readonly url: string }[];
    };
    expect(items).toMatchObject([
      { action: 'skipped', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/acme\//) },
    ]);
  });

  it('is left to a registry that does not describe single versions', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0');
    fixture.sandbox.inject({ server: 'npm', method: 'GET', path: wholePackage, times: -1, action: tooLarge });
    const action: FaultAction = { kind: 'status', status: 405 };
    fixture.sandbox.inject({ server: 'npm', method: 'GET', path: 'lib/1.0.0$', times: -1, action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture), '--skip-existing');
    expect([exitCode, output]).toEqual([1, expect.stringMatching(/✖ .*\n.*403 You cannot publish over/)]);
    const other = await publish(fixture, await writePackage(fixture, { ...lib, version: '1.1.0' }));
    await expectPublished(fixture, other, ['@acme/lib@1.1.0']);
    expect(published(fixture)?.versions.size).toBe(2);
  });
});
