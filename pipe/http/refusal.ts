/** Turns an answer whose status is not accepted into an error with the server's reason and request id. */

import { STATUS_CODES } from 'node:http';
import { HttpError } from '../errors.ts';
import { readStart } from '../io/bounded-read.ts';
import type { Answer } from './answer.ts';
import { maxErrorBytes, parseErrorBody } from './error-body.ts';
import { printableUrl } from './printable-url.ts';
import { parseRetryAfterMs } from './retry.ts';
import type { Scrub } from '../toolkit/scrub.ts';

/**
 * Reads the answer's body, up to a limit.
 *
 * @param location the target of a redirect that is not followed
 */
export async function readRefusal(
  request: { readonly subject?: string; readonly method: string },
  url: URL,
  answer: Answer,
  location: URL | null,
  nowMs: number,
  scrub: Scrub,
): Promise<HttpError> {
  const parsed = parseErrorBody(
    await readStart(answer.body, maxErrorBytes),
    answer.header('content-type') ?? '',
    scrub,
  );
  return new HttpError({
    subject: request.subject,
    method: request.method,
    url: printableUrl(url),
    status: answer.status,
    reason: withoutStatus(parsed.reason, answer.status) ?? STATUS_CODES[answer.status] ?? 'unknown status',
    codes: parsed.codes,
    details: parsed.details,
    requestId: requestId(answer.header),
    requiredScopes: parsed.requiredScopes,
    grantedScopes: parsed.grantedScopes,
    retryAfterMs: parseRetryAfterMs(answer.header, answer.status, nowMs),
    location: location === null ? undefined : printableUrl(location),
    challenges: answer.headerValues('www-authenticate'),
  });
}

/** Many servers begin their reason with the status, which the message has already. */
function withoutStatus(reason: string | undefined, status: number): string | undefined {
  return reason?.replace(new RegExp(`^(?:HTTP(?: Status)? )?${status}\\b[\\s:–-]*(?=\\S)`), '');
}

/** ` (request id …)`; empty if the server gives no id. */
export function requestIdSuffix(header: (name: string) => string | undefined): string {
  const id = requestId(header);
  return id === undefined ? '' : ` (request id ${id})`;
}

function requestId(header: (name: string) => string | undefined): string | undefined {
  return header('x-request-id') ?? header('atl-traceid') ?? header('x-amz-request-id');
}
