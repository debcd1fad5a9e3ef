/** The sandbox's Maven repository rejects requests that no correct client sends. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checksumsOf } from '../../pipe/destinations/maven/checksums.ts';
import type { MavenOptions } from './maven-repository.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { tokens } from './tokens.ts';

let sandbox: Sandbox | undefined;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(async () => await sandbox?.close());

function started(): Sandbox {
  if (sandbox === undefined) throw new Error('only within a test');
  return sandbox;
}

const basic = (token: string): string => `Basic ${Buffer.from(`${tokens.apiUser}:${token}`).toString('base64')}`;

async function ask(
  method: string,
  path: string,
  body?: string,
  authorization = basic(tokens.apiToken),
): Promise<Response> {
  return await fetch(started().mavenUrl + path, {
    method,
    headers: { authorization },
    ...(body !== undefined && { body }),
  });
}

const release = 'com/acme/app/1.0';
const metadata = (versions: readonly string[]): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<metadata>',
    '  <groupId>com.acme</groupId>',
    '  <artifactId>app</artifactId>',
    '  <versioning>',
    '    <versions>',
    ...versions.map((version) => `      <version>${version}</version>`),
    '    </versions>',
    '    <lastUpdated>20261121060929</lastUpdated>',
    '  </versioning>',
    '</metadata>',
    '',
  ].join('\n');

const group = (...plugins: readonly (readonly [string, string])[]): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<metadata>',
    '  <plugins>',
    ...plugins.flatMap(([prefix, artifactId]) => [
      '    <plugin>',
      ...(prefix === '' ? [] : [`      <prefix>${prefix}</prefix>`]),
      `      <artifactId>${artifactId}</artifactId>`,
      '    </plugin>',
    ]),
    '  </plugins>',
    '</metadata>',
    '',
  ].join('\n');

it('stores files, their checksums and metadata, and returns them', async () => {
  const text = 'the pom';
  expect((await ask('PUT', `${release}/app-1.0.pom`, text)).status).toBe(201);
  for (const [kind, value] of Object.entries(checksumsOf(Buffer.from(text))))
    expect((await ask('PUT', `${release}/app-1.0.pom.${kind}`, value)).status).toBe(201);
  expect((await ask('PUT', 'com/acme/app/maven-metadata.xml', metadata(['1.0']))).status).toBe(201);
  expect((await ask('PUT', 'com/acme/maven-metadata.xml', group(['a', 'app']))).status).toBe(201);
  expect(await (await ask('GET', `${release}/app-1.0.pom`)).text()).toBe(text);
  const head = await ask('HEAD', `${release}/app-1.0.pom`);
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(text.length)]);
  expect((await ask('GET', `${release}/absent`)).status).toBe(404);
  expect((await ask('PUT', `${release}/app-1.0.pom`, 'another')).status).toBe(409);
  expect(started().violations).toEqual([]);
});

describe('rejects, as a violation,', () => {
  it.each([
    ['a file outside of the layout', 'app.jar', 'x', 'a file outside of group/artifact/version'],
    ['a file of another name', `${release}/other-1.0.jar`, 'x', 'the file name other-1.0.jar in version 1.0'],
    [
      'a SNAPSHOT without a timestamp',
      'com/acme/app/1-SNAPSHOT/app-1-SNAPSHOT.jar',
      'x',
      'the file name app-1-SNAPSHOT.jar',
    ],
    ['a path upwards', `${release}/%2e%2e%2fapp-1.0.jar`, 'x', 'an encoded slash'],
    ['a checksum before its file', `${release}/app-1.0.jar.sha1`, 'x', 'a checksum of app-1.0.jar, which is not there'],
    ['a wrong checksum', 'seeded/app/1/app-1.jar.sha1', 'x', 'a wrong sha1 of app-1.jar'],
    [
      'metadata before the POM',
      'com/acme/app/maven-metadata.xml',
      metadata(['1.0']),
      'has versions that are not there: 1.0',
    ],
    ['metadata of nothing', 'com/acme/app/maven-metadata.xml', metadata([]), 'has versions that are not there'],
    ['metadata of another', 'com/acme/lib/maven-metadata.xml', metadata(['1.0']), 'has another artifactId'],
    ['what is not metadata', 'com/acme/app/maven-metadata.xml', '<metadata>', 'is not well-formed'],
    [
      'a prefix before its plugin',
      'seeded/maven-metadata.xml',
      group(['a', 'absent']),
      'has plugins that are not there: absent',
    ],
    ['a prefix twice', 'seeded/maven-metadata.xml', group(['a', 'app'], ['a', 'app']), 'has a prefix twice'],
    ['a plugin without a prefix', 'seeded/maven-metadata.xml', group(['', 'app']), 'has a plugin without a prefix'],
  ])('%s', async (_, path, body, violation) => {
    started().maven.put('seeded/app/1/app-1.jar', 'content', { withChecksums: false });
    expect((await ask('PUT', path, body)).ok).toBe(false);
    expect(started().violations).toEqual([expect.stringContaining(violation)]);
  });
});

it.each([
  ['nobody', undefined, 401],
  ['a token of another kind', `Bearer ${tokens.accessToken}`, 401],
  ['a token that only reads', basic(tokens.readOnlyPackagesToken), 403],
])('%s cannot write', async (_, authorization, status) => {
  const response = await fetch(`${started().mavenUrl}${release}/app-1.0.pom`, {
    method: 'PUT',
    body: 'x',
    ...(authorization !== undefined && { headers: { authorization } }),
  });
  expect(response.status).toBe(status);
});

describe('with conditions', () => {
  const path = 'com/acme/app/1-SNAPSHOT/app-1-20261121.060929-1.jar';
  const ifAbsent = { 'if-none-match': '*' };
  const ifOther = { 'if-match': '"another"' };

  it.each<[MavenOptions, readonly number[]]>([
    [{ conditions: 'honoured', etags: 'strong' }, [201, 412, 412, 201, 412]],
    [{ conditions: 'required', etags: 'strong' }, [201, 412, 428, 201, 412]],
    [{ conditions: 'answered by 501', etags: 'weak' }, [501, 501, 201, 201, 501]],
    [{ conditions: 'answered by 400' }, [400, 400, 201, 201, 400]],
    [{ etags: 'strong', replaces: true }, [201, 204, 204, 204, 204]],
  ])('%j', async (options, statuses) => {
    const other = await startSandbox({ maven: { authentication: 'none', ...options } });
    try {
      const put = async (headers: Readonly<Record<string, string>>): Promise<number> =>
        (await fetch(other.mavenUrl + path, { method: 'PUT', body: 'x', headers })).status;
      const found = [await put(ifAbsent), await put(ifAbsent)];
      found.push(await put(options.conditions === 'honoured' ? ifOther : {}));
      const etag = (await fetch(other.mavenUrl + path, { method: 'HEAD' })).headers.get('etag');
      found.push(await put(etag === null || etag.startsWith('W/') ? {} : { 'if-match': etag }), await put(ifOther));
      expect(found).toEqual(statuses);
      expect(other.violations).toEqual([]);
      await put({ 'if-match': 'W/"weak"' });
      expect(other.violations).toEqual([expect.stringContaining('a weak ETag in If-Match')]);
    } finally {
      await other.close();
    }
  });

  it.each([400, 403, 409] as const)('refuses with %d to replace a release', async (existsStatus) => {
    const other = await startSandbox({ maven: { authentication: 'none', existsStatus, namesDigests: true } });
    try {
      const put = async (): Promise<number> =>
        (await fetch(`${other.mavenUrl}${release}/app-1.0.jar`, { method: 'PUT', body: 'x' })).status;
      expect([await put(), await put()]).toEqual([201, existsStatus]);
      const { headers } = await fetch(`${other.mavenUrl}${release}/app-1.0.jar`);
      expect(headers.get('x-checksum-sha256')).toBe(checksumsOf(Buffer.from('x')).sha256);
    } finally {
      await other.close();
    }
  });
});
