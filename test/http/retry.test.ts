import { describe, expect, it } from '@jest/globals';
import { FileChangedError, HttpError, InputError, NetworkError, StalledError } from '../../pipe/errors.ts';
import { defaultRetryPolicy, isTransient, parseRetryAfterMs, retryDelayMs } from '../../pipe/http/retry.ts';

const refused = (status: number, retryAfterMs?: number): HttpError =>
  new HttpError({
    method: 'POST',
    url: 'https://x/',
    status,
    reason: 'r',
    codes: [],
    details: [],
    requiredScopes: [],
    grantedScopes: [],
    retryAfterMs,
  });

describe('isTransient', () => {
  it.each([408, 429, 500, 502, 503, 504])('status %d may pass', (status) => {
    expect(isTransient(refused(status))).toBe(true);
  });

  it.each([301, 400, 401, 403, 404, 405, 406, 409, 411, 413, 415, 422, 501, 505, 507])('status %d stays', (status) => {
    expect(isTransient(refused(status))).toBe(false);
  });

  it.each([
    'EAI_AGAIN',
    'ECONNABORTED',
    'ECONNREFUSED',
    'ECONNRESET',
    'EHOSTUNREACH',
    'ENETDOWN',
    'ENETUNREACH',
    'EPIPE',
    'ETIMEDOUT',
    'INCOMPLETE_REQUEST',
    'PROXY_502',
    'PROXY_503',
    'PROXY_504',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_PRX_CONN',
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_SOCKET',
  ])('%s may pass', (code) => {
    expect(isTransient(new NetworkError('m', code))).toBe(true);
  });

  it.each([
    'ENOTFOUND',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'HPE_INVALID_CONSTANT',
    'PROXY_407',
    'UNKNOWN',
  ])('%s stays', (code) => {
    expect(isTransient(new NetworkError('m', code))).toBe(false);
  });

  it.each([
    ['a stall', new StalledError('m'), true],
    ['a changed file', new FileChangedError('m'), false],
    ['wrong input', new InputError('m'), false],
    ['any other error', new TypeError('m'), false],
    ['what is no error', 'ECONNRESET', false],
  ])('%s: %p', (_, error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });
});

describe('retryDelayMs', () => {
  const policy = { retries: 8, baseMs: 1_000, capMs: 30_000, maxWaitMs: 300_000 };
  const reset = new NetworkError('m', 'ECONNRESET');
  const almostOne = 1 - Number.EPSILON;

  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [5, 16_000],
    [6, 30_000],
    [8, 30_000],
  ])('after try %d waits any time up to %d ms', (attempt, boundMs) => {
    expect(retryDelayMs(policy, attempt, reset, 0)).toBe(0);
    expect(retryDelayMs(policy, attempt, reset, 0.25)).toBe(boundMs / 4);
    expect(retryDelayMs(policy, attempt, reset, almostOne)).toBeCloseTo(boundMs, 6);
  });

  it.each([
    [1_000, 0, 1_000],
    [4_000, 0.5, 4_200],
    [10_000, almostOne, 11_000],
    [200_000, 0.5, 200_500],
    [300_000, almostOne, 301_000],
  ])('where the server asks for %d ms, at random %d, waits %d ms', (retryAfterMs, random, delayMs) => {
    expect(retryDelayMs(policy, 1, refused(429, retryAfterMs), random)).toBeCloseTo(delayMs, 6);
  });

  it('does not use its tries up at once where the server asks for no wait, or one that is over', () => {
    expect(retryDelayMs(policy, 4, refused(503, 0), 0.5)).toBe(4_000);
    expect(retryDelayMs(policy, 4, refused(503, 1_000), 0.5)).toBe(4_000);
  });

  it('gives up', () => {
    expect(retryDelayMs(policy, 8, reset, 0.5)).toBeGreaterThan(0);
    expect(retryDelayMs(policy, 9, reset, 0.5)).toBeUndefined();
    expect(retryDelayMs({ ...policy, retries: 0 }, 1, reset, 0.5)).toBeUndefined();
    expect(retryDelayMs(policy, 1, refused(403, 1_000), 0.5)).toBeUndefined();
    expect(retryDelayMs(policy, 1, refused(429, 300_001), 0.5)).toBeUndefined();
  });

  it('by default tries five times more, over half a minute, and waits 5 min where it is asked to', () => {
    expect(defaultRetryPolicy).toEqual({ retries: 5, baseMs: 1_000, capMs: 30_000, maxWaitMs: 300_000 });
  });
});

describe('parseRetryAfterMs', () => {
  const nowMs = Date.parse('2026-11-21T12:00:00Z');
  const nowSeconds = nowMs / 1000;

  it.each<[string, number, Record<string, string>, number | undefined]>([
    ['nothing', 429, {}, undefined],
    ['seconds', 429, { 'retry-after': '120' }, 120_000],
    ['seconds with white space', 503, { 'retry-after': ' 5 ' }, 5_000],
    ['no seconds', 503, { 'retry-after': '0' }, 0],
    ['a date', 503, { 'retry-after': 'Sat, 21 Nov 2026 12:01:30 GMT' }, 90_000],
    ['a date that has passed', 503, { 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
    ['what is neither', 503, { 'retry-after': 'soon' }, undefined],
    ['a rate limit, in seconds from now', 429, { 'x-ratelimit-reset': '30' }, 30_000],
    ['a rate limit, in seconds since 1970', 429, { 'x-ratelimit-reset': String(nowSeconds + 45) }, 45_000],
    ['a rate limit that has passed', 429, { 'x-ratelimit-reset': String(nowSeconds - 45) }, 0],
    ['a rate limit that is no number', 429, { 'x-ratelimit-reset': '2026-11-21' }, undefined],
    ['a rate limit that was not hit', 503, { 'x-ratelimit-reset': '30' }, undefined],
    ['both: the wait counts', 429, { 'retry-after': '5', 'x-ratelimit-reset': '30' }, 5_000],
    ['both, the wait unreadable', 429, { 'retry-after': 'soon', 'x-ratelimit-reset': '30' }, 30_000],
  ])('reads %s', (_, status, headers, waitMs) => {
    expect(parseRetryAfterMs((name) => headers[name], status, nowMs)).toBe(waitMs);
  });
});
