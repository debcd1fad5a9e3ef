/** Which host gets which credential: the table in SECURITY.md, for whole runs against servers that send the pipe elsewhere. */

import { describe, expect, it } from '@jest/globals';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { answer, type Reaction, serve, type TestServer } from '../http/test-servers.ts';
import { oneOfEachType } from '../one-of-each-type.ts';
import { arrayVariables, useSandbox } from '../run-pipe.ts';
import { tokens } from '../sandbox/tokens.ts';

const fixture = useSandbox();
const account: Environment = { USERNAME: tokens.apiUser, TOKEN: tokens.apiToken };
const basic = `Basic ${Buffer.from(`${tokens.apiUser}:${tokens.apiToken}`).toString('base64')}`;
/** The header that has the credentials, and what it then says. */
const expected = (type: string): string => (type === 'octopus' ? tokens.octopusKey : basic);
const granted = 'granted-by-the-realm-0123456789';
const pipeline: Environment = {
  BITBUCKET_PIPELINE_UUID: '{0}',
  BITBUCKET_COMMIT: '1'.repeat(40),
  BITBUCKET_WORKSPACE: 'acme',
  BITBUCKET_REPO_SLUG: 'app',
};
const ownPair: Environment = {
  USERNAME: undefined,
  TOKEN: undefined,
  BITBUCKET_PACKAGES_USERNAME: tokens.packagesUser,
  BITBUCKET_PACKAGES_TOKEN: tokens.packagesToken,
};

const types = oneOfEachType(fixture);

/** Sends every request on to the other server, with its method and body. */
function sendTo(other: TestServer): Reaction {
  return async (exchange) => {
    await answer(307, '', { location: `${other.origin}${exchange.received.target}` })(exchange);
  };
}

/** A registry that accepts only the realm's token, and then reacts like `next`. */
function asksForToken(realm: TestServer, next: Reaction): Reaction {
  return async (exchange) => {
    if (exchange.received.headers.authorization === `Bearer ${granted}`) return await next(exchange);
    return await answer(401, '', { 'www-authenticate': `Bearer realm="${realm.origin}/token",service="x"` })(exchange);
  };
}

const authorizations = ({ received }: TestServer): readonly (string | undefined)[] => [
  ...new Set(received.map(({ headers }) => headers.authorization ?? headers['x-octopus-apikey']?.toString())),
];

async function runPipe(type: string, env: Environment, versionListUrl: string): Promise<string> {
  const all = { TYPE: type, DEBUG: 'true', ...pipeline, ...env, ...arrayVariables('EXTRA_ARGS', ['--retries', '0']) };
  return (await fixture.runPipe(all, { versionListUrl })).output;
}

describe.each(types)('TYPE %s', (type, given) => {
  it('sends the account to the server that it is for, to its realm, and to no other host', async () => {
    await using other = await serve(answer(404));
    await using realm = await serve(answer(200, JSON.stringify({ token: granted })));
    const redirect = sendTo(other);
    await using server = await serve(type === 'image' ? asksForToken(realm, redirect) : redirect);
    await using list = await serve(answer(200, '[]'));
    const address = type === 'file' ? { API_URL: server.origin } : { REGISTRY: server.origin };
    const output = await runPipe(
      type,
      { ...account, ...(type === 'octopus' ? { TOKEN: tokens.octopusKey } : {}), ...address, ...(await given()) },
      `${list.origin}/list`,
    );

    // An upload to Downloads follows no redirect; test/destinations/downloads/publish.test.ts reads from the content host.
    expect([output, authorizations(other)]).toEqual([output, type === 'file' || type === 'octopus' ? [] : [undefined]]);
    expect(authorizations(server)).toEqual(type === 'image' ? [undefined, `Bearer ${granted}`] : [expected(type)]);
    expect(authorizations(realm)).toEqual(type === 'image' ? [basic] : []);
    expect(authorizations(list)).toEqual([undefined]);
    const reports = fixture.sandbox.requests.filter(({ path }) => path.includes('/reports/'));
    expect(reports.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe.each(types.filter(([type]) => type !== 'file' && type !== 'octopus'))('TYPE %s', (type, given) => {
  it("does not send the pipeline's own account to a registry that is not Bitbucket's", async () => {
    await using server = await serve(answer(401, '', { 'www-authenticate': 'Basic realm="x"' }));
    await runPipe(type, { ...ownPair, REGISTRY: server.origin, ...(await given()) }, `${server.origin}/list`);
    expect(authorizations(server)).toEqual([undefined]);
  });
});

it("sends Bitbucket's token, which reads the commits of a build, to API_URL alone", async () => {
  await using other = await serve(answer(404));
  await using api = await serve(sendTo(other));
  const octopus = types.find(([type]) => type === 'octopus')?.[1];
  const build = { BITBUCKET_BUILD_NUMBER: '1', BITBUCKET_BRANCH: 'main', BITBUCKET_ACCESS_TOKEN: tokens.accessToken };
  const env = { REGISTRY: fixture.sandbox.octopusUrl, TOKEN: tokens.octopusKey, API_URL: api.origin, ...build };
  const output = await runPipe('octopus', { ...env, ...(await octopus?.()) }, `${other.origin}/list`);
  expect([output, authorizations(api)]).toEqual([output, [`Bearer ${tokens.accessToken}`]]);
  expect(authorizations(other)).toEqual([undefined]);
  expect(output).toContain('✔ Published');
  const sent = fixture.sandbox.requests.filter(({ server }) => server === 'octopus');
  expect(new Set(sent.map(({ headers }) => headers.authorization))).toEqual(new Set([undefined]));
});
