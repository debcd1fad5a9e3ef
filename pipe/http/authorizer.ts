/** Chooses the `Authorization` header of each request, and may replace it after a refusal. */

import { authorizationFor, type Credential } from './credentials.ts';

/** Chooses the `Authorization` header of each request (RFC 9110, 11.6.2). */
export interface Authorizer {
  /** The header's value for a request to `url`; undefined if no credential is sent to that origin. */
  headerFor(url: URL): Promise<string | undefined>;
  /**
   * Called after a refusal from `url` that may concern the credentials, with the header that was sent: a 401, 403 or 404,
   * or any other with a challenge.
   *
   * @param challenges the values of WWW-Authenticate
   * @returns whether `headerFor` now returns a different value, so that sending again may help
   */
  renew(url: URL, sent: string | undefined, challenges: readonly string[], status: number): Promise<boolean>;
}

/** Credentials that never change: a 401 is final. */
export function fixedAuthorizer(credentials: readonly Credential[]): Authorizer {
  return {
    headerFor: async (url) => await Promise.resolve(authorizationFor(url, credentials)),
    renew: async () => await Promise.resolve(false),
  };
}
