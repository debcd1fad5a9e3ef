/** Finds the server's own reason in an error's body, whichever of its shapes it has. */

/** What an error's body says. */
export interface ErrorBody {
  readonly reason?: string | undefined;
  readonly requiredScopes: readonly string[];
  readonly grantedScopes: readonly string[];
}

/** An error's body is read up to here; what a person can use is in its first lines. */
export const maxErrorBytes = 64 * 1024;

const maxReasonCharacters = 500;

/**
 * Reads `{"type":"error","error":{"message","detail","fields"}}` (Bitbucket), `{"errors":[{"code","message"}]}` (registries),
 * `{"error":"…"}`, plain text; of a web page, only its title.
 */
export function parseErrorBody(text: string, contentType: string): ErrorBody {
  const none = { requiredScopes: [], grantedScopes: [] };
  const trimmed = text.trim();
  if (trimmed === '') return none;
  if (trimmed.startsWith('{')) {
    try {
      return parseErrorObject(JSON.parse(trimmed) as Readonly<Record<string, unknown>>);
    } catch {
      // Cut off, or no JSON after all: shown as it is.
    }
  }
  if (isWebPage(trimmed, contentType)) {
    return { ...none, reason: oneLine(/<title[^>]*>([^<]*)/i.exec(trimmed)?.[1] ?? '') };
  }
  return { ...none, reason: oneLine(trimmed) };
}

/** Also one with an XML declaration, as XHTML has. */
export function isWebPage(text: string, contentType: string): boolean {
  return /html/i.test(contentType) || /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html[\s>])/i.test(text);
}

function parseErrorObject(body: Readonly<Record<string, unknown>>): ErrorBody {
  const first = Array.isArray(body['errors']) ? (body['errors'] as readonly unknown[])[0] : undefined;
  const error = first ?? body['error'] ?? body['message'];
  if (typeof error === 'string') return { reason: oneLine(error), requiredScopes: [], grantedScopes: [] };
  if (!isRecord(error)) return { requiredScopes: [], grantedScopes: [] };
  const detail = error['detail'];
  const scopes = isRecord(detail) ? detail : {};
  const fields = isRecord(error['fields'])
    ? Object.entries(error['fields']).map(([field, problem]) => `${field}: ${[problem].flat().join(' ')}`)
    : [];
  const parts = [error['code'], error['message'], typeof detail === 'string' ? detail : undefined, ...fields];
  return {
    reason: oneLine(parts.filter((part) => typeof part === 'string' && part !== '').join(': ')),
    requiredScopes: texts(scopes['required']),
    grantedScopes: texts(scopes['granted']),
  };
}

function oneLine(text: string): string | undefined {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  if (line === '') return undefined;
  return line.length > maxReasonCharacters ? `${line.slice(0, maxReasonCharacters)}…` : line;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
