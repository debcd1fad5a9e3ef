/**
 * Checks an answer whose status is accepted, for all protocols in one place: none of them answers with a sign-in page or
 * an error document, whatever the status.
 */

import { UnexpectedAnswerError } from '../errors.ts';
import { peek } from '../io/bounded-read.ts';
import { isRecord, tryParseJson } from '../io/json.ts';
import type { Scrub } from '../toolkit/scrub.ts';
import type { Answer } from './answer.ts';
import { isWebPage, maxErrorBytes, parseErrorBody } from './error-body.ts';
import { printableUrl } from './printable-url.ts';

interface JudgedRequest {
  readonly subject?: string;
  readonly method: string;
  readonly answersContent?: boolean;
}

/**
 * Checks the beginning of the body, and returns the same answer with its whole body still unread.
 *
 * @throws UnexpectedAnswerError if the body is a web page or reports an error
 */
export async function judgeAnswer(request: JudgedRequest, url: URL, answer: Answer, scrub: Scrub): Promise<Answer> {
  const { status } = answer;
  // An accepted refusal, such as 404 for something that may be missing, may be a web page.
  if (request.answersContent === true || request.method === 'HEAD' || status === 204 || status >= 300) return answer;
  const peeked = await peek(answer.body, maxErrorBytes);
  const contentType = answer.header('content-type') ?? '';
  const found = describeForeign(peeked.start, contentType, scrub);
  if (found === undefined) return { ...answer, body: peeked.body };
  await peeked.close();
  const subject = request.subject === undefined ? '' : `${request.subject}: `;
  const type = contentType === '' ? '' : ` (${contentType.replace(/;.*$/s, '').trim()})`;
  throw new UnexpectedAnswerError(
    `${subject}${request.method} ${printableUrl(url)}: the server answered ${status} with ${found}${type}`,
    { status, isForeign: true },
    { request: { subject: request.subject, method: request.method, url: printableUrl(url) } },
  );
}

/** Describes a body that no protocol answers with; undefined if the body may be genuine. */
export function describeForeign(start: Buffer, contentType: string, scrub: Scrub): string | undefined {
  const trimmed = start.toString('utf8').trim();
  if (trimmed === '') return undefined;
  const quoted = (): string => {
    const { reason } = parseErrorBody(start, contentType, scrub);
    return reason === undefined ? '' : `, "${reason}"`;
  };
  if (/^[[{]/.test(trimmed)) return isErrorDocument(trimmed) ? `an error${quoted()}` : undefined;
  return isWebPage(trimmed, contentType) ? `a web page${quoted()}` : undefined;
}

/** Whether this is a JSON object that reports an error as Bitbucket, registries or gateways do; false if it is truncated. */
function isErrorDocument(text: string): boolean {
  const document = tryParseJson(text);
  if (!isRecord(document)) return false;
  const { type, error, errors, ok, success, status, statusCode } = document;
  return (
    type === 'error' ||
    Boolean(error) ||
    (Array.isArray(errors) && errors.length > 0) ||
    ok === false ||
    success === false ||
    [status, statusCode].some((code) => typeof code === 'number' && code >= 400 && code <= 599)
  );
}
