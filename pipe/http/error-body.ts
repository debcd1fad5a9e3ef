/** Extracts the server's reason from the body of an error, in any of the known formats. */

import { stripVTControlCharacters } from 'node:util';
import { isRecord, tryParseJson } from '../io/json.ts';
import type { Scrub } from '../toolkit/scrub.ts';

/** The contents of an error's body. */
export interface ErrorBody {
  readonly reason?: string | undefined;
  /** `errors[].code` of a registry's error document, in order; empty if the body is not such a document. */
  readonly codes: readonly string[];
  /** Every message and detail of those errors, uncut; a detail that is not a string is given as JSON. */
  readonly details: readonly string[];
  readonly requiredScopes: readonly string[];
  readonly grantedScopes: readonly string[];
}

/** Limit on the bytes read of an error's body, and so on its codes and details; the useful part is in its first lines. */
export const maxErrorBytes = 64 * 1024;

const maxReasonCharacters = 500;

/** Dropped from the end of a truncated body, because a secret cut in two is not recognised. */
const maxCutCharacters = 4 * 1024;

const emptyErrorBody: ErrorBody = { codes: [], details: [], requiredScopes: [], grantedScopes: [] };

/**
 * Reads `{"type":"error","error":{"message","detail","fields"}}` (Bitbucket), `{"errors":[{"code","message"}]}` (registries),
 * `{"error":"…"}`, `{"error":"…","error_description":"…"}` (OAuth, RFC 6749, section 5.2), `{"ErrorMessage":"…"}` (Octopus),
 * plain text, and the title of a web page. Secrets are removed before anything is cut.
 *
 * @param bytes the body, or its beginning
 */
export function parseErrorBody(bytes: Buffer, contentType: string, scrub: Scrub): ErrorBody {
  const text = bytes.toString('utf8', 0, maxErrorBytes);
  const trimmed = (bytes.length < maxErrorBytes ? text : scrub(text).slice(0, -maxCutCharacters)).trim();
  if (trimmed === '') return emptyErrorBody;
  const document = trimmed.startsWith('{') ? tryParseJson(trimmed) : undefined;
  if (isRecord(document)) return parseErrorObject(document, scrub);
  // Truncated JSON, or not JSON at all, is shown as it is.
  if (isWebPage(trimmed, contentType)) {
    // A match attempt ends at the next tag: otherwise a page full of `<title` would take quadratic time.
    return { ...emptyErrorBody, reason: oneLine(/<title[^<>]*>([^<]*)/i.exec(trimmed)?.[1] ?? '', scrub) };
  }
  return { ...emptyErrorBody, reason: oneLine(trimmed, scrub) };
}

/** Whether the body is an HTML page, including XHTML with an XML declaration. */
export function isWebPage(text: string, contentType: string): boolean {
  return /html/i.test(contentType) || /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html[\s>])/i.test(text);
}

function parseErrorObject(body: Readonly<Record<string, unknown>>, scrub: Scrub): ErrorBody {
  const errors = Array.isArray(body['errors']) ? (body['errors'] as readonly unknown[]) : [];
  const listed = { ...emptyErrorBody, ...parseErrorList(errors, scrub) };
  const { error: code, error_description: description, ErrorMessage: ofOctopus } = body;
  const ofOauth = strings([code, description]).length === 2 ? strings([code, description]).join(': ') : undefined;
  const error = errors[0] ?? ofOctopus ?? ofOauth ?? code ?? body['message'];
  if (typeof error === 'string') return { ...listed, reason: oneLine(error, scrub) };
  if (!isRecord(error)) return listed;
  const detail = error['detail'];
  const scopes = isRecord(detail) ? detail : {};
  const fields = Object.entries(isRecord(error['fields']) ? error['fields'] : {}).flatMap(([field, problem]) => {
    const problems = strings([problem].flat());
    return problems.length > 0 ? [`${field}: ${problems.join(' ')}`] : [];
  });
  const parts = [error['code'], error['message'], typeof detail === 'string' ? detail : undefined, ...fields];
  return {
    ...listed,
    reason: oneLine(parts.filter((part) => typeof part === 'string' && part !== '').join(': '), scrub),
    requiredScopes: strings(scopes['required']),
    grantedScopes: strings(scopes['granted']),
  };
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
function parseErrorList(errors: readonly unknown[], scrub: Scrub): Pick<ErrorBody, 'codes' | 'details'> {
  const records = errors.filter(isRecord);
  return {
    codes: strings(records.map(({ code }) => code)).map(scrub),
    details: records
      .flatMap(({ message, detail }) => [message, detail])
      .filter((text) => text !== undefined && text !== null && text !== '')
      .map((text) => scrub(typeof text === 'string' ? text : JSON.stringify(text))),
  };
}

function oneLine(text: string, scrub: Scrub): string | undefined {
  // Colours would leave a remainder: `[31m`.
  const line = scrub(
    stripVTControlCharacters(text)
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .trim(),
  );
  if (line === '') return undefined;
  return line.length > maxReasonCharacters ? `${line.slice(0, maxReasonCharacters)}…` : line;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
