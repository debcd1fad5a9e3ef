/** The errors that the pipe reports to the user. */

import { ValidationError } from './toolkit/problems.ts';
import { printableLine } from './toolkit/stdout.ts';

/** The request that failed. */
export interface RequestFacts {
  /** The purpose of the request, such as a file's name; the message begins with it. */
  readonly subject?: string | undefined;
  readonly method: string;
  /** Printable, without credentials or signatures. */
  readonly url: string;
  /** The length of its body; undefined if it has none, or if nobody knows. */
  readonly bodyBytes?: number | undefined;
  /** The server has answered this or an earlier request; undefined if nobody knows. */
  readonly hasAnswered?: boolean;
}

/** What is known about a failure besides its message. */
export interface PipeErrorOptions extends ErrorOptions {
  readonly advice?: string | undefined;
  readonly request?: RequestFacts | undefined;
}

/**
 * A failure that the pipe recognises. Its message says what failed and why; `destinations/advice.ts` adds what to do.
 * The message is printable, whatever it quotes: a line break is escaped, unless it is between two lines that are given as such.
 */
export class PipeError extends Error {
  override readonly name: string = 'PipeError';
  /** What to do, if only the place of the failure knows it. */
  readonly advice: string | undefined;
  readonly request: RequestFacts | undefined;

  /** @param message one line, or a list of lines */
  constructor(message: string | readonly string[], options?: PipeErrorOptions) {
    super([message].flat().map(printableLine).join('\n'), options);
    this.advice = options?.advice;
    this.request = options?.request;
  }
}

/** The user's input is not valid or cannot be read. */
export class InputError extends PipeError {
  override readonly name = 'InputError';
}

/** A file changed after the upload was planned. */
export class FileChangedError extends PipeError {
  override readonly name = 'FileChangedError';
}

/** The server's content differs from what was sent. */
export class VerificationError extends PipeError {
  override readonly name = 'VerificationError';
}

/** An HTTP server's refusal of a request. */
export interface Refusal extends RequestFacts {
  readonly status: number;
  /** The server's first error message, shortened to one line; otherwise the standard name of the status. */
  readonly reason: string;
  /** `errors[].code` of a registry's error document, in order; empty if the body is not such a document. */
  readonly codes: readonly string[];
  /** Every message and detail of those errors; a detail that is not a string is given as JSON. */
  readonly details: readonly string[];
  readonly requestId?: string | undefined;
  /** `error.detail` of Bitbucket's error object. */
  readonly requiredScopes: readonly string[];
  readonly grantedScopes: readonly string[];
  /** Milliseconds that the server asks the client to wait; undefined if it does not. */
  readonly retryAfterMs?: number | undefined;
  /** The target of a redirect that was not followed. */
  readonly location?: string | undefined;
  /** The values of `WWW-Authenticate`. */
  readonly challenges?: readonly string[];
  /** The protocol says that the same request may succeed later, although the status alone does not. */
  readonly isTransient?: boolean;
  /** The server may have stored the content all the same, and nobody could see whether it did. */
  readonly isDoubtful?: boolean;
}

/** The server answered with a status that the request does not accept. */
export class HttpError extends PipeError {
  override readonly name = 'HttpError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    const id = refusal.requestId === undefined ? '' : ` (request id ${refusal.requestId})`;
    const subject = refusal.subject === undefined ? '' : `${refusal.subject}: `;
    super(`${subject}${refusal.method} ${refusal.url}: ${refusal.status} ${refusal.reason}${id}`, { request: refusal });
    this.refusal = refusal;
  }
}

/** The server answered with a status of success, but not as its protocol specifies. */
export class UnexpectedAnswerError extends PipeError {
  override readonly name = 'UnexpectedAnswerError';
  readonly status: number;
  /** The answer is a web page or an error document, perhaps from another server. If false, only the status is unexpected. */
  readonly isForeign: boolean;
  /** A later check showed that the server does not have the content. */
  readonly isMissing: boolean;

  constructor(
    message: string,
    facts: { readonly status: number; readonly isForeign: boolean; readonly isMissing?: boolean },
    options?: PipeErrorOptions,
  ) {
    super(message, options);
    this.status = facts.status;
    this.isForeign = facts.isForeign;
    this.isMissing = facts.isMissing ?? false;
  }
}

/** No complete answer arrived: the connection was refused, reset or cut short, or the host name was not resolved. */
export class NetworkError extends PipeError {
  override readonly name = 'NetworkError';
  /** The system's or the HTTP client's code, such as `ECONNRESET`. */
  readonly code: string;
  /** Who failed, and how it was spoken to. */
  readonly peer: 'https server' | 'http server' | 'proxy';

  constructor(
    message: string,
    code: string,
    options: PipeErrorOptions & { readonly peer?: NetworkError['peer'] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.peer = options.peer ?? 'https server';
  }
}

/** The connection is considered dead because no byte was transferred within the time limit. */
export class StalledError extends PipeError {
  override readonly name = 'StalledError';
}

/** The run was asked to stop. */
export class StoppedError extends PipeError {
  override readonly name = 'StoppedError';
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`Stopped by ${signal}`);
    this.signal = signal;
  }
}

/** Whether the pipe recognises the failure, so that its message needs no more explanation. */
export function isExpected(error: unknown): error is PipeError | ValidationError {
  return error instanceof PipeError || error instanceof ValidationError;
}

/** The message of anything that was thrown: one line, or the lines of an error that the pipe recognises. */
export function messageOf(error: unknown): string {
  if (isExpected(error)) return error.message;
  return `Unexpected error: ${error instanceof Error ? error.message : String(error)}`;
}
