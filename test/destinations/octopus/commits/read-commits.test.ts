/** The commits that build information names, as Bitbucket's API says, and whenever it does not. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Environment } from '../../../../pipe/toolkit/environment.ts';
import { type Ended, useSandbox } from '../../../run-pipe.ts';
import type { HistoryPipeline } from '../../../sandbox/build-history.ts';
import type { FaultAction } from '../../../sandbox/faults.ts';
import { tokens } from '../../../sandbox/tokens.ts';
import { runOctopus } from '../fixture.ts';

const fixture = useSandbox();
const hashOf = (index: number): string => String(index).padStart(4, '0').repeat(10);
const uuidOf = (number: number): string => `{00000000-0000-4000-8000-${String(number).padStart(12, '0')}}`;

/** A pipeline of main, unless something else is said. */
function pipeline(number: number, commit: number, more: Partial<HistoryPipeline> = {}): void {
  fixture.sandbox.history.pipelines.push({
    number,
    uuid: uuidOf(number),
    kind: 'branch',
    name: 'main',
    selector: { type: 'branches', pattern: 'main' },
    commit: hashOf(commit),
    result: 'SUCCESSFUL',
    ...more,
  });
}

/** Build 42 of the commit 10. */
async function start(env: Environment, ...args: readonly string[]): Promise<Ended> {
  writeFileSync(join(fixture.directory, 'app.1.0.0.zip'), 'one');
  return await runOctopus(
    fixture,
    {
      FILENAME: 'app.1.0.0.zip',
      BITBUCKET_BUILD_NUMBER: '42',
      BITBUCKET_PIPELINE_UUID: uuidOf(42),
      BITBUCKET_WORKSPACE: 'acme',
      BITBUCKET_REPO_SLUG: 'app',
      BITBUCKET_BRANCH: 'main',
      BITBUCKET_COMMIT: hashOf(10),
      BITBUCKET_ACCESS_TOKEN: tokens.accessToken,
      ...env,
    },
    '--no-report',
    ...args,
  );
}

async function run(env: Environment = {}, ...args: readonly string[]): Promise<Ended> {
  const ended = await start(env, ...args);
  expect(ended.output).toContain('✔ Published');
  expect(ended.exitCode).toBe(0);
  return ended;
}

interface Information {
  readonly Branch?: string;
  readonly Commits: readonly { readonly Id: string; readonly Comment: string }[];
}

function sent(): Information {
  return fixture.sandbox.octopus.buildInformation.get('app.1.0.0') as Information;
}

const commitIds = (): readonly string[] => sent().Commits.map(({ Id }) => Id);
const apiRequests = (): readonly string[] =>
  fixture.sandbox.requests.filter(({ server }) => server === 'api').map(({ path }) => decodeURIComponent(path));

beforeEach(() => {
  for (let index = 0; index <= 12; index++)
    fixture.sandbox.history.commits.push({ hash: hashOf(index), message: `ACME-${index}: a change\n\nMore.\n` });
  pipeline(42, 10, { result: undefined });
});

describe('commits since the last successful pipeline of the branch', () => {
  it.each<[string, Environment]>([
    ['an access token', {}],
    [
      'an API token',
      {
        BITBUCKET_ACCESS_TOKEN: undefined,
        ATLASSIAN_API_TOKEN: tokens.apiToken,
        ATLASSIAN_ACCOUNT_EMAIL: tokens.apiUser,
      },
    ],
  ])('are sent with their messages, read with %s', async (_, env) => {
    pipeline(39, 5);
    pipeline(40, 7);
    pipeline(41, 8, { result: 'FAILED' });
    const { output } = await run(env);
    expect(sent().Commits).toEqual(
      [10, 9, 8].map((index) => ({ Id: hashOf(index), Comment: `ACME-${index}: a change\n\nMore.\n` })),
    );
    expect(output).toContain(
      `INFO: Build information of build 42 was sent, with 3 commits since ${hashOf(7).slice(0, 12)}\n`,
    );
    expect(apiRequests()).toEqual([
      `/2.0/repositories/acme/app/pipelines/${uuidOf(42)}`,
      '/2.0/repositories/acme/app/pipelines?target.branch=main&status=PASSED&sort=-created_on&pagelen=30',
      `/2.0/repositories/acme/app/commits/${hashOf(10)}?exclude=${hashOf(7)}&pagelen=100&fields=next,values.hash,values.message`,
    ]);
  });

  it('are not those since another pipeline of the same branch, or of another branch, or since a later one', async () => {
    pipeline(38, 6);
    pipeline(39, 7, { name: 'other' });
    pipeline(40, 8, { selector: { type: 'custom', pattern: 'nightly' } });
    pipeline(41, 9, { kind: 'tag', name: 'main', selector: { type: 'tags', pattern: '*' } });
    pipeline(43, 11);
    await run();
    expect(commitIds()).toEqual([10, 9, 8, 7].map(hashOf));
  });

  it('are those since any pipeline of the branch if this one is not named', async () => {
    pipeline(40, 8, { selector: { type: 'custom', pattern: 'nightly' } });
    await run({ BITBUCKET_PIPELINE_UUID: undefined });
    expect(commitIds()).toEqual([10, 9].map(hashOf));
  });

  it('are at most 100, and the log says so', async () => {
    const { commits } = fixture.sandbox.history;
    for (let index = 13; index <= 200; index++) commits.push({ hash: hashOf(index), message: 'x' });
    pipeline(41, 20);
    const { output } = await run({ BITBUCKET_COMMIT: hashOf(200) });
    expect(commitIds()).toEqual(Array.from({ length: 100 }, (_, index) => hashOf(200 - index)));
    expect(output).toContain(`with the newest 100 commits since ${hashOf(20).slice(0, 12)}\n`);
  });

  it('have messages of at most 2,000 characters', async () => {
    fixture.sandbox.history.commits[10] = { hash: hashOf(10), message: `${'x'.repeat(1998)}😀${'y'.repeat(50_000)}` };
    pipeline(41, 9);
    await run();
    expect(sent().Commits).toEqual([{ Id: hashOf(10), Comment: `${'x'.repeat(1998)}\uFFFD…` }]);
  });
});

describe('only the commit of the build is sent, with its message,', () => {
  it.each<[string, () => void, Environment, string]>([
    ['of the first build of a branch', () => undefined, {}, 'no earlier successful pipeline of main was found'],
    ['of a second build', () => pipeline(41, 10), {}, 'the last successful pipeline of main had it, too'],
    ['of a build of an older commit', () => pipeline(41, 12), {}, 'the last successful pipeline of main had it, too'],
    [
      'of the build of a tag',
      () => pipeline(41, 8),
      { BITBUCKET_BRANCH: undefined, BITBUCKET_TAG: 'v1' },
      'this is not the pipeline of a branch',
    ],
  ])('%s', async (_, prepare, env, reason) => {
    prepare();
    const { output } = await run(env);
    expect(sent().Commits).toEqual([{ Id: hashOf(10), Comment: 'ACME-10: a change\n\nMore.\n' }]);
    expect(sent().Branch).toBe(env['BITBUCKET_TAG'] ?? 'main');
    expect(output).toContain(`with only the commit ${hashOf(10).slice(0, 12)}, since ${reason}\n`);
    expect(output).not.toContain('WARNING');
  });

  it('if the token may not read pipelines', async () => {
    pipeline(41, 8);
    const { output } = await run({ BITBUCKET_ACCESS_TOKEN: tokens.readOnlyAccessToken });
    expect(sent().Commits).toEqual([{ Id: hashOf(10), Comment: 'ACME-10: a change\n\nMore.\n' }]);
    expect(output).toMatch(
      /WARNING: The commits since .* cannot be read, .*: 403 .*\. Check BITBUCKET_ACCESS_TOKEN: it needs the scopes repository and pipeline\n/,
    );
    expect(output).toContain(`was sent, with only the commit ${hashOf(10).slice(0, 12)}\n`);
  });

  it('if the earlier commit is gone, as after a force push', async () => {
    pipeline(41, 8, { commit: 'f'.repeat(40) });
    expect((await run()).output).toMatch(/WARNING: The commits since .*: 404 Commit not found/);
    expect(sent().Commits).toEqual([{ Id: hashOf(10), Comment: 'ACME-10: a change\n\nMore.\n' }]);
  });
});

describe('the commit at hand is sent, without its message,', () => {
  const expectAtHand = (): void => expect(sent().Commits).toEqual([{ Id: hashOf(10), Comment: '' }]);

  it('without a token, and Bitbucket is not asked', async () => {
    const { output } = await run({ BITBUCKET_ACCESS_TOKEN: undefined });
    expectAtHand();
    expect(output).toContain(`was sent, with the commit ${hashOf(10).slice(0, 12)}\n`);
    expect(apiRequests()).toEqual([]);
  });

  it('if the token is not valid', async () => {
    const { output } = await run({ BITBUCKET_ACCESS_TOKEN: tokens.expiredToken });
    expectAtHand();
    expect(output).toMatch(/WARNING: The commits since .*: 401 Token is invalid.*Check BITBUCKET_ACCESS_TOKEN/);
  });

  it.each<[string, FaultAction]>([
    ['too many requests', { kind: 'status', status: 429 }],
    ['unavailable', { kind: 'status', status: 503 }],
    ['a web page', { kind: 'other-status', status: 200, page: '<html>Sign in</html>' }],
    ['another document', { kind: 'other-status', status: 200, page: '{"values":{}}' }],
    ['no JSON', { kind: 'malformed-json' }],
    ['a reset', { kind: 'reset' }],
    ['an answer that never ends', { kind: 'huge-body', status: 200, bytes: -1 }],
    ['a redirect to another server', { kind: 'redirect', status: 302, location: 'http://127.0.0.1:1/' }],
  ])('if Bitbucket answers with %s', async (_, action) => {
    pipeline(41, 8);
    fixture.sandbox.inject({ server: 'api', times: -1, action });
    const { output } = await run();
    expectAtHand();
    expect(output).toContain('WARNING: The commits since the last successful pipeline cannot be read');
  });

  it('if Bitbucket does not answer in time', async () => {
    fixture.sandbox.inject({ server: 'api', times: -1, action: { kind: 'stall' } });
    expect((await run({}, '--timeout', '1')).output).toContain('Bitbucket did not answer within 1.0 s');
    expectAtHand();
  });
});

it('a run that is stopped meanwhile ends', async () => {
  fixture.sandbox.inject({ server: 'api', times: -1, action: { kind: 'stall' } });
  const running = start({});
  while (apiRequests().length === 0) await sleep(5);
  fixture.signal('SIGTERM');
  const { exitCode, output } = await running;
  expect([exitCode, output]).toEqual([143, expect.stringContaining('app.1.0.0.zip: not attempted')]);
  expect(fixture.sandbox.octopus.packages.size).toBe(0);
});

it('nothing is read without build information, or for a dry run', async () => {
  pipeline(41, 8);
  writeFileSync(join(fixture.directory, 'app.1.0.0.zip'), 'one');
  await run({}, '--no-build-information');
  const env = { FILENAME: 'app.1.0.0.zip', BITBUCKET_BUILD_NUMBER: '42', BITBUCKET_ACCESS_TOKEN: tokens.accessToken };
  await runOctopus(fixture, env, '--dry-run');
  expect(apiRequests()).toEqual([]);
});

describe('what is wrong with a token is said before anything is sent', () => {
  const apiToken = { ATLASSIAN_API_TOKEN: tokens.apiToken };
  it.each<[Environment, string]>([
    [
      { BITBUCKET_ACCESS_TOKEN: tokens.apiToken },
      "BITBUCKET_ACCESS_TOKEN:\n- 'is an API token: set an access token with the scopes repository and pipeline'",
    ],
    [
      { ATLASSIAN_API_TOKEN: tokens.accessToken, ATLASSIAN_ACCOUNT_EMAIL: tokens.apiUser },
      "ATLASSIAN_API_TOKEN:\n- 'is an access token: set an API token with the scopes read:repository:bitbucket and read:pipeline:bitbucket'",
    ],
    [apiToken, 'ATLASSIAN_ACCOUNT_EMAIL:\n- required field, the email of the account that owns ATLASSIAN_API_TOKEN'],
    [
      { ...apiToken, ATLASSIAN_ACCOUNT_EMAIL: 'a:b' },
      'ATLASSIAN_ACCOUNT_EMAIL:\n- must not contain a colon or control characters',
    ],
    [
      { ...apiToken, BITBUCKET_ACCESS_TOKEN: tokens.accessToken },
      "BITBUCKET_ACCESS_TOKEN:\n- 'contradicts ATLASSIAN_API_TOKEN: set only one of them'",
    ],
    [{ BITBUCKET_ACCESS_TOKEN: 'a b' }, "BITBUCKET_ACCESS_TOKEN:\n- 'contains white space"],
    [{ BITBUCKET_ACCESS_TOKEN: '$REPOSITORY_TOKEN' }, 'BITBUCKET_ACCESS_TOKEN:\n- '],
    [{ BITBUCKET_ACCESS_TOKEN: tokens.accessToken, API_URL: 'ftp://host' }, 'API_URL:\n- must be an https://'],
  ])('%j', async (env, message) => {
    writeFileSync(join(fixture.directory, 'app.1.0.0.zip'), 'one');
    const build = { BITBUCKET_BUILD_NUMBER: '42', BITBUCKET_WORKSPACE: 'acme', BITBUCKET_REPO_SLUG: 'app' };
    const { exitCode, output } = await runOctopus(fixture, { FILENAME: '*.zip', ...build, ...env });
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining(message) });
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('but the names of other pipes are no names of TOKEN', async () => {
    writeFileSync(join(fixture.directory, 'app.1.0.0.zip'), 'one');
    const env = { FILENAME: '*.zip', TOKEN: undefined, BITBUCKET_ACCESS_TOKEN: tokens.accessToken };
    const { output } = await runOctopus(fixture, env);
    expect(output).toContain('TOKEN:\n- required field, or give --service-account');
  });
});
