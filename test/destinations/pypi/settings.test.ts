import { describe, expect, it } from '@jest/globals';
import type { PypiSettings } from '../../../pipe/destinations/pypi/settings.ts';
import { readSettings } from '../../../pipe/read-settings.ts';
import type { Environment } from '../../../pipe/toolkit/environment.ts';
import { ValidationError } from '../../../pipe/toolkit/problems.ts';
import { problemMap } from '../../toolkit/problem-map.ts';

const apiToken = `ATATT3x${'k'.repeat(60)}`;
const plainToken = `pypi-${'n'.repeat(36)}`;
const pipeline = { BITBUCKET_PACKAGES_USERNAME: 'x-packages', BITBUCKET_PACKAGES_TOKEN: 'own-token' };
const base = { TYPE: 'pypi', FILENAME: 'dist/*' };

async function read(env: Environment): Promise<PypiSettings> {
  return (await readSettings({ ...base, ...env })) as PypiSettings;
}

async function problemsOf(env: Environment): Promise<unknown> {
  const error: unknown = await read(env).catch((caught: unknown) => caught);
  return error instanceof ValidationError ? problemMap(error.message.replace(/^.*\n/, '')) : error;
}

describe('the index', () => {
  it("is Bitbucket's by default, with the pipeline's own account", async () => {
    const { registry, account } = await read({ BITBUCKET_WORKSPACE: 'acme', ...pipeline });
    expect([registry.href, account]).toEqual([
      'https://pypi.apkg.io/acme',
      expect.objectContaining({ scheme: 'Basic', username: 'x-packages', password: 'own-token' }),
    ]);
  });

  it.each([
    ['https://upload.pypi.org/legacy/', 'https://upload.pypi.org/legacy/'],
    ['https://packages.example/pypi', 'https://packages.example/pypi'],
    ['packages.example/pypi/', 'https://packages.example/pypi/'],
    ['localhost:8080', 'http://localhost:8080/'],
  ])('%s is uploaded to as it is written: %s', async (REGISTRY, href) => {
    expect((await read({ REGISTRY, ...pipeline })).registry.href).toBe(href);
  });

  it.each([
    ['https://pypi.org/simple/', /must be the address that PyPI accepts uploads at/],
    [
      'https://npm.apkg.io/acme',
      /is not Bitbucket's Python index: leave it out, or write https:\/\/pypi\.apkg\.io\/acme/,
    ],
    ['https://pypi.apkg.io', /lacks the workspace/],
    ['https://pypi.apkg.io/acme/simple/', /is the address that pip reads/],
    ['http://packages.example/pypi', /is plain http/],
  ])('%s is not one', async (REGISTRY, problem) => {
    const env = { WORKSPACE: 'acme', USERNAME: 'me', TOKEN: apiToken, REGISTRY };
    expect(await problemsOf(env)).toMatchObject({ REGISTRY: [expect.stringMatching(problem)] });
  });
});

describe('the account', () => {
  const REGISTRY = 'https://upload.pypi.org/legacy/';

  it("of another index is never the pipeline's own", async () => {
    expect((await read({ REGISTRY, ...pipeline })).account).toBeUndefined();
  });

  it('has the user name __token__ for a token alone', async () => {
    expect((await read({ REGISTRY, TOKEN: plainToken })).account).toMatchObject({
      username: '__token__',
      password: plainToken,
    });
    expect((await read({ REGISTRY, TOKEN: plainToken, USERNAME: 'me' })).account).toMatchObject({ username: 'me' });
  });

  it('needs a user name with an API token of Atlassian', async () => {
    for (const registry of [REGISTRY, undefined])
      expect(await problemsOf({ REGISTRY: registry, WORKSPACE: 'acme', TOKEN: apiToken })).toMatchObject({
        USERNAME: [expect.stringContaining('required field')],
      });
  });
});

it('knows --skip-existing, and its names', async () => {
  expect((await read({ REGISTRY: 'https://i.example/', EXTRA_ARGS: '--skip-existing' })).skipExisting).toBe(true);
  expect(await problemsOf({ TYPE: 'python' })).toMatchObject({ TYPE: [expect.stringContaining('pypi')] });
  expect(await problemsOf({ FILENAME: undefined, REGISTRY: 'https://i.example/' })).toMatchObject({
    FILENAME: [expect.stringContaining('required field')],
  });
});
