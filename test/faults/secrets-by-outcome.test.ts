/** Whole runs of every TYPE, with debug output, that end in every way, against servers and proxies that echo every secret. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { jar } from '../destinations/maven/artifacts.ts';
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

const fixture = useSandbox({ registry: { createsPackages: true } });
const account: Environment = { USERNAME: tokens.apiUser, TOKEN: tokens.apiToken };
const basic = Buffer.from(`${tokens.apiUser}:${tokens.apiToken}`).toString('base64');
const proxyPassword = 'pr0xy/Passw0rd+with&odd=characters';
const proxyUser = `me:${encodeURIComponent(proxyPassword)}`;

/** The names of the encodings, and a function for each. */
const ways = waysToWrite('').map(
  ([name], index) => [name, (secret: string): string => waysToWrite(secret)[index]?.[1] ?? ''] as const,
);

const types = ['file', 'npm', 'maven', 'pypi', 'image'] as const;
type Type = (typeof types)[number];

async function filesOf(type: Type): Promise<Environment> {
  if (type === 'image') return { FILENAME: await writeLayout(fixture, [layer('app', 500)]), IMAGE: 'acme/app:v1' };
  if (type === 'npm') return { FILENAME: await writePackage(fixture) };
  if (type === 'pypi') return { FILENAME: await writeWheel(fixture) };
  const [name, content] = type === 'maven' ? ['app-1.0.jar', jar()] : ['app.zip', Buffer.from('content')];
  await writeFile(join(fixture.directory, name), content);
  return { FILENAME: name };
}

/** Runs with every way to hand results over. @param server the origin, or nothing for the sandbox */
async function run(type: Type, server: string | undefined, env: Environment = {}, ...args: string[]): Promise<Ended> {
  const { apiUrl, npmUrl, mavenUrl, pypiUrl, registryUrl } = fixture.sandbox;
  const registry = { file: undefined, npm: npmUrl, maven: mavenUrl, pypi: pypiUrl, image: registryUrl }[type];
  return await fixture.runPipe(
    {
      TYPE: type,
      API_URL: server ?? apiUrl,
      REGISTRY: type === 'file' ? undefined : (server ?? registry),
      ...account,
      BITBUCKET_PIPE_STORAGE_DIR: join(fixture.directory, '.storage'),
      BITBUCKET_PIPELINES_VARIABLES_PATH: join(fixture.directory, 'variables'),
      BITBUCKET_PIPELINE_UUID: '{0}',
      BITBUCKET_COMMIT: '0123456789abcdef0123456789abcdef01234567',
      BITBUCKET_WORKSPACE: 'acme',
      BITBUCKET_REPO_SLUG: 'app',
      ...(await filesOf(type)),
      ...env,
      ...arrayVariables('EXTRA_ARGS', ['--output', 'out.json', '--retries', '1', ...args]),
    },
    { retryBaseMs: 0 },
  );
}

function expectNone({ everything }: Ended, ...secrets: readonly string[]): void {
  for (const secret of secrets) expect(findLeaks(everything, secret)).toEqual([]);
}

describe.each(types)('TYPE %s: no secret appears anywhere', (type) => {
  it('if everything succeeds, and is reported', async () => {
    const ended = await run(type, undefined);
    expect(ended).toMatchObject({ exitCode: 0, output: expect.stringContaining('DEBUG: > ') });
    expect(fixture.sandbox.reports.size).toBe(1);
    expect(ended.everything).toContain('"items"');
    expectNone(ended, tokens.apiToken, basic);
  });

  it.each([
    ['is not known', tokens.expiredToken, tokens.apiUser],
    ['may not write', type === 'file' ? tokens.readOnlyAccessToken : tokens.readOnlyPackagesToken, tokens.apiUser],
  ])('if the token %s', async (_, token, user) => {
    const isApi = token.startsWith('ATAT');
    const ended = await run(type, undefined, { TOKEN: token, USERNAME: isApi ? user : undefined });
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
        const ended = await run(type, server.origin);
        expect(server.received.length).toBeGreaterThan(0);
        expect({ name, leaks: findLeaks(ended.everything, tokens.apiToken) }).toEqual({ name, leaks: [] });
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
        const ended = await run(type, `${scheme}://server.example`, { HTTPS_PROXY: url, HTTP_PROXY: url }, ...args);
        expect(ended.exitCode).toBe(1);
        expect({ name, leaks: findLeaks(ended.everything, proxyPassword) }).toEqual({ name, leaks: [] });
        expectNone(ended, tokens.apiToken, basic);
      }
    }
  });
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
