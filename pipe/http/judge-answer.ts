/**
 * Judges an answer whose status is accepted, for all protocols in one place: a sign-in page, or a document that reports an
 * error, is an answer of none of them, whatever its status says.
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
 * Reads the beginning of the body, and gives the same answer with its whole body still to be read.
 *
 * @throws UnexpectedAnswerError
 */
export async function judgeAnswer(request: JudgedRequest, url: URL, answer: Answer, scrub: Scrub): Promise<Answer> {
  const { status } = answer;
  // Refusals that are accepted, such as the 404 of what may be missing, may come as a page.
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
  );
}

/** What a body is that no protocol has, in words; undefined if it may be one's. */
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

/** Objects that report an error, as Bitbucket, registries, and gateways write them; a document cut off is none. */
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
