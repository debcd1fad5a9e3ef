/** npm packages, from the variables to the content of a registry. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { expectPublished, published, puts, writeLarge } from './published.ts';
import { lib, npmEnvironment, packageTarball, publish, writePackage } from './tarballs.ts';
import { noise } from '../../oci/registry/images.ts';
import { useSandbox } from '../../run-pipe.ts';
import type { FaultAction } from '../../sandbox/faults.ts';
import { patience } from '../../patience.ts';
import { tokens } from '../../sandbox/tokens.ts';
import { until } from '../../until.ts';

describe('a packed package', () => {
  const fixture = useSandbox();

  it('is published with everything that npm adds, in three requests', async () => {
    const file = await writePackage(
      fixture,
      { ...lib, main: 'lib', repository: 'github:acme/lib' },
      {
        'README.md': '# lib\n\nWhat it does.\n',
        'lib.js': '',
        'lib.d.ts': '',
      },
    );
    const ended = await publish(fixture, file, '--output', 'result.json');
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    const found = published(fixture);
    expect(found?.tags.get('latest')).toBe('1.0.0');
    expect(found?.versions.get('1.0.0')?.manifest).toMatchObject({
      readmeFilename: 'README.md',
      types: './lib.d.ts',
      bugs: { url: 'https://github.com/acme/lib/issues' },
      repository: { type: 'git', url: 'git+https://github.com/acme/lib.git' },
      _from: `file:${file}`,
    });
    expect(fixture.sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /acme/@acme%2flib',
      'PUT /acme/@acme%2flib',
      'GET /acme/@acme%2flib',
    ]);
    const content = await readFile(join(fixture.directory, file));
    expect(await found?.versions.get('1.0.0')?.tarball.read()).toEqual(content);
    const result = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as unknown;
    expect(result).toMatchObject({
      type: 'npm',
      items: [
        {
          name: '@acme/lib@1.0.0',
          url: `${fixture.sandbox.npmUrl}@acme/lib/-/lib-1.0.0.tgz`,
          size: content.length,
          integrity: expect.stringMatching(/^sha512-/),
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          action: 'uploaded',
        },
      ],
    });
    expect(ended.output).toContain(`✔ Published 1 package (@acme/lib@1.0.0)`);
  });

  it.each([
    ['without a scope', { name: 'lib', version: '2.0.0' }, 'lib', 'latest'],
    ['a prerelease under a tag', { ...lib, version: '2.0.0-beta.1' }, '@acme/lib', 'next'],
    [
      'a prerelease under its own tag',
      { ...lib, version: '2.0.0-rc.1', publishConfig: { tag: 'rc' } },
      '@acme/lib',
      'rc',
    ],
    ['a version with build metadata', { ...lib, version: 'v2.0.0+build.5' }, '@acme/lib', 'latest'],
  ])('%s', async (_, manifest, name, tag) => {
    const ended = await publish(
      fixture,
      await writePackage(fixture, manifest),
      ...(tag === 'next' ? ['--dist-tag', 'next'] : []),
    );
    const version = manifest.version.replace(/^v|\+.*$/g, '');
    await expectPublished(fixture, ended, [`${name}@${version}`]);
    expect(published(fixture, name)?.tags.get(tag)).toBe(version);
  });

  it('can be one of several that a glob matches: versions of one package go in ascending order', async () => {
    const versions = ['1.10.0', '1.9.0', '1.2.0'];
    for (const version of versions) await writePackage(fixture, { ...lib, version });
    for (const name of ['a', 'b', '@acme/c']) await writePackage(fixture, { name, version: '0.1.0' });
    const ended = await publish(fixture, '*.tgz');
    const ids = ['a@0.1.0', 'b@0.1.0', '@acme/c@0.1.0', ...versions.map((version) => `@acme/lib@${version}`)];
    await expectPublished(fixture, ended, ids);
    expect([...(published(fixture)?.versions.keys() ?? [])]).toEqual(['1.2.0', '1.9.0', '1.10.0']);
    expect(published(fixture)?.tags.get('latest')).toBe('1.10.0');
    expect(ended.output).toContain('✔ Published 6 packages');
  });

  it('is planned without a request by --dry-run', async () => {
    const { exitCode, output } = await publish(fixture, await writePackage(fixture), '--dry-run');
    expect(exitCode).toBe(0);
    expect(output).toMatch(
      /acme-lib-1\.0\.0\.tgz: @acme\/lib@1\.0\.0, \d+ B,\nINFO: {5}2 files, \d+ B unpacked, dist-tag latest\n/,
    );
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('yields variables for the steps that follow, and a report', async () => {
    const variables = join(fixture.directory, 'variables');
    const env = npmEnvironment(fixture, [await writePackage(fixture)]);
    const ended = await fixture.runPipe({
      ...env,
      BITBUCKET_PIPELINES_VARIABLES_PATH: variables,
      BITBUCKET_PIPELINE_UUID: '{0}',
      BITBUCKET_WORKSPACE: 'acme',
      BITBUCKET_REPO_SLUG: 'app',
      BITBUCKET_REPO_OWNER: 'acme',
      BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
    });
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    const { tarball } = fixture.sandbox.npm.packages.get('@acme/lib')?.versions.get('1.0.0') ?? {};
    expect((await readFile(variables, 'utf8')).trim().split('\n')).toEqual([
      'UPLOAD_ACTION=uploaded',
      'UPLOAD_COUNT=1',
      'UPLOAD_SKIPPED_COUNT=0',
      'PACKAGE_NAME=@acme/lib',
      'PACKAGE_VERSION=1.0.0',
      `PACKAGE_URL=${fixture.sandbox.npmUrl}@acme/lib/-/lib-1.0.0.tgz`,
      `PACKAGE_SHA256=${tarball?.sha256}`,
      expect.stringMatching(/^PACKAGE_INTEGRITY=sha512-[0-9A-Za-z+/]{86}==$/),
    ]);
    expect([...fixture.sandbox.reports.values()]).toEqual([
      expect.objectContaining({ title: 'Published npm packages' }),
    ]);
  });

  it.each<[{ publishConfig?: { access: string } }, string[], string | null]>([
    [{}, ['--access', 'restricted'], 'restricted'],
    [{ publishConfig: { access: 'public' } }, ['--access', 'restricted'], 'restricted'],
    [{ publishConfig: { access: 'restricted' } }, [], 'restricted'],
    [{}, [], null],
  ])('has access as in %j and %j', async (manifest, args, access) => {
    const ended = await publish(fixture, await writePackage(fixture, { ...lib, ...manifest }), ...args);
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    expect(published(fixture)?.versions.get('1.0.0')?.document).toMatchObject({ access });
    expect(ended.output.includes(', access restricted\n')).toBe(access !== null);
    expect(ended.output.includes('publishConfig.access is public, but restricted is used')).toBe(
      manifest.publishConfig?.access === 'public',
    );
  });

  it('cannot be restricted without a scope', async () => {
    const file = await writePackage(fixture, { name: 'lib', version: '1.0.0' });
    const { exitCode, output } = await publish(fixture, file, '--access', 'restricted');
    expect([exitCode, output]).toEqual([
      1,
      expect.stringContaining('--access is restricted, which only packages with'),
    ]);
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('causes warnings about local dependencies, and loses its patches', async () => {
    const manifest = { ...lib, dependencies: { a: 'file:../a', b: '1' }, patchedDependencies: { b: 'b.patch' } };
    const ended = await publish(fixture, await writePackage(fixture, manifest));
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    expect(ended.output).toMatch(
      /WARNING: acme-lib-1\.0\.0\.tgz: package\.json: dependencies\.a is "file:\.\.\/a", which/,
    );
    expect(published(fixture)?.versions.get('1.0.0')?.manifest).not.toHaveProperty('patchedDependencies');
  });

  it('causes warnings about settings of its own that are not followed', async () => {
    const publishConfig = { registry: 'https://registry.npmjs.org', tag: 'next', provenance: true, access: 'public' };
    const file = await writePackage(fixture, { ...lib, publishConfig });
    const ended = await publish(fixture, file, '--dist-tag', 'stable');
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
    expect(ended.output).toContain('publishConfig.tag is next, but stable is used');
    expect(ended.output).toContain(
      `publishConfig names the registry https://registry.npmjs.org, but ${fixture.sandbox.npmUrl} is used`,
    );
    expect(ended.output).toContain('publishConfig asks for provenance');
    expect(published(fixture)?.tags).toEqual(new Map([['stable', '1.0.0']]));
    expect(published(fixture)?.versions.get('1.0.0')?.document).toMatchObject({ access: 'public' });
  });

  it.each<[string, Readonly<Record<string, string>>, boolean]>([
    ['@acme/lib', { '@acme:registry': 'https://npm.acme.test' }, true],
    ['@acme/lib', { '@acme:registry': 'https://npm.acme.test', registry: 'own' }, true],
    ['@acme/lib', { '@acme:registry': 'own', registry: 'https://npm.acme.test' }, false],
    ['@acme/lib', { '@other:registry': 'https://npm.acme.test' }, false],
    ['lib', { 'lib:registry': 'https://npm.acme.test', '@lib:registry': 'https://npm.acme.test' }, false],
  ])("%s with %j: warns of its scope's registry: %s", async (name, config, expected) => {
    const own = Object.entries(config).map(([key, url]) => [key, url === 'own' ? fixture.sandbox.npmUrl : url]);
    const publishConfig = Object.fromEntries(own);
    const ended = await publish(fixture, await writePackage(fixture, { name, version: '1.0.0', publishConfig }));
    await expectPublished(fixture, ended, [`${name}@1.0.0`]);
    expect(ended.output.includes('publishConfig names the registry https://npm.acme.test, but')).toBe(expected);
  });
});

describe('a version that is already published', () => {
  const fixture = useSandbox();

  const difference =
    /is already published with different content: the registry has sha512-\S+, acme-lib-1\.0\.0\.tgz has sha512-/;

  it.each([[], ['--skip-existing']])('is a success if it is identical: %j', async (...args) => {
    const file = await writePackage(fixture);
    await expectPublished(fixture, await publish(fixture, file), ['@acme/lib@1.0.0']);
    const again = await publish(fixture, file, ...args, '--output', 'result.json');
    await expectPublished(fixture, again, ['@acme/lib@1.0.0']);
    expect(again.output).toContain('skipped 1 already there');
    expect(again.output).not.toContain('WARNING');
    expect(await readFile(join(fixture.directory, 'result.json'), 'utf8')).toContain('"action": "skipped"');
    expect(puts(fixture)).toBe(1);
  });

  it.each([
    [
      ['--dist-tag', 'next'],
      /WARNING: @acme\/lib@1\.0\.0 is left unchanged: the dist-tag next still points to nothing\n/,
    ],
    [['--dist-tag', 'latest'], undefined],
    [[], undefined],
  ])('keeps its dist-tag with --skip-existing: %j', async (args, warning) => {
    const file = await writePackage(fixture);
    await expectPublished(fixture, await publish(fixture, file), ['@acme/lib@1.0.0']);
    const { exitCode, output } = await publish(fixture, file, '--skip-existing', ...args);
    expect(exitCode).toBe(0);
    if (warning === undefined) expect(output).not.toContain('WARNING');
    else expect(output).toMatch(warning);
  });

  it('lets a second run complete the first one', async () => {
    const file = await writePackage(fixture);
    await publish(fixture, file);
    const other = await writePackage(fixture, { name: 'other', version: '1.0.0' });
    const ended = await publish(fixture, [file, other]);
    expect([ended.exitCode, ended.output]).toEqual([0, expect.stringContaining('skipped 1 already there')]);
    expect(puts(fixture)).toBe(2);
  });

  it('is left as it is with --skip-existing if it differs, with a warning', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0');
    const other = await writePackage(fixture, { name: 'other', version: '1.0.0' });
    const args = ['--skip-existing', '--output', 'result.json'];
    const ended = await publish(fixture, [await writePackage(fixture), other], ...args);
    expect(ended.exitCode).toBe(0);
    const { items } = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8')) as { items: unknown };
    // What the registry has, and nothing of the tarball that was not sent.
    expect(items).toContainEqual({
      name: '@acme/lib@1.0.0',
      tag: 'latest',
      action: 'skipped',
      integrity: /the registry has (\S+),/.exec(ended.output)?.[1],
      url: expect.stringMatching(/^http/),
    });
    expect(ended.output).toMatch(new RegExp(`WARNING: @acme/lib@1\\.0\\.0 ${difference.source}`));
    expect(ended.output).toContain('skipped 1 already there');
    expect(puts(fixture)).toBe(1);
  });

  it('is an error if it differs, which shows both integrities', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0');
    const other = await writePackage(fixture, { name: 'other', version: '1.0.0' });
    const { exitCode, output } = await publish(fixture, [await writePackage(fixture), other]);
    expect(exitCode).toBe(1);
    expect(output).toMatch(difference);
    expect(output).toMatch(
      / {2}@acme\/lib@1\.0\.0: NOT published: 1\.0\.0 is there already with other content; left as it is\n {2}other@1\.0\.0: not attempted/,
    );
    expect(puts(fixture)).toBe(0);
  });

  it('does not let latest move back by default', async () => {
    fixture.sandbox.npm.seed('@acme/lib', '1.5.0', { content: 'a' });
    fixture.sandbox.npm.seed('@acme/lib', '3.0.0', { content: 'b', deprecated: 'broken' });
    fixture.sandbox.npm.seed('@acme/lib', '4.0.0-beta', { content: 'c', tag: 'next' });
    const file = await writePackage(fixture);
    const { exitCode, output } = await publish(fixture, file);
    expect(exitCode).toBe(1);
    expect(output).toContain('would replace 1.5.0, a higher version, as latest');
    await expectPublished(fixture, await publish(fixture, file, '--dist-tag', 'v1-lts'), ['@acme/lib@1.0.0']);
    await expectPublished(fixture, await publish(fixture, await writePackage(fixture, { ...lib, version: '1.6.0' })), [
      '@acme/lib@1.6.0',
    ]);
  });
});

describe.each(['shasum', 'none'] as const)('a registry whose versions have this hash: %s', (digests) => {
  const fixture = useSandbox({ npm: { digests, conflictStatus: 409, onlyLongForm: true } });

  it('publishes, and compares content as far as the registry allows', async () => {
    const file = await writePackage(fixture);
    await expectPublished(fixture, await publish(fixture, file), ['@acme/lib@1.0.0']);
    const again = await publish(fixture, file);
    const isUnknown = digests === 'none';
    expect([again.exitCode, again.output.includes('gives no hash of its content')]).toEqual([
      isUnknown ? 1 : 0,
      isUnknown,
    ]);
    const skipped = await publish(fixture, file, '--skip-existing');
    expect([skipped.exitCode, skipped.output.includes('gives no hash of its content')]).toEqual([0, isUnknown]);
  });
});

describe('credentials', () => {
  const fixture = useSandbox();

  it.each([
    ['wrong', { TOKEN: 'wrong-token-of-some-length' }, /401 .*The registry does not accept this USERNAME and TOKEN/s],
    ['none', { TOKEN: undefined, USERNAME: undefined }, /401 .*The registry asks for credentials: set TOKEN/s],
    ['a token alone', { USERNAME: undefined, TOKEN: tokens.plainToken }, /TOKEN was sent alone, as a bearer token/],
    [
      'an API token that may only read',
      { USERNAME: tokens.apiUser, TOKEN: tokens.readOnlyPackagesToken },
      /403 .*read:package:bitbucket and write:package:bitbucket|may not publish this package/s,
    ],
  ])('%s', async (_, env, message) => {
    const all = { ...npmEnvironment(fixture, [await writePackage(fixture)]), ...env };
    const { exitCode, output } = await fixture.runPipe(all);
    expect(exitCode).toBe(1);
    expect(output).toMatch(message);
    expect(published(fixture)).toBeUndefined();
  });

  it("an access token for Bitbucket's registry is refused before any request", async () => {
    const env = {
      ...npmEnvironment(fixture, [await writePackage(fixture)]),
      REGISTRY: undefined,
      TOKEN: tokens.accessToken,
    };
    const { exitCode, output } = await fixture.runPipe(env);
    expect(exitCode).toBe(1);
    expect(output).toContain('is an access token, which Packages do not accept');
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe.each([
  ['bearer', { USERNAME: undefined, TOKEN: tokens.plainToken }],
  ['none', { USERNAME: undefined, TOKEN: undefined }],
] as const)('a registry with authentication: %s', (authentication, env) => {
  const fixture = useSandbox({ npm: { authentication } });

  it('publishes', async () => {
    const ended = await fixture.runPipe({ ...npmEnvironment(fixture, [await writePackage(fixture)]), ...env });
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
  });
});

describe("Bitbucket's rules", () => {
  const fixture = useSandbox({
    npm: { packages: ['@acme/lib', '@other/lib'], scope: '@acme', maxDocumentBytes: 100_000 },
  });

  it.each([
    ['a package that was not created', { name: '@acme/new', version: '1.0.0' }, {}, /NAME_UNKNOWN.*What to do: /s],
    [
      'the scope of another workspace',
      { name: '@other/lib', version: '1.0.0' },
      {},
      /does not accept the scope of the package/,
    ],
    ['a package that is too large', lib, { 'large.bin': noise(200_000) }, /413 .*list what is needed under "files"/s],
  ])('%s', async (_, manifest, files, message) => {
    const { exitCode, output } = await publish(fixture, await writePackage(fixture, manifest, files));
    expect(exitCode).toBe(1);
    expect(output).toMatch(message);
    expect(fixture.sandbox.npm.packages.size).toBe(0);
  });
});

describe('faults', () => {
  const fixture = useSandbox();
  const faults: readonly (readonly [string, FaultAction, number])[] = [
    ['a reset in the middle', { kind: 'reset', afterBytes: 3_000_000 }, 2],
    ['a reset at once', { kind: 'reset' }, 2],
    ['429 with a wait', { kind: 'status', status: 429, headers: { 'Retry-After': '0' } }, 2],
    ['503', { kind: 'status', status: 503 }, 2],
    ['503 before the body is read', { kind: 'status', status: 503, when: 'early' }, 2],
    ['a success before the body is read', { kind: 'early-success' }, 2],
    ['a reset after everything was stored', { kind: 'reset-after-store' }, 1],
    ['an error after everything was stored', { kind: 'other-status', status: 502 }, 1],
    ['a slow answer', { kind: 'delay', ms: 50 }, 1],
    ['a success with 200', { kind: 'other-status', status: 200 }, 1],
  ];

  it.each(faults)('%s is survived', async (_, action, expectedPuts) => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action });
    await expectPublished(fixture, await publish(fixture, await writeLarge(fixture)), ['@acme/lib@1.0.0']);
    expect(puts(fixture)).toBe(expectedPuts);
  });

  it('an ambiguous failure is checked even without retries', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'reset-after-store' } });
    const ended = await publish(fixture, await writePackage(fixture), '--retries', '0');
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
  });

  it('401 with a demand for a one-time password has its own advice', async () => {
    const action: FaultAction = { kind: 'status', status: 401, headers: { 'www-authenticate': 'OTP' } };
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect([exitCode, output]).toEqual([1, expect.stringContaining('What to do: The registry asks for a one-time')]);
  });

  it('a 401 for one of two packages: the outcome of each is shown', async () => {
    await writePackage(fixture, { name: 'a', version: '1.0.0' });
    await writePackage(fixture, { name: 'b', version: '1.0.0' }, { 'b.txt': noise(2000) });
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', path: 'acme/a$', action: { kind: 'status', status: 401 } });
    const { exitCode, output } = await publish(fixture, '*.tgz', '--concurrency', '1');
    expect(exitCode).toBe(1);
    expect(output).toMatch(
      /✖ a@1\.0\.0 could not be uploaded: .*\n {2}PUT .* 401 .*\n {2}a@1\.0\.0: NOT published\n {2}b@1\.0\.0: published, http/,
    );
  });

  it('corrupted content is an error', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'store-corrupt' } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect(exitCode).toBe(1);
    expect(output).toMatch(/differs from what was sent: the registry has sha512-\S+, not sha512-/);
    expect(output).toContain('@acme/lib@1.0.0: sent, but not confirmed by the server');
  });

  it('a signal ends the run, and the output shows what was not published', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'stall', afterBytes: 1000 } });
    const running = publish(fixture, await writeLarge(fixture));
    await until(() => puts(fixture) > 0, running);
    fixture.signal('SIGTERM');
    const { exitCode, output } = await running;
    expect(exitCode).toBe(143);
    expect(output).toContain('@acme/lib@1.0.0: NOT published');
  });

  it('a tarball that changes after it was read and before it is sent is an error', async () => {
    const file = await writeLarge(fixture);
    fixture.sandbox.inject({ server: 'npm', method: 'GET', action: { kind: 'delay', ms: patience(100) } });
    const running = publish(fixture, file);
    await until(() => fixture.sandbox.requests.length > 0, running);
    await writeFile(join(fixture.directory, file), packageTarball({ ...lib, version: '6.6.6' }));
    const { exitCode, output } = await running;
    expect(exitCode).toBe(1);
    expect(output).toMatch(/changed while it was being uploaded/);
    expect(published(fixture)).toBeUndefined();
  });
});

describe("a success that is not a registry's", () => {
  const fixture = useSandbox();
  const signIn = '<!DOCTYPE html><html><head><title>Sign in</title></head></html>';
  const page: FaultAction = { kind: 'status', status: 200, headers: { 'content-type': 'text/html' }, body: signIn };

  it.each<[string, FaultAction, string]>([
    ['a sign-in page', page, 'the server answered 200 with a web page, "Sign in" (text/html)'],
    [
      'an error',
      { kind: 'status', status: 201, body: '{"success":false,"error":"Token expired"}' },
      'the server answered 201 with an error, "Token expired"',
    ],
    ...['Please sign in.', '[]', 'null'].map((body): [string, FaultAction, string] => [
      body,
      { kind: 'status', status: 200, body },
      'answered 200 with something that is not a JSON object',
    ]),
  ])('%s in answer to the package is a failure', async (_, action, words) => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect(exitCode).toBe(1);
    expect(output).toContain(words);
    expect(output).toContain('What to do: Something other than the server may have answered: check that REGISTRY');
    expect(output).toContain('@acme/lib@1.0.0: sent, but not confirmed by the server');
    expect(puts(fixture)).toBe(1);
  });

  it.each([
    [200, ''],
    [200, '{"code":"E403","message":"no"}'],
    [202, '{}'],
    [204, ''],
  ])('%d with %j in answer to the package, and nothing in the registry, is a failure', async (status, body) => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'status', status, body } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining(
        `✖ @acme/lib@1.0.0: the registry answered ${status} without confirming it, and does not have it`,
      ),
    });
    expect(output).toContain('@acme/lib@1.0.0: NOT published');
  });

  it.each([
    [201, ''],
    [200, '{"ok":true}'],
  ])('%d with %j is accepted even if the registry does not show the package yet', async (status, body) => {
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action: { kind: 'status', status, body } });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect({ exitCode, output }).toEqual({
      exitCode: 0,
      output: expect.stringContaining('WARNING: @acme/lib@1.0.0 was published, but the registry does not show it yet'),
    });
  });

  it('is accepted if the registry then has the package', async () => {
    const action: FaultAction = { kind: 'other-status', status: 200, page: signIn };
    fixture.sandbox.inject({ server: 'npm', method: 'PUT', action });
    const ended = await publish(fixture, await writePackage(fixture));
    await expectPublished(fixture, ended, ['@acme/lib@1.0.0']);
  });

  it('in answer to reading back leaves the upload unconfirmed', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'GET', skip: 1, times: -1, action: page });
    const { exitCode, output } = await publish(fixture, await writePackage(fixture));
    expect(exitCode).toBe(1);
    expect(output).toContain('a web page, "Sign in"');
    expect(output).toContain('@acme/lib@1.0.0: sent, but not confirmed by the server');
  });
});
