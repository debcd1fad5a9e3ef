/** What every publisher works with, made from the settings, and the conclusion that it gives back. */

import type { Surroundings as Places } from './io/select-files.ts';
import { type Authorizer, fixedAuthorizer } from './http/authorizer.ts';
import { type Patience, patienceOf } from './http/read-back.ts';
import { defaultRetryPolicy } from './http/retry.ts';
import { createHttp, type Http } from './http/send.ts';
import type { Settings } from './read-settings.ts';
import type { Report } from './toolkit/code-insights.ts';
import type { Environment } from './toolkit/environment.ts';
import { createLog, type Log } from './toolkit/log.ts';
import type { Output } from './toolkit/output.ts';
import { wantsResult } from './toolkit/outputs.ts';
import { createProgress, type Progress } from './toolkit/progress.ts';
import type { Secrets } from './toolkit/scrub.ts';

export interface RunTools {
  readonly log: Log;
  /** What must not leave, in any text. */
  readonly secrets: Secrets;
  /** A client for the run's requests, with these credentials. */
  createHttp(authorizer: Authorizer): Http;
  readonly signal: AbortSignal;
  /** For what has been written, and cannot be read yet. */
  readonly patience: Patience;
  readonly places: Places;
  /** Whether the result, with its digests, will be written somewhere. */
  readonly wantsResult: boolean;
  /** @param totalBytes what the plan says is to be sent; undefined if the plan does not say */
  createProgress(totalBytes: number | undefined): Progress;
  /** A client without credentials, for side errands that must not delay the run. */
  createErrandHttp(signal: AbortSignal): Http;
  /** Cuts every connection of the run. */
  close(): Promise<void>;
}

/** What a publisher leaves to be said and written. */
export interface Conclusion {
  /** The text after `✔`. */
  readonly success?: string;
  /** What ended the run, and what became of each item. */
  readonly failure?: { readonly error: unknown; readonly lines: readonly string[] };
  /** The machine-readable result, with the error's text where there is one. */
  readonly result?: (errorMessage: string | undefined) => unknown;
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly report?: Report;
}

export interface RunContext {
  readonly env: Environment;
  readonly settings: Settings;
  readonly output: Output;
  readonly secrets: Secrets;
  readonly isColoured: boolean;
  readonly signal: AbortSignal;
  readonly workingDirectory: string;
  readonly userAgent: string;
  readonly retryBaseMs?: number | undefined;
}

const errandTimeoutMs = 5_000;

export function createRunTools(context: RunContext): RunTools {
  const { env, settings, output, secrets, signal, userAgent } = context;
  const log = createLog(output, { isDebug: settings.isDebug, isColoured: context.isColoured });
  const baseMs = context.retryBaseMs ?? defaultRetryPolicy.baseMs;
  const clients: Http[] = [];
  const create = (
    authorizer: Authorizer,
    limits: { retries: number; timeoutMs: number; signal: AbortSignal },
  ): Http => {
    const { retries, timeoutMs } = limits;
    const policy = { ...defaultRetryPolicy, baseMs, retries };
    const { proxies } = settings;
    const http = createHttp({ authorizer, userAgent, timeoutMs, policy, proxies, log, secrets, signal: limits.signal });
    clients.push(http);
    return http;
  };
  return {
    log,
    secrets,
    signal,
    patience: patienceOf(baseMs, signal),
    places: { workingDirectory: context.workingDirectory, cloneDirectory: env['BITBUCKET_CLONE_DIR'] || undefined },
    wantsResult: wantsResult(env, settings.outputPath),
    createHttp: (authorizer) =>
      create(authorizer, { retries: settings.retries, timeoutMs: settings.timeoutMs, signal }),
    createProgress: (totalBytes) => createProgress(output, log, { totalBytes }),
    createErrandHttp: (errandSignal) =>
      create(fixedAuthorizer([]), { retries: 0, timeoutMs: errandTimeoutMs, signal: errandSignal }),
    async close() {
      await Promise.all(clients.map((http) => http.close()));
    },
  };
}
