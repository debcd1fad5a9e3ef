/** Finds the server's own reason in an error's body, whichever of its shapes it has. */

import { isRecord, tryParseJson } from '../io/json.ts';
import type { Scrub } from '../toolkit/scrub.ts';

/** What an error's body says. */
export interface ErrorBody {
  readonly reason?: string | undefined;
  /** `errors[].code` of a registry's error document, in its order; empty without such a document. */
  readonly codes: readonly string[];
  /** Each message and detail of those errors, whole: a detail that is not a string as JSON. */
  readonly details: readonly string[];
  readonly requiredScopes: readonly string[];
  readonly grantedScopes: readonly string[];
}

/** An error's body is read up to here, which also limits its codes and details; what a person can use is in its first lines. */
export const maxErrorBytes = 64 * 1024;

const maxReasonCharacters = 500;

/** A body that is cut loses so much of its end: what the cut left of a secret is not recognised. */
const maxCutCharacters = 4 * 1024;

const none: ErrorBody = { codes: [], details: [], requiredScopes: [], grantedScopes: [] };

/**
 * Reads `{"type":"error","error":{"message","detail","fields"}}` (Bitbucket), `{"errors":[{"code","message"}]}` (registries),
 * `{"error":"…"}`, plain text; of a web page, only its title. Secrets are taken out before anything is cut.
 *
 * @param bytes the body, or what was read of it
 */
export function parseErrorBody(bytes: Buffer, contentType: string, scrub: Scrub): ErrorBody {
  const text = bytes.toString('utf8', 0, maxErrorBytes);
  const trimmed = (bytes.length < maxErrorBytes ? text : scrub(text).slice(0, -maxCutCharacters)).trim();
  if (trimmed === '') return none;
  const document = trimmed.startsWith('{') ? tryParseJson(trimmed) : undefined;
  if (isRecord(document)) return parseErrorObject(document, scrub);
  // Cut off, or not JSON after all: shown as it is.
  if (isWebPage(trimmed, contentType)) {
    // Each try ends at the next tag: a page that is full of beginnings would otherwise take quadratic time.
    return { ...none, reason: oneLine(/<title[^<>]*>([^<]*)/i.exec(trimmed)?.[1] ?? '', scrub) };
  }
  return { ...none, reason: oneLine(trimmed, scrub) };
}

/** Also one with an XML declaration, as XHTML has. */
export function isWebPage(text: string, contentType: string): boolean {
  return /html/i.test(contentType) || /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html[\s>])/i.test(text);
}

function parseErrorObject(body: Readonly<Record<string, unknown>>, scrub: Scrub): ErrorBody {
  const errors = Array.isArray(body['errors']) ? (body['errors'] as readonly unknown[]) : [];
  const listed = { ...none, ...parseErrorList(errors, scrub) };
  const error = errors[0] ?? body['error'] ?? body['message'];
  if (typeof error === 'string') return { ...listed, reason: oneLine(error, scrub) };
  if (!isRecord(error)) return listed;
  const detail = error['detail'];
  const scopes = isRecord(detail) ? detail : {};
  const fields = isRecord(error['fields'])
    ? Object.entries(error['fields']).map(([field, problem]) => `${field}: ${[problem].flat().join(' ')}`)
    : [];
  const parts = [error['code'], error['message'], typeof detail === 'string' ? detail : undefined, ...fields];
  return {
    ...listed,
    reason: oneLine(parts.filter((part) => typeof part === 'string' && part !== '').join(': '), scrub),
    requiredScopes: texts(scopes['required']),
    grantedScopes: texts(scopes['granted']),
  };
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
function parseErrorList(errors: readonly unknown[], scrub: Scrub): Pick<ErrorBody, 'codes' | 'details'> {
  const records = errors.filter(isRecord);
  return {
    codes: texts(records.map(({ code }) => code)).map(scrub),
    details: records
      .flatMap(({ message, detail }) => [message, detail])
      .filter((text) => text !== undefined && text !== null && text !== '')
      .map((text) => scrub(typeof text === 'string' ? text : JSON.stringify(text))),
  };
}

function oneLine(text: string, scrub: Scrub): string | undefined {
  const line = scrub(text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim());
  if (line === '') return undefined;
  return line.length > maxReasonCharacters ? `${line.slice(0, maxReasonCharacters)}…` : line;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
