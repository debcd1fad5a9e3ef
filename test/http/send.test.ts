import { AssertionError } from 'node:assert';
import { appendFileSync } from 'node:fs';
import { mkdtempDisposable, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { FileChangedError, HttpError, NetworkError, PipeError, StalledError } from '../../pipe/errors.ts';
import { discard, readJson, readText } from '../../pipe/http/answer.ts';
import { type Body, bytesBody, concatBodies } from '../../pipe/io/body.ts';
import { fixedAuthorizer } from '../../pipe/http/authorizer.ts';
import { basicCredential, bearerCredential } from '../../pipe/http/credentials.ts';
import { fileBody, fingerprintOf } from '../../pipe/io/source-file.ts';
import type { Http, HttpRequest } from '../../pipe/http/send.ts';
import { selfSigned } from './certificates.ts';
import { patternBody, testClient } from './test-client.ts';
import { startProxy } from './test-proxy.ts';
import { patience } from '../patience.ts';
import {
  answer,
  breakOff,
  close,
  hangUp,
  listen,
  type Reaction,
  readBody,
  reset,
  serve,
  serveOn,
  stall,
} from './test-servers.ts';

const mebibyte = 1024 * 1024;
const once = { retries: 0, baseMs: 1, capMs: 1, maxWaitMs: 1 };

/** Uploads the body, and returns the text of the answer. */
async function upload(http: Http, url: URL, body: Body, given: Partial<HttpRequest> = {}): Promise<string> {
  return await http.send({ method: 'POST', url, accept: [201], body, ...given }, (got) => readText(got, 1_000));
}

async function get(http: Http, url: URL, given: Partial<HttpRequest> = {}): Promise<string> {
  return await http.send({ method: 'GET', url, accept: [200], ...given }, (got) => readText(got, 1_000));
}

async function failure(sending: Promise<unknown>): Promise<unknown> {
  return await sending.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}

/** Resolves when the condition is true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(1);
}

describe('a request', () => {
  it('arrives unchanged', async () => {
    await using server = await serve(answer(201, 'done'));
    await using http = testClient();
    const body = patternBody(3 * mebibyte + 5);
    const headers = { 'content-type': 'text/plain', 'x-custom': 'yes' };
    expect(await upload(http, server.url('/a%20b/c?d=e&f'), body, { headers })).toBe('done');
    expect(server.received).toMatchObject([
      {
        method: 'POST',
        target: '/a%20b/c?d=e&f',
        isComplete: true,
        headers: { ...headers, 'user-agent': 'test/1', 'content-length': String(body.length) },
      },
    ]);
    expect(server.received[0]?.headers).not.toHaveProperty('transfer-encoding');
    expect(server.received[0]?.body.equals(await joined(body))).toBe(true);
  });

  it.each([
    ['an empty body', bytesBody(''), '0'],
    ['a short body', bytesBody('ü'), '2'],
    ['a body of several parts', concatBodies([bytesBody('head'), patternBody(mebibyte), bytesBody('tail')]), '1048584'],
  ])('states the length of %s', async (_, body, length) => {
    await using server = await serve(answer(201));
    await using http = testClient();
    await upload(http, server.url(), body);
    expect(server.received[0]).toMatchObject({ headers: { 'content-length': length }, isComplete: true });
    expect(server.received[0]?.body.equals(await joined(body))).toBe(true);
  });

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const)('may be a %s without a body', async (method) => {
    await using server = await serve(answer(204));
    await using http = testClient();
    await http.send({ method, url: server.url(), accept: [204] }, discard);
    expect(server.received).toMatchObject([{ method, body: Buffer.alloc(0), isComplete: true }]);
  });

  it('can name another target in its request line, for a proxy', async () => {
    await using server = await serve(answer(200));
    await using proxy = await startProxy();
    await using http = testClient({ proxies: { http: proxy.url, none: '' } });
    await get(http, server.url(), { absoluteTarget: 'http://api.example/x', headers: { host: 'api.example' } });
    expect(server.received).toMatchObject([{ target: 'http://api.example/x', headers: { host: 'api.example' } }]);
    expect(proxy.seen).toEqual([]);
  });

  it('returns the status, headers and URL of the answer', async () => {
    await using server = await serve(answer(404, 'gone', { 'X-Thing': ['one', 'two'] }));
    await using http = testClient();
    const got = await http.send({ method: 'GET', url: server.url('/x'), accept: [200, 404] }, async (got) => ({
      ...got,
      text: await readText(got, 10),
    }));
    expect(got).toMatchObject({ status: 404, url: server.url('/x'), text: 'gone' });
    expect([got.header('x-thing'), got.header('x-none')]).toEqual(['one', undefined]);
  });

  it('fails if the answer is longer than the limit', async () => {
    await using server = await serve(answer(200, 'x'.repeat(1_001)));
    await using http = testClient();
    const error = await failure(get(http, server.url()));
    expect(error).toBeInstanceOf(PipeError);
    expect(error).toMatchObject({ message: expect.stringContaining('longer than 1000 bytes') });
    expect(server.received).toHaveLength(1);
  });

  it('fails at once if the answer cannot be parsed', async () => {
    await using server = await serve(answer(200, 'hello'));
    await using http = testClient();
    const reading = http.send({ method: 'GET', url: server.url(), accept: [200] }, (got) => readJson(got, 100));
    await expect(reading).rejects.toThrow('something that is not JSON');
    expect(server.received).toHaveLength(1);
  });

  it('reports the bytes handed to the system, from 0 in every attempt', async () => {
    await using server = await serve(answer(503), answer(201));
    await using http = testClient();
    const seen: number[] = [];
    await upload(http, server.url(), patternBody(2 * mebibyte + 5), { onSent: (bytes) => seen.push(bytes) });
    const parts = Array.from({ length: 17 }, (_, index) => (index * mebibyte) / 8);
    const steps = [...parts, 2 * mebibyte + 5];
    expect(seen).toEqual([...steps, ...steps]);
  });
});

describe('credentials', () => {
  it('are sent to their own origin only', async () => {
    await using ours = await serve(answer(200));
    await using other = await serve(answer(200));
    await using http = testClient({ authorizer: fixedAuthorizer([basicCredential(ours.origin, 'user', 'token')]) });
    await get(http, ours.url());
    await get(http, other.url());
    expect(ours.received[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:token').toString('base64')}`);
    expect(other.received[0]?.headers).not.toHaveProperty('authorization');
  });

  it('follow a redirect within their origin, but not one to another origin', async () => {
    await using other = await serve(answer(200, 'content'));
    await using ours = await serve(
      answer(302, '', { location: '/moved' }),
      answer(307, '', { location: other.origin }),
    );
    await using http = testClient({ authorizer: fixedAuthorizer([bearerCredential(ours.origin, 'token')]) });
    const headers = { 'x-custom': 'secret' };
    expect(await get(http, ours.url('/first'), { redirects: 2, headers })).toBe('content');
    expect(ours.received).toMatchObject([
      { target: '/first', headers: { authorization: 'Bearer token', ...headers } },
      { target: '/moved', headers: { authorization: 'Bearer token', ...headers } },
    ]);
    expect(other.received).toMatchObject([{ target: '/', headers: { 'user-agent': 'test/1' } }]);
    expect(other.received[0]?.headers).not.toHaveProperty('authorization');
    expect(other.received[0]?.headers).not.toHaveProperty('x-custom');
  });

  it('and signatures do not appear in the log', async () => {
    await using other = await serve(answer(200));
    await using ours = await serve(answer(302, '', { location: `${other.origin}/x?signature=hunter22` }));
    await using http = testClient({ authorizer: fixedAuthorizer([basicCredential(ours.origin, 'user', 'hunter22')]) });
    await get(http, ours.url('/?key=hunter22'), { redirects: 1 });
    const log = http.lines.join('\n');
    expect(log).toContain(`302 to ${other.origin}/x?signature=***`);
    expect(log).not.toContain('hunter22');
    expect(log).not.toContain(Buffer.from('user:hunter22').toString('base64'));
  });
});

describe('redirects', () => {
  it('are followed up to the limit', async () => {
    await using server = await serve(answer(302, '', { location: '/next?token=secret' }));
    await using http = testClient();
    const error = await failure(get(http, server.url(), { redirects: 2 }));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ refusal: { status: 302, location: `${server.origin}/next?token=***` } });
    expect(server.received).toHaveLength(3);
  });

  it.each([301, 302, 303, 307, 308])('%d for an upload is an error that names the target', async (status) => {
    await using server = await serve(answer(status, '', { location: 'https://moved.example/x' }));
    await using http = testClient();
    const error = await failure(upload(http, server.url(), bytesBody('x')));
    expect(error).toMatchObject({ name: 'HttpError', refusal: { status, location: 'https://moved.example/x' } });
    expect(server.received).toHaveLength(1);
  });

  it.each([307, 308])('%d for an upload are followed, with a reopened body', async (status) => {
    await using other = await serve(answer(201, 'stored'));
    await using ours = await serve(
      answer(status, '', { location: '/moved' }),
      answer(status, '', { location: other.origin }),
    );
    await using http = testClient({ authorizer: fixedAuthorizer([bearerCredential(ours.origin, 'token')]) });
    const body = patternBody(3 * mebibyte);
    const headers = { 'content-type': 'text/x', accept: 'text/y', 'x-custom': 'secret' };
    expect(await upload(http, ours.url(), body, { redirects: 2, headers })).toBe('stored');
    expect(body.opened).toBe(3);
    expect(ours.received.map(({ headers: { authorization } }) => authorization)).toEqual(Array(2).fill('Bearer token'));
    const [received] = other.received;
    expect(received).toMatchObject({ method: 'POST', headers: { 'content-type': 'text/x', accept: 'text/y' } });
    expect(received?.body.equals(await joined(body))).toBe(true);
    for (const name of ['authorization', 'x-custom']) expect(received?.headers).not.toHaveProperty(name);
  });

  it.each([301, 302, 303])('%d for an upload, which would drop its body, is not followed', async (status) => {
    await using server = await serve(answer(status, '', { location: '/moved' }));
    await using http = testClient();
    const error = await failure(upload(http, server.url(), bytesBody('x'), { redirects: 2 }));
    expect(error).toMatchObject({ name: 'HttpError', refusal: { status, location: `${server.origin}/moved` } });
    expect(server.received).toHaveLength(1);
  });

  it('without a valid Location are errors', async () => {
    await using server = await serve(answer(302), answer(302, '', { location: 'http://' }));
    await using http = testClient();
    for (let count = 0; count < 2; count++) {
      const error = await failure(get(http, server.url(), { redirects: 3 }));
      expect(error).toMatchObject({ name: 'HttpError', refusal: { status: 302, location: undefined } });
    }
    expect(server.received).toHaveLength(2);
  });

  it('are not followed for other statuses with a Location', async () => {
    await using server = await serve(answer(404, '', { location: '/x' }));
    await using http = testClient();
    const error = await failure(get(http, server.url(), { redirects: 3 }));
    expect(error).toMatchObject({ refusal: { status: 404, location: undefined } });
    expect(server.received).toHaveLength(1);
  });

  it('start over if their target fails', async () => {
    await using other = await serve(answer(503), answer(200, 'content'));
    await using server = await serve(answer(302, '', { location: other.origin }));
    await using http = testClient();
    expect(await get(http, server.url(), { redirects: 1 })).toBe('content');
    expect([server.received.length, other.received.length]).toEqual([2, 2]);
  });
});

describe('is sent again, whole, after', () => {
  const size = 8 * mebibyte;

  it.each<[string, Reaction]>([
    ['a reset before the body', reset(0)],
    ['a reset in the middle of the body', reset(2 * mebibyte)],
    ['a reset after the body', reset(Infinity)],
    ['the end of the connection before the body', hangUp(0)],
    ['the end of the connection in the middle of the body', hangUp(2 * mebibyte)],
    ['the end of the connection after the body', hangUp(Infinity)],
    ['a reset in the middle of the answer', breakOff('reset')],
    ['the end of the connection in the middle of the answer', breakOff('end')],
    ['a stall before the body', stall(0)],
    ['a stall in the middle of the body', stall(2 * mebibyte)],
    ['a stall before the answer', stall(Infinity)],
    ['408', answer(408)],
    ['429', answer(429)],
    ['500', answer(500)],
    ['502', answer(502)],
    ['503', answer(503)],
    ['504', answer(504)],
  ])('%s', async (fault, reaction) => {
    await using server = await serve(reaction, reaction, answer(200, 'done'));
    await using http = testClient(fault.includes('stall') ? { timeoutMs: patience(200) } : {});
    const body = patternBody(size);
    expect(await upload(http, server.url(), body, { accept: [200] })).toBe('done');
    expect([server.received.length, body.opened]).toEqual([3, 3]);
    expect(server.received[2]?.isComplete).toBe(true);
    expect(server.received[2]?.body.equals(await joined(body))).toBe(true);
    const again = /^warning: POST http:\S+: .+\. Trying again in \d+ ms \((\d) of 3\)$/;
    expect(http.lines.map((line) => again.exec(line)?.[1]).filter(Boolean)).toEqual(['1', '2']);
  });

  it('a refused connection', async () => {
    const placeholder = createTcpServer();
    const origin = await listen(placeholder);
    await close(placeholder);
    await using http = testClient();
    const error = await failure(get(http, new URL(origin)));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      message: `GET ${origin}/: connection refused (ECONNREFUSED)`,
      code: 'ECONNREFUSED',
      cause: { code: 'ECONNREFUSED' },
    });
    expect(http.lines.at(-1)).toBe(`warning: GET ${origin}/: giving up after 4 attempts`);
  });
});

describe('gives up', () => {
  it.each([400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 501])('at once after %d', async (status) => {
    await using server = await serve(answer(status, '{"error": {"message": "No"}}', { 'x-request-id': 'abc' }));
    await using http = testClient();
    const error = await failure(upload(http, server.url('/x'), bytesBody('x')));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({
      message: `POST ${server.origin}/x: ${status} No (request id abc)`,
      refusal: { method: 'POST', status, reason: 'No', requestId: 'abc' },
    });
    expect(server.received).toHaveLength(1);
    expect(http.lines.filter((line) => line.startsWith('warning'))).toEqual([]);
  });

  it('when the attempts are used up, with the last error', async () => {
    await using server = await serve(answer(500), answer(502), answer(503), answer(504));
    await using http = testClient();
    await expect(get(http, server.url())).rejects.toMatchObject({ refusal: { status: 504 } });
    expect(server.received).toHaveLength(4);
    expect(http.lines.at(-1)).toBe(`warning: GET ${server.origin}/: giving up after 4 attempts`);
  });

  it('at once after a permanent error, even if the first attempt had a transient one', async () => {
    await using server = await serve(answer(503), answer(403));
    await using http = testClient({ policy: { ...once, retries: 2 } });
    await expect(get(http, server.url())).rejects.toMatchObject({ refusal: { status: 403 } });
    expect(server.received).toHaveLength(2);
    expect(http.lines.filter((line) => line.includes('giving up'))).toEqual([]);
  });

  it('after one retry if only one is allowed', async () => {
    await using server = await serve(answer(503));
    await using http = testClient({ policy: { ...once, retries: 1 } });
    await expect(get(http, server.url())).rejects.toMatchObject({ refusal: { status: 503 } });
    expect(server.received).toHaveLength(2);
    expect(http.lines.at(-1)).toBe(`warning: GET ${server.origin}/: giving up after 2 attempts`);
  });

  it('at once if no retries are allowed', async () => {
    await using server = await serve(answer(503));
    await using http = testClient({ policy: once });
    await expect(get(http, server.url())).rejects.toMatchObject({ refusal: { status: 503 } });
    expect(server.received).toHaveLength(1);
    expect(http.lines.filter((line) => line.startsWith('warning'))).toEqual([]);
  });

  it('on a server that stalls', async () => {
    await using server = await serve(stall(0));
    await using http = testClient({ timeoutMs: 150 });
    const error = await failure(upload(http, server.url(), patternBody(20 * mebibyte)));
    expect(error).toBeInstanceOf(StalledError);
    expect(error).toMatchObject({ message: `POST ${server.origin}/: no progress for 150 ms` });
    expect(server.received).toHaveLength(4);
  });

  it('at once on a name that does not exist', async () => {
    await using http = testClient();
    const error = await failure(get(http, new URL('http://no-such-host.invalid/')));
    expect(error).toMatchObject({ name: 'NetworkError', code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
  });

  it('after retries on such a name that is known to exist', async () => {
    const knownHosts = new Set(['no-such-host.invalid']);
    await using http = testClient({ policy: { retries: 2, baseMs: 1, capMs: 1, maxWaitMs: 1, knownHosts } });
    await failure(get(http, new URL('http://no-such-host.invalid/')));
    expect(http.lines.filter((line) => line.startsWith('warning'))).toHaveLength(3);
  });

  it('at once on a proxy that does not exist, and names it', async () => {
    await using http = testClient({ proxies: { http: 'http://no-such-proxy.invalid:3128/', none: '' } });
    const error = await failure(get(http, new URL('http://api.example/')));
    expect(error).toMatchObject({
      name: 'NetworkError',
      message: expect.stringMatching(
        /^GET http:\/\/api\.example\/: the proxy no-such-proxy\.invalid:3128: host name .* \((?:ENOTFOUND|EAI_AGAIN)\)$/,
      ),
    });
  });

  it('at once on a certificate that is not trusted', async () => {
    await using server = await serveOn(createHttpsServer(selfSigned()), 'https:', answer(200));
    await using http = testClient();
    const error = await failure(get(http, server.url()));
    expect(error).toMatchObject({ name: 'NetworkError', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect([server.connections, server.received.length]).toEqual([1, 0]);
  });

  it('at once on an answer that is not HTTP', async () => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections++;
      socket
        .on('error', () => undefined)
        .resume()
        .end('SSH-2.0-OpenSSH\r\n');
    });
    const origin = await listen(server);
    await using http = testClient();
    expect(await failure(get(http, new URL(origin)))).toBeInstanceOf(NetworkError);
    await close(server);
    expect(connections).toBe(1);
  });
});

describe('a server that answers early', () => {
  it.each([
    ['in many chunks', patternBody(50 * mebibyte)],
    ['in one chunk', patternBody(50 * mebibyte, 50 * mebibyte)],
    ['of unknown length', { ...patternBody(50 * mebibyte), length: undefined }],
  ])('has not accepted a body %s', async (_, body) => {
    await using server = await serve(early(201, stall(mebibyte)));
    await using http = testClient();
    const error = await failure(upload(http, server.url(), body));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      code: 'INCOMPLETE_REQUEST',
      message: `POST ${server.origin}/: the server answered 201 before it had received the whole body`,
    });
    expect([body.opened, server.received.length]).toEqual([4, 4]);
  });

  it.each<[string, Reaction]>([
    ['reads on', readBody],
    ['stops reading', stall(0)],
    ['closes', ({ socket }) => socket.destroy()],
    ['resets', ({ socket }) => socket.resetAndDestroy()],
  ])('to refuse, and then %s, is understood', async (_, then) => {
    await using server = await serve(early(413, then));
    await using http = testClient();
    const error = await failure(upload(http, server.url(), patternBody(50 * mebibyte)));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ message: `POST ${server.origin}/: 413 early` });
    expect(server.received).toHaveLength(1);
  });
});

describe('a body', () => {
  it('of 50 MB reaches a slow reader, even if it takes longer than the timeout for progress', async () => {
    const timeoutMs = patience(500);
    await using server = await serve(async (exchange) => {
      while (!exchange.request.complete) {
        await readBody(exchange, 2 * mebibyte);
        await delay(timeoutMs / 20);
      }
      exchange.response.writeHead(201).end();
    });
    await using http = testClient({ timeoutMs, policy: once });
    const body = patternBody(50 * mebibyte);
    const startedAt = performance.now();
    await upload(http, server.url(), body);
    expect(performance.now() - startedAt).toBeGreaterThan(timeoutMs);
    expect(server.received[0]?.body.equals(await joined(body))).toBe(true);
  });

  it('that can no longer be read fails with its own error, and never arrives whole', async () => {
    await using server = await serve(answer(201));
    await using http = testClient();
    const broken = new FileChangedError('it changed');
    const body: Body = {
      length: 2 * mebibyte,
      async *open() {
        yield Buffer.alloc(mebibyte);
        throw broken;
      },
    };
    expect(await failure(upload(http, server.url(), body))).toBe(broken);
    await until(() => server.received[0]?.body.length === mebibyte);
    expect(server.received).toMatchObject([{ isComplete: false }]);
  });

  it.each<[string, string]>([
    ['of a disk that fails', 'EIO'],
    ['of a network drive that fails as a connection does', 'ETIMEDOUT'],
  ])('whose source throws %s is reported as unreadable, and not sent again', async (_, code) => {
    await using server = await serve(answer(201));
    await using http = testClient();
    const cause = Object.assign(new Error(`${code}: it failed, read`), { code });
    let opened = 0;
    const body: Body = {
      length: 2 * mebibyte,
      async *open() {
        opened++;
        yield Buffer.alloc(mebibyte);
        throw cause;
      },
    };
    const error = await failure(upload(http, server.url('/path'), body, { subject: 'app.zip' }));
    expect(error).toBeInstanceOf(PipeError);
    expect(error).not.toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      message: `app.zip: the content to send cannot be read: ${code}: it failed, read`,
      cause,
    });
    expect(opened).toBe(1);
    expect(http.lines.filter((line) => line.startsWith('warning'))).toEqual([]);
    expect(server.received.filter(({ isComplete }) => isComplete)).toEqual([]);
  });

  it('from a file that grows during the upload never arrives whole', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'send-'));
    const path = join(directory.path, 'file');
    const size = 20 * mebibyte;
    await writeFile(path, Buffer.alloc(size));
    const fingerprint = fingerprintOf(await stat(path, { bigint: true }));
    await delay(20);
    await using server = await serve(async (exchange) => {
      await readBody(exchange, mebibyte);
      appendFileSync(path, 'x');
      await answer(201)(exchange);
    });
    await using http = testClient();
    const error = await failure(
      upload(http, server.url(), fileBody({ path: 'file', absolutePath: path, size, fingerprint })),
    );
    expect(error).toBeInstanceOf(FileChangedError);
    await until(() => (server.received[0]?.body.length ?? 0) > mebibyte);
    expect(server.received).toMatchObject([{ isComplete: false }]);
  });

  it.each([
    ['shorter', 2 * mebibyte, mebibyte],
    // The part with which it would become too long is not sent.
    ['longer', 2 * mebibyte - 5, 2 * mebibyte - mebibyte / 8],
  ])('that is %s than promised never arrives whole', async (_, length, received) => {
    await using server = await serve(answer(201));
    await using http = testClient({ policy: once });
    const body = { length, open: () => patternBody(length === 2 * mebibyte ? mebibyte : 2 * mebibyte).open() };
    await expect(upload(http, server.url(), body)).rejects.toMatchObject({
      code: 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
    });
    await until(() => server.received[0]?.body.length === received);
    expect(server.received).toMatchObject([{ isComplete: false }]);
  });
});

describe('a group of requests', () => {
  it('is repeated as a whole, with each request sent once per attempt', async () => {
    await using server = await serve(answer(200, 'first'), answer(503), answer(200, 'second'), answer(200, 'third'));
    await using http = testClient();
    const url = server.url();
    const work = async (): Promise<readonly string[]> => [
      await get(http, url, { once: true }),
      await get(http, url, { once: true }),
    ];
    expect(await http.repeat('both', url, work)).toEqual(['second', 'third']);
    expect(server.received).toHaveLength(4);
    expect(http.lines.filter((line) => line.startsWith('warning'))).toEqual([
      expect.stringMatching(/: 503 Service Unavailable\. Trying again in \d+ ms \(1 of 3\)$/),
    ]);
  });

  it('is abandoned after the same number of attempts as a single request', async () => {
    await using server = await serve(answer(503));
    await using http = testClient();
    const url = server.url();
    await expect(http.repeat('both', url, () => get(http, url, { once: true }))).rejects.toBeInstanceOf(HttpError);
    expect(server.received).toHaveLength(4);
    expect(http.lines.at(-1)).toBe('warning: both: giving up after 4 attempts');
  });

  it('is not repeated after an error that does not come from a request', async () => {
    await using http = testClient();
    const broken = new TypeError('a mistake');
    await expect(http.repeat('both', new URL('http://x/'), () => Promise.reject(broken))).rejects.toBe(broken);
    expect(http.lines).toEqual([]);
  });
});

describe('an error', () => {
  it.each([
    ['plain text', 'Rate limited\n', 'text/plain', '418 Rate limited'],
    ['a web page', '<html><title>Sign in</title><body>long', 'text/html', '418 Sign in'],
    ['nothing', '', 'text/plain', "418 I'm a Teapot"],
  ])('in the form of %s', async (_, body, contentType, text) => {
    await using server = await serve(answer(418, body, { 'content-type': contentType }));
    await using http = testClient();
    await expect(get(http, server.url())).rejects.toThrow(new RegExp(`: ${text}$`));
  });

  it('names the scopes and the wait', async () => {
    const detail = { required: ['a'], granted: ['b'] };
    await using server = await serve(answer(403, JSON.stringify({ error: { detail } }), { 'retry-after': '7' }));
    await using http = testClient();
    await expect(get(http, server.url())).rejects.toMatchObject({
      refusal: { requiredScopes: ['a'], grantedScopes: ['b'], retryAfterMs: 7_000 },
    });
  });

  it('with an endless body is read up to the limit', async () => {
    let written = 0;
    await using server = await serve(async ({ response }) => {
      response.writeHead(400, { 'content-type': 'text/plain' });
      for (; !response.destroyed; await delay(1)) {
        response.write('endless '.repeat(1_000));
        written += 8_000;
      }
    });
    await using http = testClient();
    const error = await failure(get(http, server.url()));
    expect(error).toMatchObject({ refusal: { status: 400, reason: expect.stringMatching(/^endless .{492}…$/) } });
    await delay(20);
    expect(written).toBeLessThan(4_000_000);
    const { length } = http.lines;
    expect([server.received.length, length]).toEqual([1, 3]);
  });

  it('with a body that breaks off or stalls still reports the part received', async () => {
    await using server = await serve(begin(400), async (exchange) => {
      await begin(400)(exchange);
      await delay(20);
      exchange.socket.destroy();
    });
    await using http = testClient({ timeoutMs: patience(300) });
    for (let count = 0; count < 2; count++) {
      await expect(get(http, server.url())).rejects.toThrow(/400 the first words$/);
    }
  });
});

describe('if the server asks for a pause', () => {
  it('the client holds back every request to its origin, but not to others', async () => {
    await using server = await serve(answer(429, '', { 'retry-after': '7' }), answer(200, 'done'));
    await using other = await serve(answer(200, 'other'));
    const clock = standingClock();
    await using http = testClient({ ...clock.options, random: () => 0 });

    const first = get(http, server.url());
    await until(() => clock.asked.length === 1);
    const second = get(http, server.url());
    await until(() => clock.asked.length === 2);
    expect(await get(http, other.url())).toBe('other');
    await delay(20);
    expect([server.received.length, clock.asked]).toEqual([1, [7_000, 7_000]]);

    clock.wake();
    expect(await Promise.all([first, second])).toEqual(['done', 'done']);
    expect(server.received).toHaveLength(3);
  });

  it('a mere failure does not hold back other requests', async () => {
    await using server = await serve(answer(503), answer(200, 'done'));
    const clock = standingClock();
    await using http = testClient({ ...clock.options });
    const first = get(http, server.url());
    await until(() => clock.asked.length === 1);
    expect(await get(http, server.url())).toBe('done');
    clock.wake();
    await first;
  });

  it('the client gives up at once if the pause is too long', async () => {
    await using server = await serve(answer(429, 'Slow down', { 'retry-after': '61' }));
    await using http = testClient();
    await expect(get(http, server.url())).rejects.toMatchObject({ refusal: { status: 429, retryAfterMs: 61_000 } });
    expect(server.received).toHaveLength(1);
  });
});

describe('stopping', () => {
  const reason = new PipeError('stop');
  it.each<[string, Reaction, Partial<Parameters<typeof testClient>[0]>]>([
    ['while the body is sent', stall(mebibyte), {}],
    ['while it waits for the answer', stall(Infinity), {}],
    ['while the answer comes', begin(201), {}],
    ['while an error comes', begin(400), {}],
    [
      'while it waits for the next try',
      answer(503),
      { policy: { ...once, retries: 3, baseMs: 60_000, capMs: 60_000 }, random: () => 0.9 },
    ],
    [
      'while the server wants a pause',
      answer(429, '', { 'retry-after': '60' }),
      { policy: { ...once, retries: 3, maxWaitMs: 60_000 } },
    ],
  ])('%s, throws the reason at once', async (_, reaction, options) => {
    await using server = await serve(reaction);
    const controller = new AbortController();
    await using http = testClient({ ...options, signal: controller.signal });
    const sending = failure(upload(http, server.url(), patternBody(20 * mebibyte)));
    await until(() => server.received.length === 1);
    await delay(100);
    const stoppedAt = performance.now();
    controller.abort(reason);
    expect(await sending).toBe(reason);
    expect(performance.now() - stoppedAt).toBeLessThan(patience(1_000));
    expect(server.received).toHaveLength(1);
  });

  it('before anything is sent, sends nothing', async () => {
    await using server = await serve(answer(200));
    await using http = testClient({ signal: AbortSignal.abort(reason) });
    await expect(get(http, server.url())).rejects.toBe(reason);
    expect([server.connections, server.received.length]).toEqual([0, 0]);
  });
});

describe('connections', () => {
  it('are reused', async () => {
    await using server = await serve(
      answer(201),
      answer(404, 'error'),
      answer(302, 'moved', { location: '/x' }),
      answer(200),
    );
    await using http = testClient();
    await upload(http, server.url(), patternBody(100_000));
    await failure(get(http, server.url()));
    await get(http, server.url(), { redirects: 1 });
    for (let count = 0; count < 10; count++) await get(http, server.url());
    expect(server.received).toHaveLength(14);
    // One more if a request is sent before the previous connection is back in the pool.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('are closed by close, and every timer is cleared', async () => {
    await using server = await serve(answer(200));
    const before = handles();
    const http = testClient();
    await Promise.all([get(http, server.url()), get(http, server.url())]);
    expect(server.connections).toBe(2);
    await http.close();
    const deadline = performance.now() + patience(1_000);
    await until(() => handles().length <= before.length || performance.now() > deadline);
    expect(handles()).toEqual(before);
  });
});

describe('a proxy', () => {
  const target = new URL('https://api.example/');

  it.each(['reset', 'end', 502, 503, 504] as const)('that fails to connect (%s) is retried', async (fault) => {
    // The tunnel leads to a server without TLS: the test only proves that there is a second CONNECT.
    await using server = await serve(answer(200, 'done'));
    await using proxy = await startProxy({ to: server.origin, connects: [fault, 'tunnel'] });
    await using http = testClient({ proxies: { https: proxy.url, none: '' }, policy: { ...once, retries: 1 } });
    await failure(get(http, target));
    expect(proxy.seen).toHaveLength(2);
  });

  it.each([403, 407])('that answers %d is not retried', async (status) => {
    await using proxy = await startProxy({ connects: [status] });
    await using http = testClient({ proxies: { https: proxy.url, none: '' } });
    const error = await failure(get(http, target));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({
      message: `GET https://api.example/: the proxy ${new URL(proxy.url).host} answered ${status}`,
      code: `PROXY_${status}`,
    });
    expect(proxy.seen).toHaveLength(1);
  });

  it('that does not answer a CONNECT is abandoned, and its connection is closed', async () => {
    await using proxy = await startProxy({ connects: ['silent'] });
    await using http = testClient({ proxies: { https: proxy.url, none: '' }, timeoutMs: 50, policy: once });
    expect(await failure(get(http, target))).toMatchObject({
      name: 'StalledError',
      message: 'GET https://api.example/: no progress for 50 ms',
    });
    await http.close();
    await until(() => proxy.connections() === 0);
  });

  it('that does not answer a CONNECT does not delay a stop', async () => {
    const reason = new PipeError('stop');
    const controller = new AbortController();
    await using proxy = await startProxy({ connects: ['silent'] });
    await using http = testClient({ proxies: { https: proxy.url, none: '' }, signal: controller.signal });
    const sending = failure(get(http, target));
    await until(() => proxy.seen.length === 1);
    controller.abort(reason);
    expect(await sending).toBe(reason);
  });

  it('that demands a password for http is reported as a proxy', async () => {
    await using proxy = await startProxy({ credentials: 'user:password' });
    await using http = testClient({ proxies: { http: proxy.url, none: '' } });
    const error = await failure(get(http, new URL('http://api.example/')));
    expect(error).toMatchObject({ name: 'NetworkError', code: 'PROXY_407' });
    expect(proxy.seen).toHaveLength(1);
  });
});

describe('a programming error', () => {
  it.each<[string, () => Promise<never>]>([
    ['in reading the answer', async () => Promise.reject(new TypeError('x is not a function'))],
    ['that an assertion finds', async () => Promise.reject(new AssertionError({ message: 'this must not be' }))],
    ['without a class of its own', async () => Promise.reject(new Error('this cannot be'))],
  ])('%s is not reported as a network failure, and not retried', async (_, read) => {
    await using server = await serve(answer(200));
    await using http = testClient();
    const error = await failure(http.send({ method: 'GET', url: server.url(), accept: [200] }, read));
    expect(error).not.toBeInstanceOf(PipeError);
    expect(server.received).toHaveLength(1);
  });

  it('in the request is not, either', async () => {
    await using server = await serve(answer(200));
    await using http = testClient();
    const error = await failure(get(http, server.url(), { headers: { 'a b': 'no header has such a name' } }));
    expect(error).toMatchObject({ code: 'UND_ERR_INVALID_ARG' });
    expect(error).not.toBeInstanceOf(PipeError);
  });
});

describe('the debug log', () => {
  it('shows requests and answers, but only if enabled', async () => {
    await using server = await serve(answer(201, '', { 'X-Request-Id': 'abc' }));
    await using http = testClient({ now: () => 0 });
    await upload(http, server.url('/x'), bytesBody('12345'));
    expect(http.lines).toEqual([
      `debug: > POST ${server.origin}/x (5 B)`,
      `debug: < 201 to POST ${server.origin}/x after 0 ms (request id abc)`,
    ]);
  });
});

async function joined(body: Body): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.open()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** A clock that stands still until a test wakes the sleepers. */
function standingClock(): {
  options: { now: () => number; sleep: (ms: number) => Promise<void> };
  asked: number[];
  wake: () => void;
} {
  let time = 1_000_000;
  const asked: number[] = [];
  const sleepers: (() => void)[] = [];
  return {
    asked,
    options: {
      now: () => time,
      sleep: async (ms) => {
        asked.push(ms);
        await new Promise<void>((resolve) => {
          sleepers.push(() => {
            time += ms;
            resolve();
          });
        });
      },
    },
    wake: () => sleepers.splice(0).forEach((wakeOne) => wakeOne()),
  };
}

/** Answers without reading anything. */
function early(status: number, then: Reaction): Reaction {
  return (exchange) => {
    exchange.response.writeHead(status).end('early', () => void then(exchange));
  };
}

/** Reads the request, and sends an answer that never ends. */
function begin(status: number): Reaction {
  return async (exchange) => {
    await readBody(exchange);
    exchange.response.writeHead(status, { 'content-length': 100 }).write('the first words');
  };
}

/** The resources that keep the process alive. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout');
}

describe('429 without Retry-After', () => {
  it('slows down the whole run, which then succeeds', async () => {
    let running = 0;
    let requests = 0;
    await using server = await serve(async (exchange) => {
      requests++;
      running++;
      await delay(5);
      await answer(running > 2 ? 429 : 200)(exchange);
      running--;
    });
    await using http = testClient({ policy: { retries: 2, baseMs: 20, capMs: 40, maxWaitMs: 60_000 } });
    const url = new URL(server.origin);
    const sent = Array.from({ length: 40 }, () => http.send({ method: 'GET', url, accept: [200] }, discard));
    expect((await Promise.allSettled(sent)).filter(({ status }) => status === 'rejected')).toEqual([]);
    // Each of them on its own would be refused again and again, and give up.
    expect(requests).toBeLessThan(40 * 5);
  });

  it('is final without retries', async () => {
    let requests = 0;
    await using server = await serve((exchange) => answer(requests++ % 2 === 0 ? 200 : 429)(exchange));
    await using http = testClient({ policy: { retries: 0, baseMs: 1, capMs: 1, maxWaitMs: 60_000 } });
    const get = async (): Promise<void> =>
      await http.send({ method: 'GET', url: new URL(server.origin), accept: [200] }, discard);
    await get();
    await expect(get()).rejects.toThrow('429');
    expect(requests).toBe(2);
  });
});
