/** When to try a request again, and after how long: arithmetic only, no clocks and no waiting. */

import { HttpError, NetworkError, StalledError } from '../errors.ts';

export interface RetryPolicy {
  /** Further tries after the first. */
  readonly retries: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** A server that asks for a longer wait than this is not waited for. */
  readonly maxWaitMs: number;
}

/** Five more tries, within about a minute; waits that a server asks for are granted up to five minutes. */
export const defaultRetryPolicy: RetryPolicy = { retries: 5, baseMs: 1_000, capMs: 30_000, maxWaitMs: 300_000 };

/** RFC 9110, 15.5.9 and 15.6, and RFC 6585, 4: the statuses that say "not now". */
const transientStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Failures of a connection that another try may not meet. Wrong names, certificates and protocols are not among them. */
const transientCodes: ReadonlySet<string> = new Set([
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
]);

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof HttpError) return transientStatuses.has(error.refusal.status);
  if (error instanceof NetworkError) return transientCodes.has(error.code);
  return error instanceof StalledError;
}

/** Milliseconds the server asked to wait, where it did. */
export function requestedWaitMs(error: unknown): number | undefined {
  return error instanceof HttpError ? error.refusal.retryAfterMs : undefined;
}

/**
 * How long to wait before the next try; undefined where there should be none.
 *
 * Full jitter: a uniform part of an exponentially growing bound, which spreads clients better than a jittered
 * exponential. Where the server names a wait, that is the least, with up to a tenth, and at most 1 s, on top.
 *
 * @param attempt tries made so far, at least 1
 * @param random uniform in [0, 1)
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, error: unknown, random: number): number | undefined {
  if (attempt > policy.retries || !isTransient(error)) return undefined;
  const backoff = random * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
  const requested = requestedWaitMs(error);
  if (requested === undefined) return backoff;
  // A wait of 0, or a date that our clock is past, would use up every try at once.
  return requested > policy.maxWaitMs
    ? undefined
    : Math.max(backoff, requested + random * Math.min(1_000, requested / 10));
}

/**
 * Reads `Retry-After`, a number of seconds or an HTTP date, or `X-RateLimit-Reset`, seconds from now or since the epoch.
 *
 * @see RFC 9110, 10.2.3
 */
export function parseRetryAfterMs(
  header: (name: string) => string | undefined,
  status: number,
  nowMs: number,
): number | undefined {
  const retryAfter = header('retry-after')?.trim();
  if (retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  if (retryAfter !== undefined) {
    const date = Date.parse(retryAfter);
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  const reset = header('x-ratelimit-reset')?.trim();
  if (status !== 429 || reset === undefined || !/^\d{1,12}$/.test(reset)) return undefined;
  // Ten digits are seconds since 1970, fewer are a wait.
  return reset.length >= 10 ? Math.max(0, Number(reset) * 1000 - nowMs) : Number(reset) * 1000;
}
