/** Who may say what goes into `Authorization`, and gets another say after a 401. */

import { authorizationFor, type Credential } from './credentials.ts';

/** Decides, for each request, what it says in `Authorization` (RFC 9110, 11.6.2). */
export interface Authorizer {
  /** The value for a request to `url`; undefined where that origin gets none. */
  headerFor(url: URL): Promise<string | undefined>;
  /**
   * Told of a 401 from `url`, and of the header that it answered.
   *
   * @returns whether `headerFor` now gives another one, so that sending again may help
   */
  renew(url: URL, sent: string | undefined, challenges: readonly string[]): Promise<boolean>;
}

/** Credentials that are what they are: a 401 is final. */
export function fixedAuthorizer(credentials: readonly Credential[]): Authorizer {
  return {
    headerFor: async (url) => await Promise.resolve(authorizationFor(url, credentials)),
    renew: async () => await Promise.resolve(false),
  };
}
