/** The tools of a run, created from its settings: log, HTTP clients and progress. */

import type { RequestLimits, RunTools } from './destinations/destination.ts';
import { type Authorizer, fixedAuthorizer } from './http/authorizer.ts';
import { patienceOf } from './http/read-back.ts';
import { defaultRetryPolicy } from './http/retry.ts';
import { createHttp, type Http } from './http/send.ts';
import type { CommonSettings } from './settings/common.ts';
import { bitbucketNpmRegistry, bitbucketRegistry, defaultApiUrl } from './settings/variables.ts';
import type { Environment } from './toolkit/environment.ts';
import { createLog } from './toolkit/log.ts';
import type { SignalSource } from './toolkit/exit.ts';
import type { Output, Stream } from './toolkit/stdout.ts';
import { ownFiles, wantsResult } from './toolkit/results.ts';
import { createProgress, type PlannedTransfers, type Progress } from './toolkit/progress.ts';
import type { Secrets } from './toolkit/scrub.ts';

/** The tools of destinations, and those that only the run itself uses. */
export interface Tools extends RunTools {
  /** Shows the transfers of the plan. */
  createProgress(planned: PlannedTransfers): Progress;
  /** A client without credentials, for side errands that must not delay the run. */
  createErrandHttp(signal: AbortSignal): Http;
  /** Closes every connection of the run at once. */
  close(): Promise<void>;
}

/** The process around a run. */
export interface Surroundings {
  readonly stdout: Stream;
  readonly signals: SignalSource;
  /** For example `v26.10.0`. */
  readonly nodeVersion: string;
  readonly workingDirectory: string;
  /** Possible paths of pipe.yml. */
  readonly metadataPaths: readonly string[];
  /** The tags of the pipe's repository; if not given, Bitbucket's API is asked, and only when publishing to Bitbucket itself. */
  readonly versionListUrl?: string;
  /** The proxy that accepts Code Insights reports. */
  readonly pipelinesProxyUrl?: string;
  /** The upper bound of the first wait before a request is sent again. */
  readonly retryBaseMs?: number;
}

/** A run whose settings are valid. */
export interface RunContext<S extends CommonSettings = CommonSettings> {
  readonly env: Environment;
  readonly settings: S;
  readonly output: Output;
  readonly secrets: Secrets;
  readonly signal: AbortSignal;
  readonly surroundings: Surroundings;
}

const errandTimeoutMs = 5_000;

/** Of twenty steps with five common layers, each would send one; with 150 ms between them, a third of that is sent. */
const headStartOfEachMs = 150;
const maxHeadStartMs = 3_000;

/** Nobody can have misspelled these. */
const knownHosts: ReadonlySet<string> = new Set([
  new URL(defaultApiUrl).hostname,
  new URL(bitbucketNpmRegistry).hostname,
  bitbucketRegistry,
]);

/** Creates the tools without opening a connection. */
export function createTools(context: RunContext, userAgent: string): Tools {
  const { env, settings, output, secrets, signal, surroundings } = context;
  const log = createLog(output, { isDebug: settings.isDebug });
  const baseMs = surroundings.retryBaseMs ?? defaultRetryPolicy.baseMs;
  const clients: Http[] = [];
  const create = (authorizer: Authorizer, limits: RequestLimits): Http => {
    const { retries, timeoutMs } = limits;
    const policy = { ...defaultRetryPolicy, baseMs, retries, knownHosts };
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
    headStartMs: headStartMs(env),
    places: {
      workingDirectory: surroundings.workingDirectory,
      cloneDirectory: env['BITBUCKET_CLONE_DIR'] || undefined,
      ownFiles: ownFiles(env, settings.outputPath),
      debug: (message) => log.debug(message),
    },
    wantsResult: wantsResult(env, settings.outputPath),
    createHttp: (authorizer, limits = { retries: settings.retries, timeoutMs: settings.timeoutMs, signal }) =>
      create(authorizer, limits),
    createProgress: ({ totalBytes, items }) => createProgress(output, log, { totalBytes, items, scrub: secrets.scrub }),
    createErrandHttp: (errandSignal) =>
      create(fixedAuthorizer([]), { retries: 0, timeoutMs: errandTimeoutMs, signal: errandSignal }),
    async close() {
      await Promise.all(clients.map((http) => http.close()));
    },
  };
}

/** Bitbucket numbers the steps of a parallel group from 0. */
function headStartMs(env: Environment): number {
  const index = Number(env['BITBUCKET_PARALLEL_STEP'] ?? 0);
  return Number.isInteger(index) && index > 0 ? Math.min(index * headStartOfEachMs, maxHeadStartMs) : 0;
}
