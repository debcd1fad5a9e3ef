/** Servers whose answers never end, or come byte by byte: only what the pipe sends, and content that it streams, may take its time. */

import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { HttpError, StalledError, UnexpectedAnswerError } from '../../pipe/errors.ts';
import { discard, readJson, readText } from '../../pipe/http/answer.ts';
import type { Http, HttpRequest } from '../../pipe/http/send.ts';
import { bytesBody } from '../../pipe/io/body.ts';
import { patience } from '../patience.ts';
import { testClient } from './test-client.ts';
import { close, type Exchange, listen, type Reaction, readBody, serve } from './test-servers.ts';

const timeoutMs = patience(300);
/** For answers that the client ends by itself, at once. */
const amplyMs = patience(10_000);
const policy = { retries: 0, baseMs: 1, capMs: 1, maxWaitMs: 1 };
/** The slow answers are complete after this long: a client without limits gets them. */
const slowMs = timeoutMs * 3;

const client = (ms = timeoutMs): Http & AsyncDisposable => testClient({ timeoutMs: ms, policy });

/** Answers with `start`, then a byte at a time, then `end`. */
function drip(status: number, start: string, end: string, headers: Record<string, string> = {}): Reaction {
  return async (exchange) => {
    await readBody(exchange);
    exchange.response.writeHead(status, headers).write(start);
    await writeFor(exchange, slowMs);
    exchange.response.end(end);
  };
}

async function writeFor({ response, socket }: Exchange, ms: number): Promise<void> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms && !socket.destroyed) {
    response.write(' ');
    await delay(timeoutMs / 20);
  }
}

/** Answers with this status, and as much as is read, but breaks off before the end. */
function endless(status: number, headers: Record<string, string> = {}): Reaction {
  return async (exchange) => {
    await readBody(exchange);
    const { response, socket } = exchange;
    response.writeHead(status, headers);
    for (let sent = 0; sent < 256 * 1024 ** 2 && !socket.destroyed; sent += 65_536)
      if (!response.write(Buffer.alloc(65_536, 'x'))) await once(response, 'drain');
    socket.resetAndDestroy();
  };
}

async function failure(sending: Promise<unknown>): Promise<unknown> {
  return await sending.then(
    (value) => value ?? 'it succeeded',
    (error: unknown) => error,
  );
}

async function get(http: Http, url: URL, given: Partial<HttpRequest> = {}): Promise<string> {
  return await http.send({ method: 'GET', url, accept: [200], ...given }, (got) => readText(got, 1_000_000));
}

describe('an answer that comes byte by byte', () => {
  const late = { name: 'StalledError', message: expect.stringMatching(/: the answer is not complete after /) };

  it.each<[string, number, (http: Http, url: URL) => Promise<unknown>]>([
    [
      'to an upload',
      201,
      (http, url) => http.send({ method: 'POST', url, accept: [201], body: bytesBody('x') }, discard),
    ],
    ['to a deletion', 404, (http, url) => http.send({ method: 'DELETE', url, accept: [204, 404] }, discard)],
    [
      'with a document',
      200,
      (http, url) => http.send({ method: 'GET', url, accept: [200] }, (a) => readJson(a, 1_000_000)),
    ],
    ['with content that is read as a whole', 200, (http, url) => get(http, url, { answersContent: true })],
  ])('%s has one timeout in all', async (_, status, send) => {
    await using server = await serve(drip(status, '{', '}'));
    await using http = client();
    const error = await failure(send(http, server.url()));
    expect(error).toBeInstanceOf(StalledError);
    expect(error).toMatchObject(late);
  });

  it.each([false, true])('is quoted as far as it came if it is a refusal, streamed or not: %s', async (isStreamed) => {
    await using server = await serve(drip(403, 'You may not', ', and so on'));
    await using http = client();
    const error = await failure(get(http, server.url(), { isStreamed }));
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ refusal: { status: 403, reason: 'You may not' } });
  });

  it('does not keep new credentials from being tried', async () => {
    const headers = { 'www-authenticate': 'Bearer' };
    await using server = await serve(drip(401, 'Who', ' are you?', headers), ({ response }) => response.end('done'));
    let header = 'Bearer old';
    await using http = testClient({
      timeoutMs,
      policy,
      authorizer: {
        headerFor: async () => await Promise.resolve(header),
        renew: async () => {
          header = 'Bearer new';
          return await Promise.resolve(true);
        },
      },
    });
    expect(await get(http, server.url())).toBe('done');
  });

  it('does not keep a redirect from being followed', async () => {
    await using server = await serve(drip(302, 'over', 'there', { location: '/there' }), ({ response }) =>
      response.end('done'),
    );
    await using http = client();
    expect(await get(http, server.url(), { redirects: 1 })).toBe('done');
  });

  it('with a success is not sent again if what it means is doubtful', async () => {
    await using server = await serve(drip(201, '{', '}'), ({ response }) => response.end('done'));
    await using http = testClient({ timeoutMs, policy: { ...policy, retries: 1 } });
    const request = { method: 'POST', url: server.url(), accept: [200, 201], body: bytesBody('x') } as const;
    const error = await failure(http.send({ ...request, unendingAnswer: 'doubtful' }, discard));
    expect(error).toBeInstanceOf(UnexpectedAnswerError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/answered 201, but the answer is not complete after /),
    });
    expect(server.received).toHaveLength(1);
  });

  it('with a success is as good as an empty one if its end does not matter', async () => {
    await using server = await serve(drip(201, '{', '}'));
    await using http = client();
    const request = { method: 'POST', url: server.url(), accept: [201], body: bytesBody('x') } as const;
    expect(await http.send({ ...request, unendingAnswer: 'ignored' }, (got) => readText(got, 100))).toBe('');
  });

  it('with a refusal stays one, whatever the end of a success means', async () => {
    await using server = await serve(drip(404, '{', '}'));
    await using http = client();
    const request = { method: 'POST', url: server.url(), accept: [201, 404], body: bytesBody('x') } as const;
    expect(await failure(http.send({ ...request, unendingAnswer: 'ignored' }, discard))).toBeInstanceOf(StalledError);
  });

  it('may take its time if it is streamed', async () => {
    await using server = await serve(drip(200, '{', '}'));
    await using http = client();
    expect((await get(http, server.url(), { isStreamed: true })).trim()).toMatch(/^\{ +\}$/);
  });
});

describe('a body without end', () => {
  it.each([201, 404])('of a %d that is thrown away is not read', async (status) => {
    await using server = await serve(endless(status));
    await using http = client(amplyMs);
    const request = { method: 'POST', url: server.url(), accept: [201, 404], body: bytesBody('x') } as const;
    expect(await failure(http.send(request, discard))).toBe('it succeeded');
  });

  it('of a redirect is not read', async () => {
    await using server = await serve(endless(307, { location: '/there' }), ({ response }) => response.end('done'));
    await using http = client(amplyMs);
    expect(await get(http, server.url(), { redirects: 1 })).toBe('done');
  });

  it('of a refusal is quoted', async () => {
    await using server = await serve(endless(403));
    await using http = client(amplyMs);
    expect(await failure(get(http, server.url()))).toMatchObject({
      refusal: { status: 403, reason: `${'x'.repeat(500)}…` },
    });
  });
});

describe('no answer, but', () => {
  /** Writes `bytes` as often as the client takes them, for a limited time, then an answer. */
  async function repeating(start: string, bytes: string, everyMs: number): Promise<[string, () => Promise<void>]> {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket.on('error', () => undefined).resume());
      void (async () => {
        socket.write(start);
        for (const startedAt = performance.now(); performance.now() - startedAt < slowMs;) {
          if (socket.destroyed) return;
          socket.write(bytes);
          await delay(everyMs);
        }
        socket.end(`${start === '' ? 'HTTP/1.1 200 OK' : ''}\r\ncontent-length: 4\r\n\r\ndone`);
      })();
    });
    const origin = await listen(server);
    return [
      origin,
      async () => {
        for (const socket of sockets) socket.destroy();
        await close(server);
      },
    ];
  }

  it.each([
    ['provisional answers, one after the other', '', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['hints', '', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
    ['headers that come byte by byte', 'HTTP/1.1 200 OK\r\nx: ', 'y'],
  ])('%s, ends with the timeout', async (_, start, bytes) => {
    const [origin, end] = await repeating(start, bytes, timeoutMs / 20);
    await using http = client();
    expect(await failure(get(http, new URL(origin)))).toMatchObject({
      name: 'StalledError',
      message: expect.stringContaining(': no progress for '),
    });
    await end();
  });

  it('headers without end, as fast as they are read, end with a reason', async () => {
    const [origin, end] = await repeating('HTTP/1.1 200 OK\r\n', `x: ${'y'.repeat(1_000)}\r\n`.repeat(20), 1);
    await using http = client(amplyMs);
    expect(await failure(get(http, new URL(origin)))).toMatchObject({
      name: 'NetworkError',
      code: 'UND_ERR_HEADERS_OVERFLOW',
    });
    await end();
  });

  it('redirects without end, ends after as many as the request allows', async () => {
    await using server = await serve(({ response }) => response.writeHead(302, { location: '/' }).end());
    await using http = client();
    expect(await failure(get(http, server.url(), { redirects: 3 }))).toMatchObject({ refusal: { status: 302 } });
    expect(server.received).toHaveLength(4);
  });
});
