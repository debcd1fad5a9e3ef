/** Whole runs of every TYPE, with debug output, that end in every way, against servers and proxies that echo every secret. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { jar } from '../destinations/maven/artifacts.ts';
import { deployed } from '../destinations/maven/staged.ts';
import { writePackage } from '../destinations/npm/tarballs.ts';
import { writeWheel } from '../destinations/pypi/packages.ts';
import { challenging, echoing, startEchoProxy } from '../hostile-echo.ts';
import { answer, serve } from '../http/test-servers.ts';
import { findLeaks } from '../leaks.ts';
import { layer } from '../oci/fixtures.ts';
import { writeLayout } from '../oci/registry/images.ts';
import { arrayVariables, type Ended, useSandbox } from '../run-pipe.ts';
import { tokens } from '../sandbox/tokens.ts';
import { waysToWrite } from '../ways-to-write.ts';

const fixture = useSandbox({ registry: { createsPackages: true }, npm: { stages: true } });
const account: Environment = { USERNAME: tokens.apiUser, TOKEN: tokens.apiToken };
/** The token as it is sent. */
const basic = Buffer.from(`${tokens.apiUser}:${tokens.apiToken}`).toString('base64');
const proxyPassword = 'pr0xy/Passw0rd+with&odd=characters';
const proxyUser = `me:${encodeURIComponent(proxyPassword)}`;

function readOnlyOf(type: (typeof types)[number]): string {
  if (type === 'octopus') return tokens.octopusReadKey;
  return type === 'file' ? tokens.readOnlyAccessToken : tokens.readOnlyPackagesToken;
}

/** The names of the encodings, and a function for each. */
const ways = waysToWrite('').map(
  ([name], index) => [name, (secret: string): string => waysToWrite(secret)[index]?.[1] ?? ''] as const,
);

const kinds = ['file', 'npm', 'npm --stage', 'maven', 'maven directory', 'pypi', 'image', 'octopus'] as const;
type Kind = (typeof kinds)[number];
const types = ['file', 'npm', 'maven', 'pypi', 'image', 'octopus'] as const;

function typeOf(kind: Kind): (typeof types)[number] {
  return types.find((type) => kind.startsWith(type)) ?? 'file';
}

async function filesOf(kind: Kind): Promise<Environment> {
  const type = typeOf(kind);
  if (kind === 'maven directory') {
    for (const [path, content] of Object.entries(deployed)) {
      await mkdir(dirname(join(fixture.directory, path)), { recursive: true });
      await writeFile(join(fixture.directory, path), content);
    }
    return { FILENAME: 'staging' };
  }
  if (type === 'image') return { FILENAME: await writeLayout(fixture, [layer('app', 500)]), IMAGE: 'acme/app:v1' };
  if (type === 'npm') return { FILENAME: await writePackage(fixture) };
  if (type === 'pypi') return { FILENAME: await writeWheel(fixture) };
  const [name, content] = type === 'maven' ? ['app-1.0.jar', jar()] : ['app.1.0.0.zip', Buffer.from('content')];
  await writeFile(join(fixture.directory, name), content);
  return { FILENAME: name };
}

function accountOf(kind: Kind): Environment {
  return kind === 'octopus' ? { TOKEN: tokens.octopusKey } : account;
}

/** Runs with every way to hand results over. @param server the origin, or nothing for the sandbox */
async function run(kind: Kind, server: string | undefined, env: Environment = {}, ...args: string[]): Promise<Ended> {
  const type = typeOf(kind);
  const { apiUrl, npmUrl, mavenUrl, pypiUrl, registryUrl, octopusUrl } = fixture.sandbox;
  const registries = { file: undefined, npm: npmUrl, maven: mavenUrl, pypi: pypiUrl, image: registryUrl };
  const registry = { ...registries, octopus: octopusUrl }[type];
  const more = kind === 'npm --stage' ? ['--stage'] : [];
  return await fixture.runPipe(
    {
      TYPE: type,
      API_URL: server ?? apiUrl,
      REGISTRY: type === 'file' ? undefined : (server ?? registry),
      ...accountOf(kind),
      BITBUCKET_BUILD_NUMBER: '42',
      BITBUCKET_PIPE_STORAGE_DIR: join(fixture.directory, '.storage'),
      BITBUCKET_PIPELINES_VARIABLES_PATH: join(fixture.directory, 'variables'),
      BITBUCKET_PIPELINE_UUID: '{0}',
      BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
      BITBUCKET_WORKSPACE: 'acme',
      BITBUCKET_REPO_SLUG: 'app',
      ...(await filesOf(kind)),
      ...env,
      ...arrayVariables('EXTRA_ARGS', ['--output', 'out.json', '--retries', '1', ...more, ...args]),
    },
    { retryBaseMs: 0 },
  );
}

function expectNone({ everything }: Ended, ...secrets: readonly string[]): void {
  for (const secret of secrets) expect(findLeaks(everything, secret)).toEqual([]);
}

describe.each(kinds)('TYPE %s: no secret appears anywhere', (kind) => {
  const type = typeOf(kind);
  const { TOKEN: secret = '' } = accountOf(kind);

  it('if everything succeeds, and is reported', async () => {
    const ended = await run(kind, undefined);
    expect(ended).toMatchObject({ exitCode: 0, output: expect.stringContaining('DEBUG: > ') });
    expect(fixture.sandbox.reports.size).toBe(1);
    expect(ended.everything).toContain('"items"');
    expectNone(ended, secret, basic);
  });

  it.each([
    ['is not known', type === 'octopus' ? 'API-EXPIREDW7QVN2EKP81HRZXC4TB' : tokens.expiredToken, tokens.apiUser],
    ['may not write', readOnlyOf(type), tokens.apiUser],
  ])('if the token %s', async (_, token, user) => {
    const isApi = token.startsWith('ATAT');
    const ended = await run(kind, undefined, { TOKEN: token, USERNAME: isApi ? user : undefined });
    expect(ended.exitCode).toBe(1);
    expectNone(ended, token);
  });

  // Each status gets some of the encodings, and all of them together get every one.
  it.each([200, 201, 307, 400, 401, 403, 503].map((status, index, { length }) => [status, index, length] as const))(
    'if a server answers %i, and echoes it in every part',
    async (status, offset, count) => {
      let masked = 0;
      for (const [name, write] of ways.filter((_, index) => index % count === offset)) {
        await using server = await serve(challenging(echoing(status, write)));
        const ended = await run(kind, server.origin);
        expect(server.received.length).toBeGreaterThan(0);
        expect({ name, leaks: findLeaks(ended.everything, secret) }).toEqual({ name, leaks: [] });
        expectNone(ended, basic);
        if (ended.output.includes('***')) masked++;
      }
      expect(masked).toBeGreaterThan(0);
    },
  );

  it.each([403, 407, 502])('if a proxy answers %i, and echoes its own password', async (status) => {
    for (const scheme of type === 'file' ? ['https'] : ['https', 'http']) {
      for (const [name, write] of ways.filter((_, index) => index % 5 === status % 5)) {
        await using proxy = await startEchoProxy(status, write);
        const url = `http://${proxyUser}@${proxy.host}`;
        const args = scheme === 'http' ? ['--plain-http'] : [];
        const ended = await run(kind, `${scheme}://server.example`, { HTTPS_PROXY: url, HTTP_PROXY: url }, ...args);
        expect(ended.exitCode).toBe(1);
        expect({ name, leaks: findLeaks(ended.everything, proxyPassword) }).toEqual({ name, leaks: [] });
        expectNone(ended, secret, basic);
      }
    }
  });
});

describe.each([
  ['the step', tokens.stepToken, 1],
  ['the exchange', 'eyJhbGciOiJQUzI1NiJ9.Wq7vN2eKp81hRzXc4TbYmL0sUaJd9iVoGf6.PtHn5Ek3CrBxyMwQlZAuS2jDgI8vKe7TpRo4', 2],
])('the token of %s', (_, secret, goodAnswers) => {
  it.each(ways)('that an Octopus server echoes as %s is not printed', async (__, write) => {
    const configuration = answer(200, JSON.stringify({ token_endpoint: '/token/v1' }));
    const issued = answer(200, JSON.stringify({ access_token: secret }));
    await using server = await serve(configuration, ...[issued].slice(2 - goodAnswers), echoing(400, write, [secret]));
    const oidc = { TOKEN: undefined, BITBUCKET_STEP_OIDC_TOKEN: tokens.stepToken };
    const ended = await run('octopus', server.origin, oidc, '--service-account', tokens.serviceAccount);
    expect(ended.exitCode).toBe(1);
    expect(server.received.length).toBeGreaterThan(goodAnswers);
    expectNone(ended, secret, tokens.stepToken);
  });
});

it.each(ways)("Bitbucket's token, which its API echoes as %s to an octopus run, is not printed", async (_, write) => {
  await using server = await serve(echoing(403, write));
  const env = { API_URL: server.origin, BITBUCKET_BRANCH: 'main', BITBUCKET_ACCESS_TOKEN: tokens.accessToken };
  const ended = await run('octopus', undefined, env);
  expect(ended).toMatchObject({ exitCode: 0, output: expect.stringContaining('WARNING: The commits since') });
  expectNone(ended, tokens.accessToken);
});

it.each(ways)('a presigned URL that is echoed by its store as %s is not printed', async (_, write) => {
  const signature = '3f1a9c0de5b72846c1d0f9e8a7b6c5d4e3f2a1b0c9d8e7f6';
  await using store = await serve(echoing(403, write));
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${signature}`;
  await using server = await serve(answer(302, '', { location: `${store.origin}/bucket/app?${query}` }));
  const ended = await run('maven', server.origin);
  expect(ended).toMatchObject({ exitCode: 1, output: expect.stringContaining(new URL(store.origin).host) });
  expect(store.received.length).toBeGreaterThan(0);
  expectNone(ended, signature, tokens.apiToken);
});
