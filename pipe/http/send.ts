/** Sends requests over undici, with retries, a watchdog for progress, and credentials bound to their origin. */

import type { Readable } from 'node:stream';
import { NetworkError, PipeError, type RequestFacts, StalledError, UnexpectedAnswerError } from '../errors.ts';
import type { Secrets } from '../toolkit/scrub.ts';
import { formatBytes, formatDuration } from '../toolkit/units.ts';
import type { Answer } from './answer.ts';
import { type Body, bytesBody } from '../io/body.ts';
import { readStart } from '../io/bounded-read.ts';
import type { Authorizer } from './authorizer.ts';
import { createDispatchers } from './dispatchers.ts';
import { maxErrorBytes } from './error-body.ts';
import { judgeAnswer } from './judge-answer.ts';
import { keepEncrypted } from './keep-encrypted.ts';
import type { Peer } from './network-causes.ts';
import { createOriginGate, sleep as realSleep, type Sleep } from './origin-gate.ts';
import { grantsIn, printableUrl } from './printable-url.ts';
import type { ProxySettings } from './proxies.ts';
import { readRefusal, requestIdSuffix } from './refusal.ts';
import { isRateLimited, isTransient, requestedWaitMs, type RetryPolicy, retryDelayMs } from './retry.ts';
import { describeRequest, sourceError, toPipeError } from './to-pipe-error.ts';
import { untilAborted } from './until-aborted.ts';
import { countedBody, limitedBody, watchedBody } from './watched-body.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

export interface HttpRequest {
  /** What the request is for, such as a file's name: printable, and the prefix of every message about it. */
  readonly subject?: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** The statuses that mean success; any other becomes an HttpError. */
  readonly accept: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Not retried on its own: a step of a larger operation, which `repeat` retries as a whole. */
  readonly once?: boolean;
  /**
   * How many redirects are followed; 0 by default. A request with a body follows only those that repeat it as it is: 307
   * and 308 (RFC 9110, 15.4). Another origin gets no credentials, and https is never left for http.
   */
  readonly redirects?: number;
  /** Called with the bytes of the body that the current attempt has handed to the connection. */
  readonly onSent?: (bytes: number) => void;
  /**
   * The request is for stored content, which may be anything. Any other answer is the protocol's own, so a web page or
   * an error document is a failure whatever its status.
   */
  readonly answersContent?: boolean;
  /**
   * The content is large, and read as it arrives: it may take as long as bytes keep coming. Any other answer has one
   * `timeoutMs` in all.
   */
  readonly isStreamed?: boolean;
  /**
   * What it means if a success is answered whose body is not complete within `timeoutMs`. By default, the request is sent
   * again. `doubtful`: it fails with an UnexpectedAnswerError, so that the caller asks the server what it has. `ignored`: the
   * body is as good as empty, since status and headers say everything, or the next request finds out.
   */
  readonly unendingAnswer?: 'doubtful' | 'ignored';
  /** Ends the request with all its attempts when it aborts; its reason is then thrown. */
  readonly limit?: AbortSignal | undefined;
  /** Sent instead of the URL's path: the absolute form that a forward proxy expects (RFC 9112, 3.2.2). */
  readonly absoluteTarget?: string;
}

export interface HttpOptions {
  readonly authorizer: Authorizer;
  readonly userAgent: string;
  /** Fail after this long without progress, or if an answer takes longer than this. */
  readonly timeoutMs: number;
  readonly policy: RetryPolicy;
  readonly proxies: ProxySettings;
  readonly log: { debug(message: string): void; warning(message: string): void; readonly isDebug: boolean };
  /** Learns each credential before any answer can echo it, and removes secrets from servers' messages. */
  readonly secrets: Secrets;
  /** Aborts all requests; `send` then throws its reason. */
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  readonly random?: () => number;
  readonly sleep?: Sleep;
}

/** An HTTP client that retries transient failures and abandons requests without progress. */
export interface Http {
  /**
   * Sends the request until it succeeds, fails permanently, or runs out of attempts.
   * `read` is part of an attempt: if reading the answer fails, the request is sent again.
   *
   * @throws HttpError if the status is not accepted
   * @throws UnexpectedAnswerError if the status is accepted, but the body is a web page or reports an error, or is doubtful
   * @throws NetworkError if no complete answer arrives
   * @throws StalledError if there is no progress, or the answer does not end in time
   */
  send<T>(request: HttpRequest, read: (answer: Answer) => Promise<T>): Promise<T>;
  /** Retries several steps as one unit, as `send` does with a single request. A step that gave up is not retried. */
  repeat<T>(what: string, url: URL, work: () => Promise<T>): Promise<T>;
  /** Closes every connection at once. */
  close(): Promise<void>;
}

const maxConnectTimeoutMs = 30_000;
/** How long a success shows that a server still accepts some of the requests. */
const recentMs = 60_000;
/** Five minutes, for waits that begin with a second. */
const patienceFactor = 300;
/** One for the first challenge, one for a token that expires during the request. */
const maxRenewals = 2;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** The redirects that ask for the same request again, with its method, body and headers. */
const repeatStatuses: ReadonlySet<number> = new Set([307, 308]);
/** Refusals that may mean missing credentials: some registries hide from strangers what exists. */
const refusalStatuses: ReadonlySet<number> = new Set([401, 403, 404]);

/** Errors for which all attempts were made. A larger operation must not multiply them, also across clients. */
const givenUp = new WeakSet<PipeError>();

/** A client whose requests share connections, retry policy and pauses. */
export function createHttp(options: HttpOptions): Http {
  const { log, policy, signal, now = Date.now, random = Math.random, sleep = realSleep } = options;
  const dispatchers = createDispatchers(options.proxies, Math.min(options.timeoutMs, maxConnectTimeoutMs));
  const gate = createOriginGate(now, sleep);
  /** Origins that have answered, whatever it was. */
  const answered = new Set<string>();
  return { send, repeat, close: () => dispatchers.destroy() };

  async function send<T>(request: HttpRequest, read: (answer: Answer) => Promise<T>): Promise<T> {
    const what = describe(request, request.url);
    const { origin } = request.url;
    const ends = [signal, request.limit].filter((each) => each !== undefined);
    const end = ends.length > 1 ? AbortSignal.any(ends) : ends[0];
    const attempt = async (): Promise<T> => {
      const leave = await gate.enter(origin, end);
      const startedAt = now();
      const watchdog = createWatchdog(options.timeoutMs, end);
      try {
        const result = await trySend(request, read, watchdog);
        gate.succeeded(origin);
        return result;
      } catch (error) {
        end?.throwIfAborted();
        if (isRateLimited(error)) gate.slowDown(origin, startedAt);
        throw error instanceof PipeError && givenUp.has(error) ? error : toNetworkError(error, request, request.url);
      } finally {
        watchdog.stop();
        leave();
      }
    };
    return request.once === true ? await attempt() : await repeatUntil(end, what, request.url, attempt);
  }

  async function repeat<T>(what: string, url: URL, work: () => Promise<T>): Promise<T> {
    return await repeatUntil(signal, what, url, work);
  }

  async function repeatUntil<T>(
    end: AbortSignal | undefined,
    what: string,
    { origin }: URL,
    work: () => Promise<T>,
  ): Promise<T> {
    const firstAt = now();
    for (let attempt = 1; ; attempt++) {
      end?.throwIfAborted();
      await gate.pass(origin, end);
      const startedAt = now();
      try {
        return await work();
      } catch (error) {
        end?.throwIfAborted();
        if (!(error instanceof PipeError)) throw error;
        log.debug(`${what}: attempt ${attempt} failed after ${formatDuration(now() - startedAt)}`);
        // While others get through, the server only wants fewer requests: then it is time that limits the attempts.
        const recently = Math.max(firstAt, now() - recentMs);
        const getsThrough =
          isRateLimited(error) &&
          policy.retries > 0 &&
          now() - firstAt < policy.baseMs * patienceFactor &&
          gate.hasSucceededSince(origin, recently);
        const limits = getsThrough ? { ...policy, retries: Infinity } : policy;
        const delayMs = givenUp.has(error) ? undefined : retryDelayMs(limits, attempt, error, random());
        if (delayMs === undefined) {
          givenUp.add(error);
          if (attempt > policy.retries && attempt > 1) log.warning(`${what}: giving up after ${attempt} attempts`);
          throw error;
        }
        const count = getsThrough ? 'others get through' : `${attempt} of ${policy.retries}`;
        log.warning(`${error.message}. Trying again in ${formatDuration(delayMs)} (${count})`);
        if (requestedWaitMs(error) !== undefined || isRateLimited(error)) gate.pause(origin, delayMs);
        else await sleep(delayMs, end);
      }
    }
  }

  async function trySend<T>(
    request: HttpRequest,
    read: (answer: Answer) => Promise<T>,
    watchdog: Watchdog,
  ): Promise<T> {
    let { url, headers } = request;
    let renewals = 0;
    for (let redirects = request.redirects ?? 0; ;) {
      const sent = await watchdog.exempt(() => options.authorizer.headerFor(url));
      const answer = await sendOnce(
        request,
        url,
        { ...headers, ...(sent !== undefined && { authorization: sent }) },
        watchdog,
      );
      const { status } = answer;
      if (request.accept.includes(status)) return await readAccepted(request, url, answer, read);
      const location = answer.header('location');
      const target = redirectStatuses.has(status) && location !== undefined ? URL.parse(location, url.href) : null;
      const isFollowed = target !== null && redirects > 0 && (request.body === undefined || repeatStatuses.has(status));
      if (!isFollowed) {
        const refused = await readRefusal(request, url, answer, target, now(), options.secrets.scrub);
        const challenges = answer.headerValues('www-authenticate');
        const mayAsk = refusalStatuses.has(status) || (status >= 400 && challenges.length > 0 && !isTransient(refused));
        if (!mayAsk || renewals === maxRenewals) throw refused;
        if (!(await watchdog.exempt(() => options.authorizer.renew(url, sent, challenges, status)))) throw refused;
        // The request itself did not fail: it is sent again with other credentials.
        log.debug(`${describe(request, url)}: ${status}, sending again with other credentials`);
        renewals++;
        continue;
      }
      // Read the body, which is short if present, so that the connection can be reused. If it is not, it does not matter.
      await readStart(answer.body, maxErrorBytes);
      const next = keepEncrypted(url, target);
      log.debug(`${status} to ${printableUrl(next)}`);
      if (next.origin !== url.origin) headers = repeatStatuses.has(status) ? contentHeaders(headers) : undefined;
      url = next;
      redirects--;
    }
  }

  async function readAccepted<T>(
    request: HttpRequest,
    url: URL,
    answer: Answer,
    read: (answer: Answer) => Promise<T>,
  ): Promise<T> {
    try {
      return await read(await judgeAnswer(request, url, answer, options.secrets.scrub));
    } catch (error) {
      const { status } = answer;
      if (!(error instanceof StalledError) || status >= 300 || request.unendingAnswer === undefined) throw error;
      const what = `${describe(request, url)}: the server answered ${status}, but ${error.message}`;
      if (request.unendingAnswer === 'doubtful')
        throw new UnexpectedAnswerError(
          what,
          { status, isForeign: false },
          { cause: error, request: factsOf(request, url) },
        );
      log.debug(what);
      return await read({ ...answer, body: bytesBody('').open() });
    }
  }

  async function sendOnce(
    request: HttpRequest,
    url: URL,
    given: Readonly<Record<string, string>>,
    watchdog: Watchdog,
  ): Promise<Answer> {
    const headers: Record<string, string> = { 'user-agent': options.userAgent, ...given };
    const authorization = headers['authorization'];
    if (authorization !== undefined) options.secrets.learn(authorization.replace(/^\S+ /, ''));
    for (const grant of grantsIn(url)) options.secrets.learn(grant);
    const body = request.body === undefined ? undefined : countedBody(request.body, watchdog, request.onSent);
    // Without a length, the client uses chunked encoding (RFC 9112, 7.1).
    if (request.body?.length !== undefined) headers['content-length'] = String(request.body.length);
    const startedAt = now();
    if (log.isDebug) log.debug(`> ${request.method} ${printableUrl(url)}${describeLength(request.body)}`);
    try {
      const dispatcher = request.absoluteTarget === undefined ? dispatchers.forUrl(url) : dispatchers.direct;
      const answering = dispatcher.request({
        origin: url.origin,
        path: request.absoluteTarget ?? url.pathname + url.search,
        method: request.method,
        headers,
        // undici accepts any async iterable (its reference, "Parameter: DispatchOptions"), although its types do not.
        body: (body?.stream ?? null) as Readable | null,
        signal: watchdog.signal,
      });
      const response = await untilAborted(answering, watchdog.signal, (late) => destroyUnread(late.body));
      watchdog.moved();
      answered.add(url.origin);
      const headerValues = (name: string): readonly string[] => [response.headers[name] ?? []].flat();
      const header = (name: string): string | undefined => headerValues(name)[0];
      if (log.isDebug)
        log.debug(
          `< ${response.statusCode} to ${request.method} ${printableUrl(url)} after ${formatDuration(now() - startedAt)}${requestIdSuffix(header)}`,
        );
      const { statusCode: status } = response;
      const inTransit = request.isStreamed === true && request.accept.includes(status) ? watchedBody : limitedBody;
      const answer = { status, url, header, headerValues, body: inTransit(response.body, watchdog) };
      // An answer does not prove that the whole body was sent: undici stops sending as soon as an answer arrives.
      if (body !== undefined && request.accept.includes(status) && !body.isSent()) {
        // A sign-in page is the more useful thing to report.
        await judgeAnswer(request, url, answer, options.secrets.scrub);
        destroyUnread(response.body);
        throw new NetworkError(
          `${describe(request, url)}: the server answered ${status} before it had received the whole body`,
          'INCOMPLETE_REQUEST',
          { request: factsOf(request, url) },
        );
      }
      if (request.accept.includes(status)) body?.accepted();
      return answer;
    } catch (error) {
      const failure = body?.failure();
      if (failure !== undefined) throw sourceError(failure, request.subject);
      // After a redirect, it is not the request's own URL that failed. A stall is described where it may also happen later.
      throw error instanceof StalledError ? error : toNetworkError(error, request, url);
    } finally {
      body?.end();
    }
  }

  function toNetworkError(error: unknown, request: HttpRequest, url: URL): unknown {
    return toPipeError(error, { ...factsOf(request, url), hasAnswered: answered.has(url.origin) }, peerOf(url));
  }
}

/** The headers that another origin needs in order to understand the same request; any others are for the first one only. */
function contentHeaders(headers: HttpRequest['headers'] = {}): HttpRequest['headers'] {
  const names = ['accept', 'content-type', 'content-range'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));
}

/** Destroying the stream makes it emit an error that has no other listener. */
function destroyUnread(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

function describe(request: HttpRequest, url: URL): string {
  return describeRequest(factsOf(request, url));
}

function factsOf({ subject, method, body }: HttpRequest, url: URL): RequestFacts {
  return { subject, method, url: printableUrl(url), bodyBytes: body?.length };
}

function peerOf({ protocol }: URL): Peer {
  return protocol === 'http:' ? 'http server' : 'https server';
}

function describeLength(body: Body | undefined): string {
  if (body === undefined) return '';
  return body.length === undefined ? ' (of unknown length)' : ` (${formatBytes(body.length)})`;
}
