/** A registry's answers: the error body of distribution-spec 1.1, "Error Codes", and the default for each status. */
import { json, text, type Answer } from './answers.ts';

export function registryError(status: number, code: string, message: string, detail?: unknown): Answer {
  return registryErrors(status, [{ code, message, detail }]);
}

export function registryErrors(
  status: number,
  errors: readonly { readonly code: string; readonly message: string; readonly detail?: unknown }[],
): Answer {
  return json(status, { errors }, { 'docker-distribution-api-version': 'registry/2.0' });
}

const codes: Readonly<Record<number, readonly [code: string, message: string]>> = {
  401: ['UNAUTHORIZED', 'authentication required'],
  403: ['DENIED', 'requested access to the resource is denied'],
  404: ['NOT_FOUND', 'not found'],
  405: ['UNSUPPORTED', 'The operation is unsupported.'],
  411: ['SIZE_INVALID', 'Content-Length is required'],
  416: ['RANGE_INVALID', 'invalid content range'],
  429: ['TOOMANYREQUESTS', 'too many requests'],
};

/** The default answer for a status. HTML if a gateway answers instead of the registry. */
export function registryStandardAnswer(status: number): Answer {
  if (status < 400) return { status };
  if ([413, 502, 503, 504].includes(status)) {
    return text(status, `<html>\r\n<body><center><h1>${status}</h1></center></body>\r\n</html>\r\n`, 'text/html');
  }
  const [code, message] = codes[status] ?? ['UNKNOWN', 'unknown error'];
  return registryError(status, code, message);
}
