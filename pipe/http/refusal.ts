/** Makes an error of an answer whose status is not accepted: the server's own reason, and its id of the request. */

import { STATUS_CODES } from 'node:http';
import { HttpError } from '../errors.ts';
import type { Answer } from './answer.ts';
import { maxErrorBytes, parseErrorBody } from './error-body.ts';
import { printableUrl } from './printable-url.ts';
import { parseRetryAfterMs } from './retry.ts';
import type { Scrub } from '../toolkit/scrub.ts';

/**
 * Reads the answer's body, up to a limit.
 *
 * @param location where a redirect that is not followed points to
 */
export async function readRefusal(
  request: { readonly subject?: string; readonly method: string },
  url: URL,
  answer: Answer,
  location: URL | null,
  nowMs: number,
  scrub: Scrub,
): Promise<HttpError> {
  const parsed = parseErrorBody(await readSome(answer), answer.header('content-type') ?? '', scrub);
  return new HttpError({
    subject: request.subject,
    method: request.method,
    url: printableUrl(url),
    status: answer.status,
    reason: parsed.reason ?? STATUS_CODES[answer.status] ?? 'unknown status',
    requestId: requestId(answer.header),
    requiredScopes: parsed.requiredScopes,
    grantedScopes: parsed.grantedScopes,
    retryAfterMs: parseRetryAfterMs(answer.header, answer.status, nowMs),
    location: location === null ? undefined : printableUrl(location),
  });
}

/** As much of an error's body as is wanted; a body that breaks off still has said something. */
async function readSome(answer: Answer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk.subarray(0, maxErrorBytes - length));
      length += chunk.length;
      if (length >= maxErrorBytes) break;
    }
  } catch {
    // What came before the break is all there is.
  }
  return Buffer.concat(chunks);
}

/** ` (request id …)` where the server names one. */
export function requestIdSuffix(header: (name: string) => string | undefined): string {
  const id = requestId(header);
  return id === undefined ? '' : ` (request id ${id})`;
}

function requestId(header: (name: string) => string | undefined): string | undefined {
  return header('x-request-id') ?? header('atl-traceid') ?? header('x-amz-request-id');
}
