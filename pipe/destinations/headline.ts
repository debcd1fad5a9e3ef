/** The first line about a request that failed: what failed, in the user's words, before the server's. */

import {
  HttpError,
  NetworkError,
  type PipeError,
  type RequestFacts,
  StalledError,
  UnexpectedAnswerError,
} from '../errors.ts';

/** What the words depend on. */
interface Facts {
  readonly isBitbucket: boolean;
  /** No credentials were sent. */
  readonly isAnonymous: boolean;
}

/** The lines of a failure: if a request failed, a sentence about it and then the request; otherwise its message. */
export function failureText(error: PipeError, facts: Facts): readonly string[] {
  const { request, message } = error;
  const found = request === undefined ? undefined : headline(error, request, facts);
  if (request === undefined || found === undefined) return message.split('\n');
  const prefix = request.subject === undefined ? '' : `${request.subject}: `;
  const rest = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  return [found, `  ${rest}`];
}

function headline(error: PipeError, request: RequestFacts, { isBitbucket, isAnonymous }: Facts): string | undefined {
  const { host } = new URL(request.url);
  const who = isBitbucket ? 'Bitbucket' : host;
  if (error instanceof HttpError)
    return `${subjectOf(request)}${who} ${refusalWords(error.refusal.status, isAnonymous)}`;
  if (error instanceof UnexpectedAnswerError) return `${subjectOf(request)}${who} gave an unexpected answer`;
  if (error instanceof StalledError) return `${subjectOf(request)}${host} stopped answering`;
  if (error instanceof NetworkError && error.peer === 'proxy')
    return `${subjectOf(request)}the proxy for ${host} failed`;
  if (error instanceof NetworkError)
    return `${subjectOf(request)}${error.code === 'ECONNREFUSED' ? 'nothing listens at' : 'no working connection to'} ${host}`;
  return undefined;
}

function subjectOf({ subject, method }: RequestFacts): string {
  if (subject === undefined) return '';
  const verb = method === 'DELETE' ? 'deleted' : method === 'GET' || method === 'HEAD' ? 'read' : 'uploaded';
  return `${subject} could not be ${verb}: `;
}

const words: Readonly<Record<number, string>> = {
  403: 'does not allow it',
  404: 'knows nothing there, or hides it',
  405: 'does not accept uploads there',
  409: 'reports a conflict',
  412: 'reports a conflict',
  413: 'refuses content of this size',
  429: 'limits the rate of requests',
};

function refusalWords(status: number, isAnonymous: boolean): string {
  if (status === 401) return isAnonymous ? 'asks for credentials' : 'refused the credentials';
  const known = words[status];
  if (known !== undefined) return known;
  if (status < 300) return 'gave an unexpected answer';
  if (status < 400) return 'has moved';
  return status >= 500 ? 'failed' : 'refused the request';
}
