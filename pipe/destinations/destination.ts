/** What a destination promises, and what it is given. */

import type { Authorizer } from '../http/authorizer.ts';
import type { Patience } from '../http/read-back.ts';
import type { Http } from '../http/send.ts';
import type { Places } from '../io/select-files.ts';
import type { CommonSettings } from '../settings/common.ts';
import type { Log } from '../toolkit/log.ts';
import type { Progress } from '../toolkit/progress.ts';
import type { Secrets } from '../toolkit/scrub.ts';
import type { Row } from './advice.ts';
import type { ReportContent } from './report.ts';

/** A place to publish to: one for each TYPE. */
export interface Destination<S extends CommonSettings> {
  /** What to do about its own failures. */
  readonly advice: readonly Row<S>[];
  /** The variable that names the server. */
  readonly serverVariable: 'API_URL' | 'REGISTRY';
  /** Whether the server is Bitbucket's own: only then does advice about Bitbucket apply. */
  isBitbucket(settings: S): boolean;
  /**
   * Does everything that comes before the first byte is sent.
   *
   * @throws InputError if the user's files cannot be published
   */
  prepare(settings: S, tools: RunTools): Promise<Publication>;
}

/** What is ready to be published. */
export interface Publication {
  /** The plan: what, how large, to where. */
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  /** What is to be sent; undefined if only sending shows how much it is. */
  readonly totalBytes: number | undefined;
  /** Never throws: what went wrong is part of the conclusion. */
  publish(progress: Progress): Promise<Conclusion>;
  /** Lets go of what it holds, published or not. */
  close?(): Promise<void>;
}

/** What became of a publication, for people and for machines. */
export interface Conclusion {
  /** What ended the run; undefined if it succeeded. */
  readonly error?: unknown;
  /** One line for each item of a run that failed. */
  readonly failureLines: readonly string[];
  /** The text after `✔`. */
  summary(elapsedMs: number): string;
  /** The result's own fields. */
  readonly result: { readonly items: readonly unknown[]; readonly [field: string]: unknown };
  /** Output variables for the steps that follow. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly report: ReportContent;
}

/** What every destination works with. */
export interface RunTools {
  readonly log: Log;
  /** What must not leave, in any text. */
  readonly secrets: Secrets;
  /** A client for the run's requests, with these credentials. */
  createHttp(authorizer: Authorizer): Http;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** How long to go on asking for what has been written and cannot be read yet. */
  readonly patience: Patience;
  readonly places: Places;
  /** Whether the result, with its digests, will be written somewhere. */
  readonly wantsResult: boolean;
}
