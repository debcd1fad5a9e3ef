/** The sandbox: as strict as Bitbucket, with faults on demand. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault, FaultAction } from './faults.ts';
import { connectTo, sendRaw } from './raw-client.ts';
import { startRemoteSandbox } from './remote-sandbox.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
import { tokens } from './tokens.ts';

let sandbox: Sandbox;
let downloadsUrl: string;

async function restart(options: SandboxOptions): Promise<void> {
  await sandbox.close();
  await start(options);
}

async function start(options?: SandboxOptions): Promise<void> {
  sandbox = await startSandbox(options);
  downloadsUrl = `${sandbox.apiUrl}/repositories/acme/app/downloads`;
}

beforeEach(() => start());
afterEach(() => sandbox.close());

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const basic = (user: string, token: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`,
});
const authorized = bearer(tokens.accessToken);
const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

function call(path = '', init: RequestInit = {}): Promise<Response> {
  return fetch(downloadsUrl + path, { headers: authorized, redirect: 'manual', ...init });
}

function form(files: Readonly<Record<string, string | Buffer>>): FormData {
  const data = new FormData();
  for (const [name, content] of Object.entries(files))
    data.append('files', new Blob([new Uint8Array(Buffer.from(content))]), name);
  return data;
}

function upload(files: Readonly<Record<string, string | Buffer>>): Promise<Response> {
  return call('', { method: 'POST', body: form(files) });
}

function part(filename: string, content: string, name = 'files'): string {
  return `--b\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n${content}\r\n`;
}

/** A POST by hand; the body as latin1 bytes. */
function rawPost(body: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    host: 'x',
    ...authorized,
    'content-type': 'multipart/form-data; boundary=b',
    'content-length': String(body.length),
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== '');
  return `POST ${new URL(downloadsUrl).pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

const refused = (status: number, error: unknown): unknown[] => [status, { type: 'error', error }];

async function summarize(response: Response): Promise<unknown[]> {
  if (response.ok) return [response.status];
  const body: unknown = await response.json();
  return [response.status, body];
}

async function locate(name: string): Promise<string> {
  return (await call(`/${encodeURIComponent(name)}`)).headers.get('location') ?? '';
}

function inject(action: FaultAction, match: Omit<Fault, 'action'> = {}): void {
  sandbox.inject({ ...match, action });
}

/** The status, or how the connection failed. */
async function outcome(pending: Promise<Response>): Promise<number | string> {
  try {
    const response = await pending;
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    if (!isNativeError(error)) return String(error);
    return isNativeError(error.cause) && 'code' in error.cause ? String(error.cause.code) : error.name;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

const megabytes = (count: number): Buffer => Buffer.alloc(count * 1024 * 1024, 'sandbox');

describe('uploads', () => {
  it('stores the files of a request', async () => {
    const response = await upload({ 'a.txt': 'one', 'b c "d" ü.bin': Buffer.from([0, 1, 2]) });
    expect([response.status, await response.text()]).toEqual([201, '']);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/);
    expect([...sandbox.downloads.keys()]).toEqual(['a.txt', 'b c "d" ü.bin']);
    expect(sandbox.downloads.get('a.txt')).toMatchObject({ size: 3, sha256: sha256('one'), uploads: 1 });
    expect(await sandbox.downloads.get('a.txt')?.content()).toEqual(Buffer.from('one'));
    expect(sandbox.violations).toEqual([]);
    expect(sandbox.requests).toHaveLength(1);
    expect(sandbox.requests[0]).toMatchObject({
      server: 'api',
      method: 'POST',
      path: '/2.0/repositories/acme/app/downloads',
      status: 201,
      aborted: false,
      bodyComplete: true,
    });
  });

  it('replaces a file of the same name', async () => {
    sandbox.put('a.txt', 'seed', new Date('2020-01-01'));
    expect(sandbox.downloads.get('a.txt')).toMatchObject({ uploads: 0, createdOn: new Date('2020-01-01') });
    await upload({ 'a.txt': 'one' });
    const first = sandbox.downloads.get('a.txt')?.createdOn.getTime() ?? 0;
    await upload({ 'a.txt': 'other' });
    expect(sandbox.downloads.get('a.txt')).toMatchObject({ size: 5, sha256: sha256('other'), uploads: 2 });
    expect(sandbox.downloads.get('a.txt')?.createdOn.getTime()).toBeGreaterThan(first);
  });

  it.each([
    ['zeros', Buffer.alloc(12 * 1024 * 1024)],
    ['content', Buffer.concat([megabytes(6), Buffer.alloc(5 * 1024 * 1024), Buffer.from('end')])],
  ])('keeps large %s in a file', async (_, content) => {
    expect((await upload({ big: content })).status).toBe(201);
    const stored = sandbox.downloads.get('big');
    expect(stored).toMatchObject({ size: content.length, sha256: sha256(content) });
    expect((await stored?.content())?.equals(content)).toBe(true);
    const location = (await call('/big')).headers.get('location') ?? '';
    expect(Buffer.from(await (await fetch(location)).arrayBuffer()).equals(content)).toBe(true);
  });

  it('only counts content if it is discarded', async () => {
    await restart({ discardContent: true });
    await upload({ a: 'one' });
    expect(sandbox.downloads.get('a')).toMatchObject({ size: 3, sha256: '' });
    await expect(sandbox.downloads.get('a')?.content()).rejects.toThrow('discards');
  });

  it('accepts chunked bodies', async () => {
    const body = `${part('a', 'one')}--b--`;
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const headers = { 'content-length': '', 'transfer-encoding': 'chunked', connection: 'close' };
    expect((await sendRaw(downloadsUrl, rawPost('', headers) + chunks)).text).toContain('HTTP/1.1 201 Created');
    expect(sandbox.downloads.get('a')?.size).toBe(3);
  });

  it('asks a waiting client for its body, unless the request is refused', async () => {
    const body = `${part('a', 'one')}--b--\r\n`;
    const waiting = (headers = {}): string =>
      rawPost('', { expect: '100-continue', 'content-length': String(body.length), connection: 'close', ...headers });
    const socket = connectTo(downloadsUrl);
    socket.write(waiting());
    const [interim] = await once(socket, 'data');
    expect(String(interim)).toContain('HTTP/1.1 100 Continue');
    socket.write(body);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('HTTP/1.1 201 Created');
    socket.destroy();

    const refused = await sendRaw(downloadsUrl, waiting(bearer(tokens.expiredToken)));
    expect(refused).toMatchObject({ ended: 'FIN', text: expect.stringMatching(/^HTTP\/1.1 401 Unauthorized/) });
    expect(sandbox.violations).toEqual([]);
  });

  it.each([
    ['no file', '--b--\r\n', 400, 'no field named files'],
    ['another field', `${part('a', 'x', 'file')}--b--\r\n`, 400, 'a form field "file"'],
    ['an empty filename', `${part('', 'x')}--b--\r\n`, 400, 'an empty filename'],
    ['a path', `${part('dist/a', 'x')}--b--\r\n`, 400, 'a path in the filename "dist/a"'],
    ['a Windows path', `${part(String.raw`c:\a`, 'x')}--b--\r\n`, 400, 'a path in the filename'],
    ['the parent directory', `${part('..', 'x')}--b--\r\n`, 400, 'a path in the filename'],
    ['no filename', part('a', 'x').replace('; filename="a"', '') + '--b--\r\n', 400, 'without a filename'],
    ['no last boundary', part('a', 'x'), 400, 'ends before its last boundary'],
    ['an empty body', '', 400, 'ends before its last boundary'],
    ['garbage', 'garbage', 400, 'does not begin with its boundary'],
  ])('refuses %s', async (_, body, status, violation) => {
    const { text } = await sendRaw(downloadsUrl, rawPost(body, { connection: 'close' }));
    expect(text).toContain(`HTTP/1.1 ${status} `);
    expect(sandbox.violations.join('\n')).toContain(violation);
    expect(sandbox.downloads.size).toBe(0);
  });

  it('rejects names over 255 bytes', async () => {
    expect((await upload({ ['ü'.repeat(127)]: 'x' })).status).toBe(201);
    const response = await upload({ fine: 'x', ['ü'.repeat(128)]: 'x' });
    expect([response.status, await response.json()]).toEqual([
      400,
      { type: 'error', error: { message: 'File name too long' } },
    ]);
    expect(sandbox.downloads.has('fine')).toBe(false);
    expect(sandbox.violations).toEqual([]);
  });

  it('reports a repeated name and an unknown field', async () => {
    const body = form({ a: '1' });
    body.append('files', new Blob(['2']), 'a');
    body.append('other', 'x');
    expect((await call('', { method: 'POST', body })).status).toBe(201);
    expect(sandbox.violations).toEqual([
      expect.stringContaining('"a" twice in one request'),
      expect.stringContaining('a form field "other"'),
    ]);
  });

  it.each([
    ['another type', { 'content-type': 'application/json' }, 406, []],
    ['no type', { 'content-type': '' }, 406, []],
    ['no boundary', { 'content-type': 'multipart/form-data' }, 400, ['no usable boundary']],
    ['no length', { 'content-length': '' }, 411, ['neither Content-Length']],
    ['an encoding', { 'content-encoding': 'gzip' }, 415, ['Content-Encoding gzip']],
    ['no Host', { host: '' }, 400, ['no Host header']],
  ])('refuses %s', async (_, headers, status, violations) => {
    const body = 'content-length' in headers ? '' : `${part('a', 'x')}--b--\r\n`;
    const { text } = await sendRaw(downloadsUrl, rawPost(body, { connection: 'close', ...headers }));
    expect(text).toContain(`HTTP/1.1 ${status} `);
    expect(sandbox.violations).toEqual(violations.map((violation) => expect.stringContaining(violation)));
    expect(sandbox.downloads.size).toBe(0);
  });

  it('reports a Content-Length that is too large', async () => {
    const body = `${part('a', 'x')}--b--\r\n`;
    const { text } = await sendRaw(downloadsUrl, rawPost(body, { 'content-length': String(body.length + 1) }));
    expect(text).toContain('HTTP/1.1 400 ');
    expect(sandbox.violations).toEqual([expect.stringContaining('the body ends before that')]);
    expect(sandbox.downloads.size).toBe(0);
  });

  it('reports a Content-Length that is too small', async () => {
    const body = `${part('a', 'x')}--b--\r\n`;
    const { text } = await sendRaw(downloadsUrl, rawPost(body, { 'content-length': String(body.length - 4) }));
    expect(text).toContain('HTTP/1.1 400 ');
    expect(sandbox.violations).toContainEqual(expect.stringContaining('ends before its last boundary'));
    expect(sandbox.downloads.size).toBe(0);
  });

  it('stores nothing of a request that breaks off', async () => {
    const body = `${part('a', 'x')}${part('b', 'y')}--b--\r\n`;
    const socket = connectTo(downloadsUrl);
    socket.end(rawPost(body).slice(0, -12));
    await once(socket.resume(), 'close');
    expect(sandbox.downloads.size).toBe(0);
    expect(sandbox.violations).toEqual([]);
    expect(sandbox.requests[0]).toMatchObject({ aborted: true, status: undefined, bodyComplete: false });
  });

  it('rejects content that is too large, before reading it if possible', async () => {
    await restart({ maxFileBytes: 100_000 });
    expect((await upload({ fits: Buffer.alloc(100_000) })).status).toBe(201);

    const tooLarge = await upload({ 'too-large': Buffer.alloc(100_001) });
    expect([tooLarge.status, await tooLarge.json()]).toEqual([
      413,
      { error: 'Files may not be larger than 100000 bytes' },
    ]);
    const head = rawPost('', { 'content-length': '5000000' });
    expect((await sendRaw(downloadsUrl, head)).text).toContain('HTTP/1.1 413 Payload Too Large');
    expect([...sandbox.downloads.keys()]).toEqual(['fits']);
    expect(sandbox.requests.at(-1)).toMatchObject({ status: 413, bytesReceived: 0, aborted: false });
    expect(sandbox.violations).toEqual([]);
  });
});

describe('HTTP', () => {
  const path = '/2.0/repositories/acme/app/downloads';
  const host = 'Host: x\r\nConnection: close\r\n';

  it.each([
    ['what is not HTTP', 'HELLO\r\n\r\n', 400, 'malformed HTTP'],
    [
      'two lengths',
      `POST ${path} HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      400,
      'malformed HTTP',
    ],
    [
      'length and chunks',
      `POST ${path} HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
      'malformed',
    ],
    [
      'two credentials',
      `GET ${path} HTTP/1.1\r\n${host}Authorization: a\r\nAuthorization: b\r\n\r\n`,
      400,
      'more than one authorization',
    ],
    ['an unencoded path', `GET ${path}/a[1] HTTP/1.1\r\n${host}\r\n`, 400, 'must be encoded'],
    ['a GET with a body', `GET ${path} HTTP/1.1\r\n${host}Content-Length: 1\r\n\r\nx`, 400, 'a body'],
    ['a tunnel', 'CONNECT api.bitbucket.org:443 HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'CONNECT api.bitbucket.org:443'],
  ])('refuses %s', async (_, bytes, status, violation) => {
    expect((await sendRaw(downloadsUrl, bytes)).text).toContain(`HTTP/1.1 ${status} `);
    expect(sandbox.violations).toEqual([expect.stringContaining(violation)]);
  });

  it('distinguishes connections', async () => {
    const socket = connectTo(downloadsUrl);
    for (const _ of [1, 2]) {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await once(socket, 'data');
    }
    socket.destroy();
    await sendRaw(downloadsUrl, `GET ${path} HTTP/1.1\r\n${host}\r\n`);
    expect(sandbox.requests.map((request) => request.connection)).toEqual([1, 1, 2]);
  });

  it.each([
    ['PUT', '', 405],
    ['POST', '/a.txt', 405],
    ['GET', '/', 404],
    ['GET', '/a/b', 404],
    ['GET', '/../refs', 404],
  ])('rejects %s %s', async (method, suffix, status) => {
    const response = await call(suffix, { method });
    expect([response.status, await response.json()]).toMatchObject([status, { type: 'error' }]);
    expect(sandbox.violations).toHaveLength(1);
  });
});

describe('credentials', () => {
  const invalid = refused(401, { message: 'Token is invalid, expired, or not supported for this endpoint.' });
  const hidden = refused(404, { message: expect.stringContaining('make sure you are authenticated') });
  const scopes = (required: string, granted: string): unknown[] =>
    refused(403, {
      message: 'Your credentials lack one or more required privilege scopes.',
      detail: { required: [required], granted: [granted] },
    });
  const { apiUser } = tokens;

  it.each([
    ['API token', basic(apiUser, tokens.apiToken), [200], [201]],
    ['access token', authorized, [200], [201]],
    ['plain token, Basic', basic('anyone', tokens.plainToken), [200], [201]],
    ['plain token, Bearer', bearer(tokens.plainToken), [200], [201]],
    ['API token as Bearer', bearer(tokens.apiToken), invalid, invalid],
    ['API token of another user', basic('dev', tokens.apiToken), invalid, invalid],
    ['access token as Basic', basic('x-token-auth', tokens.accessToken), invalid, invalid],
    ['unknown token', bearer('ATCTT3xUnknown'), invalid, invalid],
    ['expired token', bearer(tokens.expiredToken), invalid, invalid],
    ['no credentials', {}, hidden, hidden],
    ['token of elsewhere', bearer(tokens.otherWorkspaceToken), hidden, hidden],
    ['read-only token', bearer(tokens.readOnlyAccessToken), [200], scopes('repository:write', 'repository')],
    [
      'write-only token',
      basic(apiUser, tokens.writeOnlyApiToken),
      scopes('read:repository:bitbucket', 'write:repository:bitbucket'),
      [201],
    ],
  ])('%s', async (_, headers, read, write) => {
    expect(await summarize(await call('', { headers }))).toEqual(read);
    expect(await summarize(await call('', { headers, method: 'POST', body: form({ a: 'x' }) }))).toEqual(write);
    expect(sandbox.violations).toEqual([]);
  });

  it('are checked before a large body is read', async () => {
    const body = form({ a: megabytes(3) });
    const response = await call('', { headers: bearer(tokens.expiredToken), method: 'POST', body }).catch(
      () => undefined,
    );
    expect(response?.status ?? 401).toBe(401);
    expect(sandbox.requests[0]).toMatchObject({ status: 401 });
    expect(sandbox.downloads.size).toBe(0);
  });

  it.each([
    'Token x',
    'Basic',
    'Basic not-base64',
    `Basic ${Buffer.from('no colon').toString('base64')}`,
    'Bearer a b',
  ])('notices %j', async (authorization) => {
    expect((await call('', { headers: { authorization } })).status).toBe(401);
    expect(sandbox.violations).toEqual([expect.stringContaining('malformed Authorization')]);
  });

  it('look like real ones', () => {
    for (const token of [tokens.apiToken, tokens.writeOnlyApiToken]) expect(token).toMatch(/^ATATT3x[\w=-]{93,}$/);
    for (const token of [
      tokens.accessToken,
      tokens.readOnlyAccessToken,
      tokens.expiredToken,
      tokens.otherWorkspaceToken,
    ]) {
      expect(token).toMatch(/^ATCTT3x[\w=-]{93,}$/);
    }
  });
});

describe('listing', () => {
  interface Page {
    readonly values: readonly { readonly name: string }[];
    readonly next?: string;
  }
  const page = async (url: string): Promise<Page> => {
    const response = await fetch(url, { headers: authorized });
    const body: Page = JSON.parse(await response.text());
    return body;
  };

  it('is newest first, page by page', async () => {
    for (let day = 1; day <= 25; day += 1) sandbox.put(`f${day}`, 'x', new Date(2026, 0, day));
    const names: string[] = [];
    let url: string | undefined = downloadsUrl;
    while (url !== undefined) {
      const { values, next }: Page = await page(url);
      names.push(...values.map(({ name }) => name));
      url = next;
    }
    expect(names).toEqual(Array.from({ length: 25 }, (_, index) => `f${25 - index}`));
    expect(sandbox.requests).toHaveLength(3);
    expect(await page(`${downloadsUrl}?pagelen=100`)).toMatchObject({ pagelen: 100, page: 1, size: 25 });
    expect(await page(`${downloadsUrl}?pagelen=10&page=4`)).toMatchObject({ values: [] });
    expect(sandbox.violations).toEqual([]);
  });

  it('describes a download', async () => {
    sandbox.put('a b.txt', 'one', new Date('2026-01-02T03:04:05.678Z'));
    expect(await page(downloadsUrl)).toEqual({
      values: [
        {
          type: 'download',
          name: 'a b.txt',
          size: 3,
          created_on: '2026-01-02T03:04:05.678000+00:00',
          downloads: 0,
          user: expect.anything(),
          links: { self: { href: `${downloadsUrl}/a%20b.txt` } },
        },
      ],
      pagelen: 10,
      size: 1,
      page: 1,
    });
  });

  it.each([
    ['?pagelen=101', 400, []],
    ['?pagelen=ten', 400, ['pagelen is not a number']],
    ['?page=0', 400, ['page is not a number']],
    ['?limit=5', 200, ['unknown query key limit']],
    ['?page=1&page=2', 200, ['query key page more than once']],
  ])('answers %s with %i', async (query, status, violations) => {
    expect((await call(query)).status).toBe(status);
    expect(sandbox.violations).toEqual(violations.map((violation) => expect.stringContaining(violation)));
  });

  it('does not know other repositories', async () => {
    const response = await fetch(downloadsUrl.replace('/app/', '/other/'), { headers: authorized });
    expect(response.status).toBe(404);
    expect(sandbox.violations).toEqual([]);
  });
});

describe('content', () => {
  it('is at another origin, behind a redirect', async () => {
    sandbox.put('a b#ü.txt', 'one');
    const response = await call(`/${encodeURIComponent('a b#ü.txt')}`);
    expect(response.status).toBe(302);
    const location = response.headers.get('location') ?? '';
    expect(new URL(location).origin).toBe(sandbox.contentOrigin);
    expect(sandbox.contentOrigin).not.toBe(new URL(sandbox.apiUrl).origin);
    expect(await (await fetch(location)).text()).toBe('one');
    expect(sandbox.downloads.get('a b#ü.txt')?.fetches).toBe(1);
    expect(sandbox.violations).toEqual([]);
  });

  it.each([
    ['credentials', authorized, 400],
    ['cookies', { cookie: 'a=b' }, 400],
    ['Accept: application/json', { accept: 'application/json' }, 406],
  ])('rejects %s', async (_, headers, status) => {
    sandbox.put('a', 'one');
    expect((await fetch(await locate('a'), { headers })).status).toBe(status);
    expect(sandbox.violations).toHaveLength(1);
  });

  it('requires a signature for this file', async () => {
    sandbox.put('a', 'one');
    sandbox.put('b', 'two');
    const location = await locate('a');
    expect((await fetch(location.replace(/\?.*/, ''))).status).toBe(403);
    expect((await fetch(location.replace(/Expires=\d+/, 'Expires=9999999999'))).status).toBe(403);
    const { pathname } = new URL(await locate('b'));
    expect((await fetch(`${sandbox.contentOrigin}${pathname}${new URL(location).search}`)).status).toBe(403);
    expect((await fetch(location)).status).toBe(200);
  });

  it('is gone once deleted', async () => {
    sandbox.put('a', 'one');
    const location = await locate('a');
    expect((await call('/a', { method: 'DELETE' })).status).toBe(204);
    expect((await call('/a', { method: 'DELETE' })).status).toBe(404);
    expect((await call('/a')).status).toBe(404);
    expect((await fetch(location)).status).toBe(404);
    expect(sandbox.downloads.size).toBe(0);
    expect(sandbox.violations).toEqual([]);
  });
});

describe('pipelines proxy', () => {
  const sha = '0123456789abcdef0123456789abcdef01234567';
  const report = {
    title: 'Published',
    details: '1 file',
    report_type: 'TEST',
    reporter: 'bitbucket-upload-package',
    result: 'PASSED',
    data: [
      {
        title: 'a.txt',
        type: 'LINK',
        value: { text: 'a.txt', href: 'https://bitbucket.org/acme/app/downloads/a.txt' },
      },
      { title: 'Files', type: 'NUMBER', value: 1 },
    ],
  };
  const reportUrl = `http://api.bitbucket.org/2.0/repositories/acme/app/commit/${sha}/reports/upload`;

  async function put(
    body: unknown,
    {
      url = reportUrl,
      method = 'PUT',
      headers = {},
    }: { url?: string; method?: string; headers?: Record<string, string> } = {},
  ): Promise<[number, unknown]> {
    const { hostname, port } = new URL(sandbox.pipelinesProxyUrl);
    const content = typeof body === 'string' ? body : JSON.stringify(body);
    const request = httpRequest({
      hostname,
      port,
      method,
      path: url,
      agent: false,
      headers: {
        host: 'api.bitbucket.org',
        'content-type': 'application/json',
        'content-length': content.length,
        ...headers,
      },
    });
    request.end(content);
    const [response] = await once(request, 'response');
    const answer: unknown = JSON.parse(Buffer.concat(await response.toArray()).toString());
    return [response.statusCode, answer];
  }

  it('accepts a report', async () => {
    expect(await put(report)).toMatchObject([200, { type: 'report', title: 'Published', external_id: 'upload' }]);
    expect(sandbox.reports.get(`${sha}/upload`)).toEqual(report);
    expect(sandbox.requests).toMatchObject([{ server: 'proxy', method: 'PUT', path: reportUrl, status: 200 }]);
    expect(sandbox.violations).toEqual([]);
  });

  it.each([
    ['an unknown field', { ...report, color: 'red' }, 'color'],
    ['no title', { ...report, title: undefined }, 'title'],
    ['a long title', { ...report, title: 'x'.repeat(451) }, 'title'],
    ['an unknown type', { ...report, report_type: 'DEPLOY' }, 'report_type'],
    ['an unknown result', { ...report, result: 'passed' }, 'result'],
    ['a bad link', { ...report, link: 'here' }, 'link'],
    ['eleven items', { ...report, data: Array.from({ length: 11 }, () => report.data[1]) }, 'data'],
    ['a link without text', { ...report, data: [{ ...report.data[0], value: { href: 'https://x.y' } }] }, 'data'],
    ['a number in quotes', { ...report, data: [{ ...report.data[1], value: '1' }] }, 'data'],
    ['an item without a type', { ...report, data: [{ title: 'x', value: '1' }] }, 'data'],
  ])('refuses %s', async (_, body, field) => {
    expect(await put(body)).toMatchObject([400, { type: 'error', error: { fields: { [field]: expect.anything() } } }]);
    expect(sandbox.reports.size).toBe(0);
    expect(sandbox.violations).toHaveLength(1);
  });

  it.each([
    ['what is not JSON', 'x', {}, 400],
    ['another type', report, { headers: { 'content-type': 'text/plain' } }, 415],
    ['another method', report, { method: 'POST' }, 405],
    ['another resource', report, { url: 'http://api.bitbucket.org/2.0/repositories/acme/app/downloads' }, 404],
    ['HTTPS', report, { url: reportUrl.replace('http:', 'https:') }, 400],
    ['a path', report, { url: new URL(reportUrl).pathname }, 400],
    ["the proxy's name as Host", report, { headers: { host: 'localhost:29418' } }, 400],
    ['credentials', report, { headers: authorized }, 400],
  ])('refuses %s', async (_, body, options, status) => {
    expect((await put(body, options))[0]).toBe(status);
    expect(sandbox.violations).toHaveLength(1);
  });

  it('does not know other repositories', async () => {
    expect((await put(report, { url: reportUrl.replace('/app/', '/other/') }))[0]).toBe(404);
    expect(sandbox.violations).toEqual([]);
  });
});

describe('version list', () => {
  it('has a newer version of the pipe', async () => {
    const list: unknown = await (await fetch(sandbox.versionListUrl)).json();
    expect(list).toMatchObject({ values: [{ name: '9.9.9' }, {}, {}] });
    expect(sandbox.violations).toEqual([]);
    expect((await fetch(`${sandbox.versionListUrl}x`)).status).toBe(404);
    expect(sandbox.violations).toHaveLength(1);
  });
});

describe('faults', () => {
  it('are applied in order, to matching requests, a limited number of times', async () => {
    inject({ kind: 'status', status: 503 }, { method: 'post', skip: 1, times: 2 });
    inject({ kind: 'status', status: 500 }, { path: 'pagelen=\\d$' });
    inject({ kind: 'status', status: 502 }, { server: 'content', times: -1 });
    expect((await call()).status).toBe(200);
    expect((await call('?pagelen=5')).status).toBe(500);
    expect((await call('?pagelen=5')).status).toBe(200);
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await upload({ a: 'x' })).status);
    expect(statuses).toEqual([201, 503, 503, 201]);
    const location = (await call('/a')).headers.get('location') ?? '';
    expect([(await fetch(location)).status, (await fetch(location)).status]).toEqual([502, 502]);
    sandbox.reset();
    expect(sandbox.downloads.size + sandbox.requests.length).toBe(0);
    expect((await fetch(location)).status).toBe(404);
  });

  it('are chosen by filename', async () => {
    inject({ kind: 'status', status: 503 }, { filename: 'b' });
    expect((await upload({ a: 'x' })).status).toBe(201);
    expect((await upload({ c: 'x', b: 'x' })).status).toBe(503);
    expect([...sandbox.downloads.keys()]).toEqual(['a']);
    expect(sandbox.requests[1]).toMatchObject({ fault: 'status', bodyComplete: true });
  });

  it.each([
    [{ kind: 'nonsense' }, 'unknown kind "nonsense"'],
    [{ kind: 'delay' }, 'ms cannot be undefined'],
    [{ kind: 'reset', after: 5 }, 'unknown field after'],
    [{ kind: 'status', status: 99 }, 'status cannot be 99'],
  ])('must make sense: %j', (action, message) => {
    expect(() => sandbox.inject(JSON.parse(JSON.stringify({ action })))).toThrow(message);
    expect(() => sandbox.inject(JSON.parse('{"server":"x","action":{"kind":"reset"}}'))).toThrow('server cannot be');
  });

  it("status: late, after the body, with Bitbucket's answer", async () => {
    inject({ kind: 'status', status: 429, headers: { 'retry-after': '2' } });
    const response = await upload({ a: 'x' });
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      429,
      '2',
      'Rate limit for this resource has been exceeded',
    ]);
    expect(sandbox.downloads.size).toBe(0);
    inject({ kind: 'status', status: 400, body: '{"error":"odd"}', headers: { 'content-type': 'application/json' } });
    expect(await (await upload({ a: 'x' })).json()).toEqual({ error: 'odd' });
  });

  it('status: early, before the body', async () => {
    inject({ kind: 'status', status: 503, when: 'early' });
    const head = rawPost('', { 'content-length': '5000000' });
    const { text, ended } = await sendRaw(downloadsUrl, head);
    expect(text).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n[^]*connection: close/);
    expect(text).toMatch(/x-request-id/);
    expect(ended).toBe('FIN');
    expect(sandbox.requests[0]).toMatchObject({ status: 503, bytesReceived: 0, bodyComplete: false });
  });

  it('early-success: 201 before the body is complete', async () => {
    inject({ kind: 'early-success' });
    const { text, ended } = await sendRaw(downloadsUrl, rawPost('', { 'content-length': '5000000' }));
    expect([text.slice(0, 20), ended]).toEqual(['HTTP/1.1 201 Created', 'FIN']);
    expect(sandbox.downloads.size).toBe(0);
  });

  it.each([0, 1, 3_000_000])('reset: after %i bytes', async (afterBytes) => {
    inject({ kind: 'reset', afterBytes }, { filename: 'a' });
    expect(await outcome(upload({ a: megabytes(4) }))).toMatch(/ECONNRESET|EPIPE|UND_ERR_SOCKET/);
    expect(sandbox.downloads.size).toBe(0);
    expect(sandbox.requests[0]).toMatchObject({ status: undefined, aborted: true, fault: 'reset' });
    expect(sandbox.requests[0]?.bytesReceived).toBeGreaterThanOrEqual(afterBytes);
    expect((await upload({ a: 'x' })).status).toBe(201);
  });

  it('reset and close: as seen by the socket', async () => {
    inject({ kind: 'reset' });
    inject({ kind: 'close' });
    const get = `GET /2.0/repositories/acme/app/downloads HTTP/1.1\r\nHost: x\r\n\r\n`;
    expect(await sendRaw(downloadsUrl, get)).toEqual({ text: '', ended: 'RST' });
    expect(await sendRaw(downloadsUrl, get)).toEqual({ text: '', ended: 'FIN' });
  });

  it('close: during the body', async () => {
    inject({ kind: 'close', afterBytes: 100 });
    expect(await outcome(upload({ a: megabytes(1) }))).toMatch(/ECONNRESET|EPIPE|UND_ERR_SOCKET/);
    expect(sandbox.downloads.size).toBe(0);
  });

  it('reset-after-store: stored without an answer', async () => {
    inject({ kind: 'reset-after-store' });
    expect((await call()).status).toBe(200);
    expect(await outcome(upload({ a: 'x' }))).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(sandbox.downloads.get('a')?.uploads).toBe(1);
  });

  it('stall: reads no further', async () => {
    inject({ kind: 'stall', afterBytes: 1000 });
    const patience = new AbortController();
    const pending = outcome(call('', { method: 'POST', body: form({ a: megabytes(32) }), signal: patience.signal }));
    await until(() => (sandbox.requests[0]?.bytesReceived ?? 0) >= 1000);
    await sleep(50);
    expect(sandbox.requests[0]?.bytesReceived).toBeLessThan(1024 * 1024);
    expect(sandbox.requests[0]).toMatchObject({ status: undefined, endedAt: undefined });
    patience.abort();
    expect(await pending).toBe('AbortError');
    expect(sandbox.downloads.size).toBe(0);
  });

  it('stall-answer: stored, without an answer', async () => {
    inject({ kind: 'stall-answer' });
    const patience = new AbortController();
    const pending = outcome(call('', { method: 'POST', body: form({ a: 'x' }), signal: patience.signal }));
    await until(() => sandbox.downloads.has('a'));
    await sleep(50);
    expect(sandbox.requests[0]).toMatchObject({ status: undefined, endedAt: undefined, bodyComplete: true });
    patience.abort();
    expect(await pending).toBe('AbortError');
    await until(() => sandbox.requests[0]?.aborted === true);
  });

  it('delay: late, but correct', async () => {
    inject({ kind: 'delay', ms: 100 });
    const start = performance.now();
    expect((await upload({ a: 'x' })).status).toBe(201);
    expect(performance.now() - start).toBeGreaterThan(95);
  });

  it('trickle: slow, but correct', async () => {
    inject({ kind: 'trickle', bytesPerSecond: 5_000_000 }, { filename: 'a' });
    const start = performance.now();
    expect((await upload({ a: Buffer.alloc(1_000_000) })).status).toBe(201);
    expect(performance.now() - start).toBeGreaterThan(190);
    expect(sandbox.downloads.get('a')?.size).toBe(1_000_000);
  });

  it('truncate-content: ends before its Content-Length', async () => {
    sandbox.put('a', 'one two three');
    inject({ kind: 'truncate-content', bytes: 3 }, { server: 'content' });
    inject({ kind: 'truncate-content', bytes: 0 }, { server: 'api', skip: 1 });
    const location = (await call('/a')).headers.get('location') ?? '';
    const { text, ended } = await sendRaw(
      location,
      `GET ${location.slice(sandbox.contentOrigin.length)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*content-length: 13\r\n[^]*\r\n\r\none$/);
    expect(ended).toBe('FIN');
    await expect(call().then((response) => response.text())).rejects.toThrow('terminated');
    expect(sandbox.requests.at(-1)).toMatchObject({ status: 200, aborted: true });
    expect(await (await fetch(location)).text()).toBe('one two three');
  });

  it('corrupt-content: other bytes, same length', async () => {
    sandbox.put('a', 'one');
    inject({ kind: 'corrupt-content' });
    const location = (await call('/a')).headers.get('location') ?? '';
    const corrupt = await (await fetch(location)).text();
    expect(corrupt).toHaveLength(3);
    expect(corrupt).not.toBe('one');
  });

  it.each([
    ['one', 2],
    ['x', 0],
    ['', 1],
  ])('store-corrupt: %j has %i bytes', async (content, size) => {
    inject({ kind: 'store-corrupt' }, { filename: 'a' });
    expect((await upload({ a: content })).status).toBe(201);
    expect(sandbox.downloads.get('a')?.size).toBe(size);
  });

  it('malformed-json: not JSON', async () => {
    inject({ kind: 'malformed-json' });
    const response = await call();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    await expect(response.json()).rejects.toThrow('Unexpected end of JSON input');
  });

  it('huge-body: of the given length, or endless', async () => {
    inject({ kind: 'huge-body', status: 500, bytes: 1_000_000 });
    inject({ kind: 'huge-body', status: 502, bytes: -1 });
    const long = await upload({ a: 'x' });
    expect([long.status, (await long.text()).length]).toEqual([500, 1_000_000]);
    const endless = await upload({ a: 'x' });
    let bytes = 0;
    for await (const chunk of endless.body ?? []) {
      bytes += chunk.length;
      if (bytes > 5_000_000) break;
    }
    expect(bytes).toBeGreaterThan(5_000_000);
    expect(sandbox.downloads.size).toBe(0);
  });

  it('redirect: elsewhere', async () => {
    inject({ kind: 'redirect', status: 307, location: 'http://elsewhere.example/' });
    const response = await upload({ a: 'x' });
    expect([response.status, response.headers.get('location')]).toEqual([307, 'http://elsewhere.example/']);
    expect(sandbox.downloads.size).toBe(0);
  });

  it('no fault is a violation', async () => {
    inject({ kind: 'reset', afterBytes: 10 });
    inject({ kind: 'close', afterBytes: 10 });
    inject({ kind: 'early-success' });
    for (let count = 0; count < 3; count += 1) await outcome(upload({ a: megabytes(4) }));
    await sleep(20);
    expect(sandbox.violations).toEqual([]);
  });

  it('latency is added to every answer', async () => {
    await restart({ latencyMs: 60 });
    const start = performance.now();
    await call();
    await fetch(sandbox.versionListUrl);
    expect(performance.now() - start).toBeGreaterThan(115);
  });
});

describe('in a separate process', () => {
  it('can be inspected and controlled', async () => {
    const remote = await startRemoteSandbox({ maxFileBytes: 1000, workspace: 'team' });
    try {
      const url = `${remote.apiUrl}/repositories/team/app/downloads`;
      const post = (content: string): Promise<Response> =>
        fetch(url, { method: 'POST', headers: bearer(remote.tokens.accessToken), body: form({ a: content }) });
      await remote.inject(
        { times: Infinity, filename: 'b', action: { kind: 'reset' } },
        { action: { kind: 'status', status: 503 } },
      );
      expect([(await post('x')).status, (await post('x')).status, (await post('x'.repeat(1001))).status]).toEqual([
        503, 201, 413,
      ]);
      await remote.put('seed ü', 'one', new Date('2026-01-01'));
      await expect(remote.inject(JSON.parse('{"action":{"kind":"nonsense"}}'))).rejects.toThrow('nonsense');
      const state = await remote.state();
      expect(state.downloads).toMatchObject([
        { name: 'a', size: 1, sha256: sha256('x'), uploads: 1 },
        { name: 'seed ü', createdOn: '2026-01-01T00:00:00.000Z', uploads: 0 },
      ]);
      expect(state.requests.map(({ status }) => status)).toEqual([503, 201, 413]);
      expect([state.violations, state.reports]).toEqual([[], {}]);
      await remote.reset();
      expect(await remote.state()).toEqual({
        downloads: [],
        issued: [],
        requests: [],
        reports: {},
        registry: { dataBytes: 0, repositories: { 'team/app': { blobs: {}, manifests: {}, tags: {}, moves: [] } } },
        violations: [],
      });
    } finally {
      await remote.close();
    }
    await expect(fetch(remote.adminUrl)).rejects.toThrow('fetch failed');
  });
});
