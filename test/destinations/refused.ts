import { HttpError, type Refusal } from '../../pipe/errors.ts';

/** A server's refusal, with whatever matters to a test. */
export function refused(status: number, given: Partial<Refusal> = {}): HttpError {
  return new HttpError({
    method: 'PUT',
    url: 'https://server.example/x',
    status,
    reason: 'No',
    codes: [],
    details: [],
    requiredScopes: [],
    grantedScopes: [],
    ...given,
  });
}
