/** The servers' answers and refusals, and Bitbucket's three formats of error body. */

/** A body too large for memory. */
export interface ContentSource {
  readonly size: number;
  stream(): AsyncIterable<Buffer>;
}

/** By lower-case name; several values become several headers. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[]>>;

export interface Answer {
  readonly status: number;
  readonly headers?: AnswerHeaders;
  readonly body?: string | Buffer | ContentSource;
}

/** Thrown if a request is refused; `violation` is set if no correct client would send it. */
export class Refusal extends Error {
  readonly answer: Answer;
  readonly violation: string | undefined;

  constructor(answer: Answer, violation?: string) {
    super(violation ?? `refused with ${answer.status}`);
    this.answer = answer;
    this.violation = violation;
  }
}

export function json(status: number, value: unknown, headers?: AnswerHeaders): Answer {
  const contentType = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: { ...contentType, ...headers }, body: JSON.stringify(value) };
}

export function text(status: number, body: string, contentType = 'text/plain; charset=utf-8'): Answer {
  return { status, headers: { 'content-type': contentType }, body };
}

/** The first format, which the application itself uses. */
export function apiError(status: number, message: string, more?: { detail?: unknown; fields?: unknown }): Answer {
  return json(status, { type: 'error', error: { message, ...more } });
}

/** The second format. It is not documented which refusals use it; here, those of gateways in front of the application. */
export function gatewayError(status: number, message: string): Answer {
  return json(status, { error: message });
}

export const invalidToken = apiError(401, 'Token is invalid, expired, or not supported for this endpoint.');

/**
 * Also the answer to a request without credentials, for reading and writing alike: Bitbucket does not tell whether a
 * private repository exists (it answered 403 until 2022, and has answered 404 with this text since).
 */
export const noSuchRepository = apiError(
  404,
  'You may not have access to this repository or it no longer exists in this workspace. ' +
    'If you think this repository exists and you have access, make sure you are authenticated.',
);

export function missingScopes(required: string, granted: readonly string[]): Answer {
  return apiError(403, 'Your credentials lack one or more required privilege scopes.', {
    detail: { required: [required], granted },
  });
}

/** The default answer for a status. */
export function standardAnswer(status: number): Answer {
  switch (status) {
    case 401:
      return invalidToken;
    case 403:
      return apiError(403, 'Access denied. You must have write or admin access.');
    case 404:
      return noSuchRepository;
    case 411:
      return gatewayError(411, 'Length Required');
    case 413:
      return gatewayError(413, 'Request Entity Too Large');
    case 429:
      return text(429, 'Rate limit for this resource has been exceeded');
    case 502:
    case 503:
    case 504:
      return text(status, `<html><body><h1>${status}</h1></body></html>\n`, 'text/html');
    default:
      return status >= 400 ? apiError(status, 'Something went wrong') : { status };
  }
}
