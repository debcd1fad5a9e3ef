/** Packages that are staged for a person's approval, from the variables to the staging area of a registry. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Ended, type Fixture, useSandbox } from '../../run-pipe.ts';
import type { FaultAction } from '../../sandbox/faults.ts';
import { npmEnvironment, packageTarball, publish, writePackage } from './tarballs.ts';

const next = { name: '@acme/next', version: '2.0.0', description: 'Next' };

function requests(fixture: Fixture): readonly string[] {
  return fixture.sandbox.requests.map(({ method, path }) => `${method} ${path.replace('/acme/', '')}`);
}

function posts(fixture: Fixture): number {
  return fixture.sandbox.requests.filter(({ method }) => method === 'POST').length;
}

/** The staged versions, by what they are. Nothing may be published. */
function staged(fixture: Fixture): Readonly<Record<string, string>> {
  expect([...fixture.sandbox.npm.packages.values()].filter(({ versions }) => versions.has('1.0.0'))).toEqual([]);
  return Object.fromEntries(
    [...fixture.sandbox.npm.staged.values()].map(({ id, name, version, tag }) => [`${name}@${version} ${tag}`, id]),
  );
}

function expectStaged(fixture: Fixture, { exitCode, output }: Ended, ...ids: readonly string[]): void {
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  expect(Object.keys(staged(fixture)).toSorted()).toEqual(ids.toSorted());
}

async function writeNext(fixture: Fixture): Promise<void> {
  await writeFile(join(fixture.directory, 'next.tgz'), packageTarball(next));
}

describe('--stage', () => {
  const fixture = useSandbox({ npm: { stages: true } });

  it('stages a package, and says how to approve it', async () => {
    await writePackage(fixture);
    const ended = await publish(
      fixture,
      'acme-lib-1.0.0.tgz',
      '--stage',
      '--access',
      'public',
      '--output',
      'result.json',
    );
    expectStaged(fixture, ended, '@acme/lib@1.0.0 latest');
    const id = Object.values(staged(fixture))[0] ?? '';
    expect(requests(fixture)).toEqual([
      'GET @acme%2flib',
      'GET -/stage?package=%40acme%2Flib&page=0&perPage=100',
      'POST -/stage/package/@acme%2flib',
      'GET @acme%2flib',
      'GET -/stage?package=%40acme%2Flib&page=0&perPage=100',
    ]);
    expect(ended.output).toContain('Staging 1 package');
    expect(ended.output).toMatch(
      new RegExp(
        `✔ Staged 1 package \\(@acme/lib@1\\.0\\.0\\), .*\\n  published once a person approves it, .*:\\n  npm stage approve ${id}\\n$`,
      ),
    );
    const result: unknown = JSON.parse(await readFile(join(fixture.directory, 'result.json'), 'utf8'));
    expect(result).toMatchObject({
      items: [
        {
          name: '@acme/lib@1.0.0',
          url: `${fixture.sandbox.npmUrl}@acme/lib/-/lib-1.0.0.tgz`,
          action: 'uploaded',
          stageId: id,
          tag: 'latest',
        },
      ],
    });
    expect(fixture.sandbox.npm.staged.get(id)?.published.document).toMatchObject({ access: 'public' });
  });

  it('is done if the same content is already staged, and tells its identifier to later steps', async () => {
    const path = join(fixture.directory, 'variables');
    await writePackage(fixture);
    await writeNext(fixture);
    expectStaged(fixture, await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage'), '@acme/lib@1.0.0 latest');
    const env = npmEnvironment(fixture, ['*.tgz'], '--stage');
    const ended = await fixture.runPipe({ ...env, BITBUCKET_PIPELINES_VARIABLES_PATH: path });
    expectStaged(fixture, ended, '@acme/lib@1.0.0 latest', '@acme/next@2.0.0 latest');
    expect(posts(fixture)).toBe(2);
    const ids = staged(fixture);
    const [own = '', other = ''] = [ids['@acme/lib@1.0.0 latest'], ids['@acme/next@2.0.0 latest']];
    expect(ended.output).toContain(
      `  npm stage approve ${own} # @acme/lib@1.0.0\n  npm stage approve ${other} # @acme/next@2.0.0\n`,
    );
    expect(await readFile(path, 'utf8')).toContain(`NPM_STAGE_IDS=${own} ${other}\n`);
  });

  it('refuses a version that is staged with other content, unless --skip-existing is given', async () => {
    const id = fixture.sandbox.npm.seedStaged('@acme/lib', '1.0.0');
    await writePackage(fixture);
    const { exitCode, output } = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage');
    expect({ exitCode, output }).toMatchObject({ exitCode: 1 });
    expect(output).toMatch(
      /@acme\/lib@1\.0\.0 is already staged with different content: the registry has sha512-\S+, /,
    );
    expect(output).toContain(`It keeps the version until "npm stage reject ${id}"`);
    expect(output).toContain(
      '@acme/lib@1.0.0: NOT published: 1.0.0 is there already with other content; left as it is',
    );
    const skipped = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage', '--skip-existing');
    expectStaged(fixture, skipped, '@acme/lib@1.0.0 latest');
    expect(skipped.output).toContain('WARNING: @acme/lib@1.0.0 is already staged with different content');
    expect(posts(fixture)).toBe(0);
  });

  it('leaves a version alone that is published by now', async () => {
    const file = await writePackage(fixture);
    fixture.sandbox.npm.seed('@acme/lib', '1.0.0', { content: await readFile(join(fixture.directory, file)) });
    const { exitCode, output } = await publish(fixture, file, '--stage');
    expect([exitCode, output]).toEqual([0, expect.stringContaining('already published')]);
    expect(posts(fixture)).toBe(0);
  });

  it('warns if what is staged has another dist-tag', async () => {
    const file = await writePackage(fixture);
    const content = await readFile(join(fixture.directory, file));
    fixture.sandbox.npm.seedStaged('@acme/lib', '1.0.0', { content, tag: 'beta' });
    const ended = await publish(fixture, file, '--stage', '--dist-tag', 'next');
    expectStaged(fixture, ended, '@acme/lib@1.0.0 beta');
    expect(ended.output).toContain('WARNING: @acme/lib@1.0.0 is left unchanged: it is staged with the dist-tag beta');
  });

  it.each<[string, FaultAction]>([
    ['a lost answer', { kind: 'reset-after-store' }],
    ['another status', { kind: 'other-status', status: 503 }],
    ['a refusal', { kind: 'other-status', status: 403 }],
  ])('of which %s is left of the answer is settled by the staged versions', async (_, action) => {
    fixture.sandbox.inject({ server: 'npm', method: 'POST', action });
    await writePackage(fixture);
    const ended = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage', '--output', 'result.json');
    expectStaged(fixture, ended, '@acme/lib@1.0.0 latest');
    expect(posts(fixture)).toBe(1);
    expect(ended.output).toContain(`npm stage approve ${Object.values(staged(fixture))[0]}`);
  });

  it('is retried if the registry did not take it', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'POST', action: { kind: 'status', status: 503 } });
    await writePackage(fixture);
    expectStaged(fixture, await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage'), '@acme/lib@1.0.0 latest');
    expect(posts(fixture)).toBe(2);
  });

  it('needs no permission to list what is staged', async () => {
    fixture.sandbox.inject({
      server: 'npm',
      method: 'GET',
      path: '/-/stage',
      times: -1,
      action: { kind: 'status', status: 403 },
    });
    await writePackage(fixture);
    const ended = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage');
    expectStaged(fixture, ended, '@acme/lib@1.0.0 latest');
    expect(ended.output).toContain('is staged without comparing what is already staged');
    expect(ended.output).toContain('was staged, but could not be read back');
  });

  it.each([
    ['nothing', { kind: 'status', status: 202, body: '' }],
    ['no identifier', { kind: 'status', status: 201, body: '{"ok":true}' }],
    ['an identifier with control characters', { kind: 'status', status: 201, body: '{"stageId":"\\u001b[31m"}' }],
  ] as const)('fails if it is answered with %s', async (_, action) => {
    fixture.sandbox.inject({ server: 'npm', method: 'POST', times: -1, action });
    await writePackage(fixture);
    const { exitCode, output } = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage');
    expect([exitCode, output]).toEqual([1, expect.stringContaining('without the identifier of a staged version')]);
  });

  it('is planned in a dry run', async () => {
    await writePackage(fixture);
    const { exitCode, output } = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage', '--dry-run');
    expect([exitCode, output]).toEqual([0, expect.stringContaining('Staging 1 package')]);
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe('a list of staged versions', () => {
  const fixture = useSandbox({ npm: { stages: true, stagePageSize: 2 } });

  it('is read to its end, however short its pages are', async () => {
    const file = await writePackage(fixture);
    for (const version of ['0.1.0', '0.2.0', '0.3.0', '0.4.0']) fixture.sandbox.npm.seedStaged('@acme/lib', version);
    const content = await readFile(join(fixture.directory, file));
    const id = fixture.sandbox.npm.seedStaged('@acme/lib', '1.0.0', { content });
    const { exitCode, output } = await publish(fixture, file, '--stage');
    expect([exitCode, output]).toEqual([0, expect.stringContaining(`npm stage approve ${id}`)]);
    expect(posts(fixture)).toBe(0);
  });
});

describe('a registry that shows what is staged only later', () => {
  const fixture = useSandbox({ npm: { stages: true, staleReads: 2 } });

  it('is asked again', async () => {
    await writePackage(fixture);
    expectStaged(fixture, await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage'), '@acme/lib@1.0.0 latest');
  });
});

describe('a registry that stores something else', () => {
  const fixture = useSandbox({ npm: { stages: true } });

  it('is an error', async () => {
    fixture.sandbox.inject({ server: 'npm', method: 'POST', action: { kind: 'store-corrupt' } });
    await writePackage(fixture);
    const { exitCode, output } = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage');
    expect([exitCode, output]).toEqual([
      1,
      expect.stringMatching(/differs from what was sent: the registry has staged sha512-/),
    ]);
  });
});

describe('a registry without a staging area', () => {
  const fixture = useSandbox();

  it('is told apart from one without the package', async () => {
    await writePackage(fixture);
    const { exitCode, output } = await publish(fixture, 'acme-lib-1.0.0.tgz', '--stage');
    expect({ exitCode, output }).toMatchObject({ exitCode: 1 });
    expect(output).toMatch(/What to do: http\S+ has no staging area, or the token cannot see it: leave --stage out/);
  });
});
