/** Decides whether and when to retry a request: arithmetic only, no clocks and no waiting. */

import { HttpError, NetworkError, StalledError } from '../errors.ts';
import { passes } from './network-causes.ts';

export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** If a server asks for a longer wait than this, the request is not retried. */
  readonly maxWaitMs: number;
  /** Host names that exist: a resolver that does not find one of them is at fault itself. */
  readonly knownHosts?: ReadonlySet<string>;
}

/** Five retries within about a minute; waits that a server asks for are honoured up to five minutes. */
export const defaultRetryPolicy: RetryPolicy = { retries: 5, baseMs: 1_000, capMs: 30_000, maxWaitMs: 300_000 };

/** Refusals that pass: RFC 9110, 15.5.9, RFC 8470, 5.2, and RFC 6585, 4; and 499 of nginx, which lost a connection. */
const transientRefusals: ReadonlySet<number> = new Set([408, 425, 429, 499]);

/**
 * Failures of servers that stay: a method, a version or an extension that the server does not have, its configuration, or a
 * network that asks its user to sign in (RFC 9110, 15.6; RFC 2295, 8.1; RFC 5842, 7.2; RFC 2774, 7; RFC 6585, 6). All other
 * statuses from 500 are temporary, a full disk (RFC 4918, 11.5) and those of gateways among them.
 */
const permanentFailures: ReadonlySet<number> = new Set([501, 505, 506, 508, 510, 511]);

function isTransientStatus(status: number): boolean {
  return transientRefusals.has(status) || (status >= 500 && status <= 599 && !permanentFailures.has(status));
}

/** Whether the same request may succeed a little later. @param knownHosts host names that exist */
export function isTransient(error: unknown, knownHosts?: ReadonlySet<string>): boolean {
  if (error instanceof HttpError) return error.refusal.isTransient === true || isTransientStatus(error.refusal.status);
  if (error instanceof NetworkError) {
    // The failure of a name lookup says which name it was: perhaps a proxy's.
    const { hostname } = (error.cause ?? {}) as { readonly hostname?: unknown };
    const isKnown = typeof hostname === 'string' && knownHosts?.has(hostname) === true;
    return passes(error.code) || (error.code === 'ENOTFOUND' && isKnown);
  }
  return error instanceof StalledError;
}

/** The server has had too many requests (RFC 6585, 4). */
export function isRateLimited(error: unknown): boolean {
  return error instanceof HttpError && error.refusal.status === 429;
}

/** Milliseconds that the server asked to wait; undefined if it did not. */
export function requestedWaitMs(error: unknown): number | undefined {
  return error instanceof HttpError ? error.refusal.retryAfterMs : undefined;
}

/**
 * Milliseconds to wait before the next attempt; undefined if there should be no retry.
 *
 * Full jitter: a uniform fraction of an exponentially growing bound, which spreads clients better than a jittered
 * exponential. A wait that the server asks for is the minimum, with up to a tenth of it, and at most 1 s, on top.
 *
 * @param attempt attempts made so far, at least 1
 * @param random uniform in [0, 1)
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, error: unknown, random: number): number | undefined {
  if (attempt > policy.retries || !isTransient(error, policy.knownHosts)) return undefined;
  const backoff = random * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
  const requested = requestedWaitMs(error);
  if (requested === undefined) return backoff;
  // The backoff applies too: a wait of 0, or a date in the past, would otherwise use up all attempts at once.
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
  // Some servers send fractions, which `Date.parse` would take for a day of the year 2001.
  if (retryAfter !== undefined && /^\d{1,9}(?:\.\d+)?$/.test(retryAfter)) return Number(retryAfter) * 1000;
  if (retryAfter !== undefined) {
    const date = Date.parse(retryAfter);
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  const reset = header('x-ratelimit-reset')?.trim();
  if (status !== 429 || reset === undefined || !/^\d{1,12}$/.test(reset)) return undefined;
  // Ten digits or more are seconds since 1970; fewer are a wait.
  return reset.length >= 10 ? Math.max(0, Number(reset) * 1000 - nowMs) : Number(reset) * 1000;
}
