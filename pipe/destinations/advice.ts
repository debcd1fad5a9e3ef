/** What to do about a failure: the advice for each kind of error, and the rows that apply to any server. */

import {
  FileChangedError,
  HttpError,
  InputError,
  NetworkError,
  PipeError,
  StalledError,
  UnexpectedAnswerError,
  VerificationError,
} from '../errors.ts';
import { causeAdvice } from '../http/network-causes.ts';
import type { CommonSettings } from '../settings/common.ts';
import { rejectionAdvice, scopesFor, type TokenKind } from '../settings/token-kinds.ts';
import { fileSystemAdvice } from '../toolkit/file-system-advice.ts';
import type { Destination } from './destination.ts';

/** Advice for one kind of failure. */
export interface Row<Facts> {
  readonly when: (error: unknown) => boolean;
  readonly advice: (error: never, facts: Facts) => string;
}

/** What the advice for any server depends on. */
export interface ServerFacts {
  readonly isBitbucket: boolean;
  readonly serverVariable: string;
  readonly timeoutMs: number;
}

/** Failures that any server may cause. */
const serverRows: readonly Row<ServerFacts>[] = [
  {
    // The protocol does not have a 2xx that is not accepted, either.
    when: (error) =>
      error instanceof UnexpectedAnswerError || (error instanceof HttpError && error.refusal.status < 300),
    advice: (_, { serverVariable }) =>
      `Something other than the server may have answered: check that ${serverVariable} is the right address, and that no sign-in page, proxy or gateway answers in its place.`,
  },
  {
    when: isRedirect,
    advice: ({ refusal }: HttpError, { serverVariable }) =>
      `The server has moved to ${refusal.location}: change ${serverVariable} accordingly.`,
  },
  {
    when: (error) => error instanceof HttpError && error.refusal.status >= 500,
    advice: (_, { isBitbucket }) =>
      `The problem is on the server's side${isBitbucket ? ': see https://bitbucket.status.atlassian.com' : ''}. It is safe to run the step again; a higher --retries keeps trying for longer.`,
  },
  {
    when: (error) => error instanceof HttpError,
    advice: () =>
      "The server's reason is above. If it does not help, run the step with DEBUG set to true: the log then shows the requests and answers, which those who run the server can explain.",
  },
  {
    when: (error) => error instanceof NetworkError,
    advice: (error: NetworkError, { serverVariable }) => causeAdvice(error, serverVariable),
  },
  {
    when: (error) => error instanceof StalledError,
    advice: (_, { timeoutMs }) =>
      `The connection is dead, or the server needs more than ${timeoutMs / 1000} s to answer: raise --timeout to wait longer.`,
  },
  {
    when: (error) => error instanceof FileChangedError,
    advice: () =>
      'Let whatever writes the file finish before the pipe runs, then run the step again. The changed file was not published.',
  },
  {
    when: (error) => error instanceof InputError,
    advice: (error: InputError) =>
      fileSystemAdvice(error) ??
      'Correct what is named above (the file in FILENAME, another variable, or an option in EXTRA_ARGS), and run the step again.',
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () =>
      'Did something else upload the same name at the same time? Run the step again to replace what is there.',
  },
];

/** What the user can do; undefined if the error message is enough. */
export function explain<S extends CommonSettings>(
  error: unknown,
  destination: Pick<Destination<S>, 'advice' | 'isBitbucket' | 'serverVariable'>,
  settings: S,
): string | undefined {
  const isBitbucket = destination.isBitbucket(settings);
  const { serverVariable } = destination;
  const { timeoutMs } = settings;
  return (
    (error instanceof PipeError ? error.advice : undefined) ??
    adviceOf(destination.advice, error, { ...settings, isBitbucket, serverVariable }) ??
    adviceOf(serverRows, error, { isBitbucket, serverVariable, timeoutMs })
  );
}

/** The advice of the first row that applies. */
function adviceOf<Facts>(rows: readonly Row<Facts>[], error: unknown, facts: Facts): string | undefined {
  return rows.find((row) => row.when(error))?.advice(error as never, facts);
}

/** Whether a server refused with a reason that matches `words`. */
export function isRefused(error: unknown, words: RegExp): boolean {
  return error instanceof HttpError && words.test(error.refusal.reason);
}

/** Whether a registry refused with this error code, such as `NAME_UNKNOWN`. */
export function hasErrorCode(code: string): (error: unknown) => error is HttpError {
  return (error): error is HttpError => error instanceof HttpError && error.refusal.codes.includes(code);
}

/** Whether a server answered with a redirect that was not followed. */
export function isRedirect(error: unknown): error is HttpError {
  return error instanceof HttpError && error.refusal.location !== undefined;
}

/** Whether a server refused with this status. */
export function hasStatus(status: number): (error: unknown) => error is HttpError {
  return (error): error is HttpError => error instanceof HttpError && error.refusal.status === status;
}

export const packageScopes = scopesFor('api-token', 'packages');

/** Advice for a package registry or repository that answers 401 to a user name and a token. */
export function packagesCredentialsAdvice(what: 'registry' | 'repository', tokenKind: TokenKind): string {
  return (
    rejectionAdvice(tokenKind, 'packages') ??
    `The ${what} does not accept this USERNAME and TOKEN. Bitbucket's accepts an API token with the scopes ${packageScopes} and the email of its account, or the pipeline's own BITBUCKET_PACKAGES_USERNAME and BITBUCKET_PACKAGES_TOKEN.`
  );
}
