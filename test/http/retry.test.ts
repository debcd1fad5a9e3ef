/** Which failures are retried, and after which waits: driven through the client, on a clock that advances only by its waits. */

import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { FileChangedError, InputError, NetworkError, StalledError } from '../../pipe/errors.ts';
import { discard } from '../../pipe/http/answer.ts';
import { defaultRetryPolicy, isTransient } from '../../pipe/http/retry.ts';
import type { Http } from '../../pipe/http/send.ts';
import { testClient } from './test-client.ts';
import { answer, close, listen, serve } from './test-servers.ts';

/** The largest value of `random`. */
const almostOne = 1 - Number.EPSILON;

interface Outcome {
  readonly isDone: boolean;
  /** In milliseconds, between each attempt and the next. */
  readonly waits: readonly number[];
}

/** Sends one request with the default policy. @param random the constant used for every random number, in [0, 1) */
async function get(url: string | URL, random = almostOne, retries = 5): Promise<Outcome> {
  const waits: number[] = [];
  let now = Date.parse('2026-11-21T12:00:00Z');
  await using http: Http & AsyncDisposable = testClient({
    policy: { ...defaultRetryPolicy, retries },
    now: () => now,
    random: () => random,
    sleep: async (ms) => {
      waits.push(Math.round(ms));
      now += ms;
      await Promise.resolve();
    },
  });
  const sending = http.send({ method: 'GET', url: new URL(url), accept: [200] }, discard);
  const isDone = await sending.then(
    () => true,
    () => false,
  );
  return { isDone, waits };
}

/** An origin where no server listens. */
async function closedOrigin(): Promise<string> {
  const server = createServer();
  const origin = await listen(server);
  await close(server);
  return origin;
}

describe('a server that is down', () => {
  it.each([
    [almostOne, [1_000, 2_000, 4_000, 8_000, 16_000]],
    [0.5, [500, 1_000, 2_000, 4_000, 8_000]],
    [0.1, [100, 200, 400, 800, 1_600]],
    [0, [0, 0, 0, 0, 0]],
  ])('is retried five times, after up to 1, 2, 4, 8 and 16 s: random = %d', async (random, waits) => {
    expect(await get(await closedOrigin(), random)).toEqual({ isDone: false, waits });
  });

  it('is abandoned within a minute', async () => {
    const { waits } = await get(await closedOrigin());
    expect(waits.reduce((sum, ms) => sum + ms)).toBeLessThan(60_000);
  });

  it('never causes a wait of more than half a minute', async () => {
    const { waits } = await get(await closedOrigin(), almostOne, 8);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('gets one request if there are no retries', async () => {
    expect(await get(await closedOrigin(), almostOne, 0)).toEqual({ isDone: false, waits: [] });
  });
});

describe('a wait that the server asks for', () => {
  it.each<[string, number, Record<string, string>, number, number]>([
    ['none', 429, {}, 0, 1_000],
    ['seconds', 429, { 'retry-after': '120' }, 120_000, 121_000],
    ['a fraction', 503, { 'retry-after': '2.5' }, 2_500, 2_750],
    ['few seconds', 503, { 'retry-after': '5' }, 5_000, 5_500],
    ['seconds with white space', 503, { 'retry-after': ' 5 ' }, 5_000, 5_500],
    ['no seconds', 503, { 'retry-after': '0' }, 0, 1_000],
    ['a date', 503, { 'retry-after': 'Sat, 21 Nov 2026 12:01:30 GMT' }, 90_000, 91_000],
    ['a date that has passed', 503, { 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0, 1_000],
    ['what is neither', 503, { 'retry-after': 'soon' }, 0, 1_000],
    ['a rate limit, in seconds from now', 429, { 'x-ratelimit-reset': '30' }, 30_000, 31_000],
    ['a rate limit, in seconds since 1970', 429, { 'x-ratelimit-reset': '1795262445' }, 45_000, 46_000],
    ['a rate limit that has passed', 429, { 'x-ratelimit-reset': '1795262355' }, 0, 1_000],
    ['a rate limit that is no number', 429, { 'x-ratelimit-reset': '2026-11-21' }, 0, 1_000],
    ['a rate limit that was not hit', 503, { 'x-ratelimit-reset': '30' }, 0, 1_000],
    ['both: Retry-After counts', 429, { 'retry-after': '5', 'x-ratelimit-reset': '30' }, 5_000, 5_500],
    ['both, Retry-After unreadable', 429, { 'retry-after': 'soon', 'x-ratelimit-reset': '30' }, 30_000, 31_000],
    ['five minutes', 429, { 'retry-after': '300' }, 300_000, 301_000],
  ])('%s', async (_, status, headers, leastMs, mostMs) => {
    for (const [random, expectedMs] of [
      [0, leastMs],
      [almostOne, mostMs],
    ] as const) {
      await using server = await serve(answer(status, '', headers), answer(200));
      // A wait of 0 ms is not recorded.
      const { isDone, waits } = await get(server.url(), random);
      expect({ isDone, waits: waits.filter((ms) => ms > 0) }).toEqual({
        isDone: true,
        waits: expectedMs === 0 ? [] : [expectedMs],
      });
      expect(server.received).toHaveLength(2);
    }
  });

  it('of 0 s does not use up all attempts at once', async () => {
    await using server = await serve(answer(503, '', { 'retry-after': '0' }));
    expect(await get(server.url(), 0.5)).toEqual({ isDone: false, waits: [500, 1_000, 2_000, 4_000, 8_000] });
  });

  it('of more than five minutes is not honoured', async () => {
    await using server = await serve(answer(429, '', { 'retry-after': '301' }));
    expect(await get(server.url())).toEqual({ isDone: false, waits: [] });
    expect(server.received).toHaveLength(1);
  });

  it('does not make a permanent refusal transient', async () => {
    await using server = await serve(answer(403, '', { 'retry-after': '1' }));
    expect(await get(server.url())).toEqual({ isDone: false, waits: [] });
    expect(server.received).toHaveLength(1);
  });
});

describe('whether a failure is transient', () => {
  it.each([408, 425, 429, 499, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530])(
    'status %d is',
    async (status) => {
      await using server = await serve(answer(status), answer(200));
      expect(await get(server.url())).toEqual({ isDone: true, waits: [1_000] });
    },
  );

  it.each([301, 400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 501, 505, 506, 508, 510, 511])(
    'status %d stays',
    async (status) => {
      await using server = await serve(answer(status), answer(200));
      expect(await get(server.url())).toEqual({ isDone: false, waits: [] });
    },
  );

  it.each([
    ['a busy name server', 'EAI_AGAIN', true],
    ['a network that is down', 'ENETDOWN', true],
    ['a network that is out of reach', 'ENETUNREACH', true],
    ['a host that is out of reach', 'EHOSTUNREACH', true],
    ['a connection that is refused', 'ECONNREFUSED', true],
    ['a connection that is not made in time', 'UND_ERR_CONNECT_TIMEOUT', true],
    ['a connection that times out', 'ETIMEDOUT', true],
    ['a connection that is reset', 'ECONNRESET', true],
    ['a connection that is aborted', 'ECONNABORTED', true],
    ['a connection that is closed for writing', 'EPIPE', true],
    ['a connection that ends', 'UND_ERR_SOCKET', true],
    ['a proxy that hangs up', 'PROXY_CLOSED', true],
    ['a proxy that is silent', 'PROXY_TIMEOUT', true],
    ['a proxy that cannot connect', 'PROXY_502', true],
    ['a proxy that is overloaded', 'PROXY_503', true],
    ['a proxy that waits in vain', 'PROXY_504', true],
    ['an answer before the end of the request', 'INCOMPLETE_REQUEST', true],
    ['a request of another length', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', true],
    ['an answer of another length', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', true],
    ['a name that does not exist', 'ENOTFOUND', false],
    ['a certificate that nobody vouches for', 'SELF_SIGNED_CERT_IN_CHAIN', false],
    ['a certificate for another name', 'ERR_TLS_CERT_ALTNAME_INVALID', false],
    ['an answer that is not HTTP', 'HPE_INVALID_CONSTANT', false],
    ['a proxy that wants a password', 'PROXY_407', false],
    ['a failure without a name', 'UNKNOWN', false],
  ])('%s (%s): %p', (_, code, expected) => {
    expect(isTransient(new NetworkError('m', code))).toBe(expected);
  });

  it.each([
    ['api.example', true],
    ['proxy.example', false],
    [undefined, false],
  ])('a name that is not found, %s, if api.example is known to exist: %p', (hostname, expected) => {
    const cause = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND', hostname });
    expect(isTransient(new NetworkError('m', 'ENOTFOUND', { cause }), new Set(['api.example']))).toBe(expected);
  });

  it.each([
    ['a stall', new StalledError('m'), true],
    ['a changed file', new FileChangedError('m'), false],
    ['wrong input', new InputError('m'), false],
    ['any other error', new TypeError('m'), false],
    ['what is not an error', 'ECONNRESET', false],
  ])('%s: %p', (_, error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });
});
