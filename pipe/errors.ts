/** The failures that the pipe can name: facts for a person, always with their cause. */

/** A failure that the pipe understands. Its message says what failed and why; `destinations/advice.ts` adds what to do. */
export class PipeError extends Error {
  override readonly name: string = 'PipeError';
}

/** The user's input cannot be used or read. */
export class InputError extends PipeError {
  override readonly name = 'InputError';
}

/** A file changed after the upload was planned. */
export class FileChangedError extends PipeError {
  override readonly name = 'FileChangedError';
}

/** What the server holds is not what was sent. */
export class VerificationError extends PipeError {
  override readonly name = 'VerificationError';
}

/** What an HTTP server said when it refused a request. */
export interface Refusal {
  /** What the request was for, such as a file's name. */
  readonly subject?: string | undefined;
  readonly method: string;
  /** Printable: without credentials or signatures. */
  readonly url: string;
  readonly status: number;
  /** The server's own words on one line, for people: cut, and of its first error only. Or the usual name of the status. */
  readonly reason: string;
  /** `errors[].code` of a registry's error document, in its order; empty without such a document. */
  readonly codes: readonly string[];
  /** What those errors say besides their codes: each message, and each detail as a string or as JSON. */
  readonly details: readonly string[];
  readonly requestId?: string | undefined;
  /** `error.detail` of Bitbucket's error object. */
  readonly requiredScopes: readonly string[];
  readonly grantedScopes: readonly string[];
  /** Milliseconds that the server asks to wait; undefined if it does not. */
  readonly retryAfterMs?: number | undefined;
  /** Where a redirect points to that was not followed. */
  readonly location?: string | undefined;
}

/** A server answered with a status that the request does not accept. */
export class HttpError extends PipeError {
  override readonly name = 'HttpError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    const id = refusal.requestId === undefined ? '' : ` (request id ${refusal.requestId})`;
    const subject = refusal.subject === undefined ? '' : `${refusal.subject}: `;
    super(`${subject}${refusal.method} ${refusal.url}: ${refusal.status} ${refusal.reason}${id}`);
    this.refusal = refusal;
  }
}

/** A server answered with a status that means success, but not with what its protocol defines. */
export class UnexpectedAnswerError extends PipeError {
  override readonly name = 'UnexpectedAnswerError';
  readonly status: number;
  /** The answer is a web page or an error report, perhaps of another server. If false, only the status is unusual. */
  readonly isForeign: boolean;
  /** The server was asked afterwards, and does not have what was sent. */
  readonly isMissing: boolean;

  constructor(
    message: string,
    facts: { readonly status: number; readonly isForeign: boolean; readonly isMissing?: boolean },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = facts.status;
    this.isForeign = facts.isForeign;
    this.isMissing = facts.isMissing ?? false;
  }
}

/** No complete answer: the connection was refused, reset or cut short, or the name not resolved. */
export class NetworkError extends PipeError {
  override readonly name = 'NetworkError';
  /** The system's or the HTTP client's code, such as `ECONNRESET`. */
  readonly code: string;

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** No byte moved for so long that the connection is considered dead. */
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
