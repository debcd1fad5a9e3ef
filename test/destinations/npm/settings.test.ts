import { describe, expect, it } from '@jest/globals';
import type { NpmSettings } from '../../../pipe/destinations/npm/settings.ts';
import { credentialsFor } from '../../../pipe/http/credentials.ts';
import { readSettings } from '../../../pipe/read-settings.ts';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import { ValidationError } from '../../../pipe/toolkit/problems.ts';
import { problemMap } from '../../toolkit/problem-map.ts';

const apiToken = `ATATT3x${'k'.repeat(60)}`;
const accessToken = `ATCTT3x${'k'.repeat(60)}`;
const plainToken = `npm_${'n'.repeat(36)}`;
const inPipelines: Environment = {
  TYPE: 'npm',
  FILENAME: '*.tgz',
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_PACKAGES_USERNAME: 'pipeline',
  BITBUCKET_PACKAGES_TOKEN: `pkg-${'s'.repeat(40)}`,
};
const elsewhere = { REGISTRY: 'https://registry.npmjs.org' };

async function read(env: Environment = {}): Promise<NpmSettings> {
  const settings = await readSettings({ ...inPipelines, ...env });
  if (settings.type !== 'npm') throw new Error(settings.type);
  return settings;
}

async function problems(env: Environment): Promise<Readonly<Record<string, readonly string[]>>> {
  const error: unknown = await readSettings({ ...inPipelines, ...env }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ValidationError);
  return problemMap((error as ValidationError).message.replace('Validation errors:\n', ''));
}

const basic = (user: string, token: string): string => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;

describe('within Pipelines', () => {
  it("requires only FILENAME, and uses the workspace's registry and the step's own credentials", async () => {
    expect(await read()).toMatchObject({
      type: 'npm',
      registry: new URL('https://npm.apkg.io/acme/'),
      patterns: { form: 'string', value: '*.tgz' },
      distTag: undefined,
      skipExisting: false,
      account: { scheme: 'Basic', username: 'pipeline', password: inPipelines['BITBUCKET_PACKAGES_TOKEN'] },
    });
  });

  it('accepts options', async () => {
    const EXTRA_ARGS = "['--dist-tag', 'next', '--skip-existing', '--concurrency', '2']";
    expect(await read({ EXTRA_ARGS })).toMatchObject({ distTag: 'next', skipExisting: true, concurrency: 2 });
  });
});

describe('REGISTRY', () => {
  it.each([
    ['https://registry.npmjs.org', 'https://registry.npmjs.org/'],
    ['registry.npmjs.org', 'https://registry.npmjs.org/'],
    ['https://npm.apkg.io/other', 'https://npm.apkg.io/other/'],
    ['https://nexus.example/repository/npm', 'https://nexus.example/repository/npm/'],
    ['localhost:4873', 'http://localhost:4873/'],
    ['http://127.0.0.1:4873', 'http://127.0.0.1:4873/'],
  ])('%s becomes %s', async (REGISTRY, href) => {
    expect((await read({ REGISTRY })).registry.href).toBe(href);
  });

  it.each([
    ['https://npm.apkg.io', ['lacks the workspace: leave it out, or write https://npm.apkg.io/acme/']],
    ['npm.apkg.io/', ['lacks the workspace: leave it out, or write https://npm.apkg.io/acme/']],
    ['crg.apkg.io', ["is Bitbucket's container registry: leave it out, or write https://npm.apkg.io/acme/"]],
    ['http://registry.example', [expect.stringContaining('is plain http')]],
    ['https://me:secret@registry.example', [expect.stringContaining('must not contain credentials')]],
  ])('%s is refused', async (REGISTRY, expected) => {
    expect(await problems({ REGISTRY })).toEqual({ REGISTRY: expected });
  });
});

describe('credentials', () => {
  it.each<[string, Environment, string | undefined]>([
    ['an API token with its email', { USERNAME: 'a@b.c', TOKEN: apiToken }, basic('a@b.c', apiToken)],
    ['a user and a token elsewhere', { ...elsewhere, USERNAME: 'a', TOKEN: plainToken }, basic('a', plainToken)],
    ['a token alone elsewhere', { ...elsewhere, TOKEN: plainToken }, `Bearer ${plainToken}`],
    ['an access token elsewhere', { ...elsewhere, USERNAME: 'a', TOKEN: accessToken }, `Bearer ${accessToken}`],
    ['no credentials elsewhere', elsewhere, undefined],
  ])('%s', async (_, env, authorization) => {
    const { registry, account } = await read(env);
    expect(credentialsFor(registry, account).map((credential) => credential.authorization)).toEqual(
      authorization === undefined ? [] : [authorization],
    );
  });

  it.each<[string, Environment, object]>([
    [
      'an access token on Bitbucket',
      { USERNAME: 'a', TOKEN: accessToken },
      { TOKEN: [expect.stringContaining('is an access token, which Packages do not accept')] },
    ],
    ['a token alone on Bitbucket', { TOKEN: plainToken }, { USERNAME: [expect.stringContaining('required field')] }],
    ['an API token without its email', { TOKEN: apiToken }, { USERNAME: [expect.stringContaining('needs the email')] }],
    [
      'an API token without its email elsewhere',
      { ...elsewhere, TOKEN: apiToken },
      { USERNAME: [expect.stringContaining('needs the email')] },
    ],
  ])('%s', async (_, env, expected) => {
    expect(await problems(env)).toEqual(expected);
  });
});

it('reports all problems at once', async () => {
  const env = {
    FILENAME: undefined,
    BITBUCKET_WORKSPACE: undefined,
    BITBUCKET_PACKAGES_TOKEN: undefined,
    BITBUCKET_PACKAGES_USERNAME: undefined,
    EXTRA_ARGS: "['--dist-tag', '1.x', '--keep', '3']",
  };
  expect(await problems(env)).toEqual({
    FILENAME: ['required field'],
    WORKSPACE: [expect.stringContaining('required field')],
    TOKEN: [expect.stringContaining('required field')],
    EXTRA_ARGS: [
      'option --keep does not apply to TYPE npm, only to file',
      'option --dist-tag: "1.x" is not a valid dist-tag: npm would read it as a version range',
    ],
  });
});

it.each(['public', 'restricted'] as const)('reads --access %s', async (access) => {
  expect((await read({ EXTRA_ARGS: `['--access', '${access}']` })).access).toBe(access);
});

it('reads --stage, which Bitbucket does not have', async () => {
  expect(await read()).toMatchObject({ stages: false });
  expect(await read({ ...elsewhere, TOKEN: plainToken, EXTRA_ARGS: '--stage' })).toMatchObject({ stages: true });
  expect(await problems({ EXTRA_ARGS: '--stage' })).toEqual({
    EXTRA_ARGS: [expect.stringContaining('option --stage is for registries with a staging area')],
  });
});

it('refuses another --access', async () => {
  expect(await problems({ EXTRA_ARGS: "['--access', 'private']" })).toEqual({
    EXTRA_ARGS: ['option --access must be public or restricted, not "private"'],
  });
});

it('refuses an invalid workspace', async () => {
  expect(await problems({ WORKSPACE: 'acme/app' })).toEqual({
    WORKSPACE: [expect.stringContaining('is not a valid workspace slug')],
  });
});
