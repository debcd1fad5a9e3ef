/** The interface of a destination, and the tools that it is given. */

import type { Authorizer } from '../http/authorizer.ts';
import type { Patience } from '../http/read-back.ts';
import type { Http } from '../http/send.ts';
import type { Places } from '../io/select-files.ts';
import type { CommonSettings } from '../settings/common.ts';
import type { Log } from '../toolkit/log.ts';
import type { PlannedTransfers, Progress } from '../toolkit/progress.ts';
import type { Scrub, Secrets } from '../toolkit/scrub.ts';
import type { Row, ServerFacts } from './advice.ts';
import type { OutputValues } from './output-variables.ts';
import type { ReportContent, ReportTarget } from './report.ts';

/** A place to publish to: one for each TYPE. */
export interface Destination<S extends CommonSettings> {
  /** What to do about failures that only this destination has. */
  readonly advice: readonly Row<S & ServerFacts>[];
  /** The variable that names the server. */
  readonly serverVariable: 'API_URL' | 'REGISTRY';
  /** Whether the server is Bitbucket's own: advice about Bitbucket applies only then. */
  isBitbucket(settings: S): boolean;
  /** The target of the run, for its report. */
  target(settings: S): ReportTarget;
  /**
   * Does all work that precedes the first byte sent.
   *
   * @throws InputError if the user's files cannot be published
   */
  prepare(settings: S, tools: RunTools): Promise<Publication>;
}

/** A plan that is ready to be carried out. */
export interface Publication extends PlannedTransfers {
  /** The plan: the items, their sizes and the target. */
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  /** Never throws: an error is part of the conclusion. */
  publish(progress: Progress): Promise<Conclusion>;
  /** Releases what it holds, published or not. */
  close?(): Promise<void>;
}

/** The outcome of a publication, for people and for programs. */
export interface Conclusion {
  /** What ended the run; undefined if it succeeded. */
  readonly error?: unknown;
  /** Everything was published, even if something failed afterwards, so that the output variables hold. */
  readonly isPublished?: boolean | undefined;
  /** One line for each item of a run that failed. */
  readonly failureLines: readonly string[];
  /** The lines after `✔`. @param scrub for what is shortened: what is left of a secret would not be recognised */
  summary(elapsedMs: number, scrub: Scrub): readonly string[];
  /** The fields of the result that are specific to the destination. */
  readonly result: { readonly items: readonly unknown[]; readonly [field: string]: unknown };
  /** Output variables for the steps that follow. */
  readonly variables: OutputValues;
  readonly report: ReportContent;
}

/** How long, and how often, a client tries. */
export interface RequestLimits {
  readonly retries: number;
  /** Without progress, or until an answer is complete. */
  readonly timeoutMs: number;
  /** Aborts the client's requests. */
  readonly signal: AbortSignal;
}

/** Tools that every destination is given. */
export interface RunTools {
  readonly log: Log;
  /** Values that must not appear in any output. */
  readonly secrets: Secrets;
  /** A client for the run's requests that sends these credentials. @param limits instead of those of the run */
  createHttp(authorizer: Authorizer, limits?: RequestLimits): Http;
  /** Aborts the run. */
  readonly signal: AbortSignal;
  /** How long to keep asking for something that was written but cannot be read yet. */
  readonly patience: Patience;
  /** How long parallel steps that began before this one may send what they have in common with it. */
  readonly headStartMs: number;
  readonly places: Places;
  /** Whether the result, digests included, will be written to a file or variable. */
  readonly wantsResult: boolean;
}
