/** The sandbox's npm registry accepts only documents of the exact form that npm sends. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSandbox, type Sandbox } from './sandbox.ts';
import { tokens } from './tokens.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

const content = Buffer.from('a tarball');
const hash = (algorithm: string, encoding: 'hex' | 'base64'): string =>
  createHash(algorithm).update(content).digest(encoding);
const basic = (user: string, token: string): string => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
const headers = {
  authorization: basic(tokens.packagesUser, tokens.packagesToken),
  'content-type': 'application/json',
};

type Json = Record<string, unknown>;

/** A valid document. */
function document(change: (document: Json, manifest: Json, dist: Json, attachment: Json) => void = () => {}): Json {
  const tarball = `${sandbox.npmUrl}@acme/lib/-/@acme/lib-1.0.0.tgz`;
  const dist = { integrity: `sha512-${hash('sha512', 'base64')}`, shasum: hash('sha1', 'hex'), tarball };
  const manifest = { name: '@acme/lib', version: '1.0.0', _id: '@acme/lib@1.0.0', readme: 'x', dist };
  const data = content.toString('base64');
  const attachment = { content_type: 'application/octet-stream', data, length: content.length };
  const all = {
    _id: '@acme/lib',
    name: '@acme/lib',
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': manifest },
    access: null,
    _attachments: { '@acme/lib-1.0.0.tgz': attachment },
  };
  change(all, manifest, dist, attachment);
  return all;
}

async function put(body: unknown, given: Record<string, string> = {}, name = '@acme%2flib'): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return await fetch(sandbox.npmUrl + name, { method: 'PUT', headers: { ...headers, ...given }, body: text });
}

async function get(path: string, given: Record<string, string> = {}): Promise<Response> {
  return await fetch(sandbox.npmUrl + path, { headers: { authorization: headers.authorization, ...given } });
}

describe('a document as npm writes it', () => {
  it('is stored, and returned in both forms, with the tarball', async () => {
    expect((await put(document())).status).toBe(201);
    const short = await get('@acme%2flib', { accept: 'application/vnd.npm.install-v1+json' });
    expect(short.headers.get('content-type')).toBe('application/vnd.npm.install-v1+json');
    const shown = (await short.json()) as { versions: Record<string, { readme?: string; dist: { tarball: string } }> };
    expect(shown.versions['1.0.0']?.readme).toBeUndefined();
    expect(await (await get('@acme%2flib')).json()).toMatchObject({ versions: { '1.0.0': { readme: 'x' } } });
    const address = shown.versions['1.0.0']?.dist.tarball ?? '';
    expect(await (await get(address.replace(sandbox.npmUrl, ''))).text()).toBe('a tarball');
    const alone = await get('@acme%2flib/1.0.0');
    expect(await alone.json()).toMatchObject({ version: '1.0.0', readme: 'x', dist: { tarball: address } });
    expect(await sandbox.npm.installProblems('@acme/lib', '1.0.0')).toEqual([]);
    expect(sandbox.violations).toEqual([]);
  });

  it('is rejected the second time, but is not a violation', async () => {
    await put(document());
    const again = await put(document());
    expect([again.status, await again.text()]).toEqual([403, expect.stringContaining('cannot publish over')]);
    expect(sandbox.violations).toEqual([]);
  });
});

describe('a document with', () => {
  it.each<[string, Parameters<typeof document>[0], RegExp]>([
    ['another name', (all) => (all['name'] = 'x'), /x at the address of @acme\/lib/],
    ['another id', (all) => (all['_id'] = 'x'), /at the address of/],
    ['an unknown field', (all) => (all['readme'] = 'x'), /unknown field readme/],
    [
      'two versions',
      (all) => (all['versions'] = { ...(all['versions'] as object), '2.0.0': {} }),
      /not exactly one version/,
    ],
    ['a wrong version', (_, manifest) => (manifest['version'] = '2.0.0'), /another package/],
    ['no readme', (_, manifest) => delete manifest['readme'], /no readme/],
    ['a description of its own', (all) => (all['description'] = 'x'), /two descriptions/],
    ['no dist-tag', (all) => (all['dist-tags'] = {}), /not exactly one dist-tag/],
    ['a dist-tag for another version', (all) => (all['dist-tags'] = { latest: '2.0.0' }), /not exactly one dist-tag/],
    ['a version as dist-tag', (all) => (all['dist-tags'] = { '1.0': '1.0.0' }), /the dist-tag 1\.0/],
    ['no integrity', (_, _manifest, dist) => delete dist['integrity'], /the integrity/],
    ['a wrong integrity', (_, _manifest, dist) => (dist['integrity'] = 'sha512-AAAA'), /the integrity sha512-AAAA/],
    ['a wrong shasum', (_, _manifest, dist) => (dist['shasum'] = 'abc'), /the shasum abc/],
    ['a wrong address', (_, _manifest, dist) => (dist['tarball'] = 'http://x'), /the address http:\/\/x/],
    ['a wrong length', (_, _manifest, _dist, attachment) => (attachment['length'] = 1), /9 bytes, not 1/],
    ['a content type', (_, _manifest, _dist, attachment) => (attachment['content_type'] = 'x'), /content type/],
    ['a broken line', (_, _manifest, _dist, attachment) => (attachment['data'] = 'YWJj\nYWJj'), /not in base64/],
    ['padding in between', (_, _manifest, _dist, attachment) => (attachment['data'] = 'YQ==YQ=='), /not in base64/],
    ['no tarball', (all) => (all['_attachments'] = {}), /no tarball in the document/],
    ['a strange access', (all) => (all['access'] = 'everybody'), /strange access/],
  ])('%s is a violation', async (_, change, violation) => {
    expect((await put(document(change))).status).toBe(400);
    expect(sandbox.violations).toEqual([expect.stringMatching(violation)]);
    expect(sandbox.npm.packages.size).toBe(0);
  });
});

describe('a request', () => {
  it.each<[string, () => Promise<Response>, number, RegExp | undefined]>([
    ['without credentials', () => put(document(), { authorization: '' }), 401, /malformed Authorization/],
    ['with a wrong token', () => put(document(), { authorization: basic('a', 'b') }), 401, undefined],
    ['with an access token', () => put(document(), { authorization: `Bearer ${tokens.accessToken}` }), 401, undefined],
    [
      'without the scope to write',
      () => put(document(), { authorization: basic(tokens.apiUser, tokens.readOnlyPackagesToken) }),
      403,
      undefined,
    ],
    ['of another type', () => put(document(), { 'content-type': 'text/plain' }), 415, /Content-Type/],
    ['with what is no JSON', () => put(`${JSON.stringify(document())}}`), 400, /not JSON/],
    ['with a scope as a directory', () => put(document(), {}, '@acme/lib'), 404, /no package's address/],
    ['for a package that is not there', () => get('nothing'), 404, undefined],
    ['for a version that is not there', () => get('@acme%2flib/1.0.0'), 404, undefined],
    ['for a tarball that is not there', () => get('lib/-/lib-1.0.0.tgz'), 404, undefined],
  ])('%s', async (_, send, status, violation) => {
    expect((await send()).status).toBe(status);
    expect(sandbox.violations).toEqual(violation === undefined ? [] : [expect.stringMatching(violation)]);
  });
});

describe('the staging area', () => {
  const stagePath = '-/stage/package/@acme%2flib';

  async function ask(
    method: string,
    path: string,
    more: Record<string, string> = {},
    body?: object,
  ): Promise<Response> {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    return await fetch(sandbox.npmUrl + path, { method, headers: { ...headers, ...more }, ...given });
  }

  async function stage(): Promise<string> {
    const answer = await ask('POST', stagePath, {}, document());
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { stageId: string }).stageId;
  }

  it('is only there if the registry has one', async () => {
    expect((await ask('POST', stagePath, {}, document())).status).toBe(404);
  });

  describe('of a registry that has one', () => {
    beforeEach(async () => {
      await sandbox.close();
      sandbox = await startSandbox({ npm: { stages: true } });
    });

    it('keeps a version until it is approved with a second factor', async () => {
      const id = await stage();
      expect((await get('@acme%2flib')).status).toBe(404);
      expect((await ask('POST', stagePath, {}, document())).status).toBe(403);
      const list = await get('-/stage?package=@acme/lib&page=0&perPage=100');
      expect(await list.json()).toMatchObject({
        total: 1,
        items: [{ id, packageName: '@acme/lib', version: '1.0.0' }],
      });
      expect(await (await get(`-/stage/${id}/tarball`)).text()).toBe('a tarball');
      expect((await ask('POST', `-/stage/${id}/approve`)).headers.get('www-authenticate')).toBe('OTP');
      expect((await ask('POST', `-/stage/${id}/approve`, { 'npm-otp': '123456' })).status).toBe(200);
      expect(await sandbox.npm.installProblems('@acme/lib', '1.0.0')).toEqual([]);
      expect((await get(`-/stage/${id}`)).status).toBe(404);
      expect(sandbox.violations).toEqual([]);
    });

    it('gives a rejected version free', async () => {
      const id = await stage();
      expect((await ask('DELETE', `-/stage/${id}`)).status).toBe(401);
      expect((await ask('DELETE', `-/stage/${id}`, { 'npm-otp': '123456' })).status).toBe(204);
      await stage();
      expect(sandbox.violations).toEqual([]);
    });

    it.each<[string, string, string, RegExp]>([
      ['a page that is too long', 'GET', '-/stage?package=lib&page=0&perPage=500', /page 0 of 500/],
      ['an unknown address', 'GET', '-/stage/lib', /no address of the staging area/],
      ['a slash in the name', 'POST', '-/stage/package/@acme/lib', /no address of the staging area/],
    ])('rejects, as a violation, %s', async (_, method, path, violation) => {
      expect((await ask(method, path)).status).toBeGreaterThanOrEqual(400);
      expect(sandbox.violations).toEqual([expect.stringMatching(violation)]);
    });
  });
});
