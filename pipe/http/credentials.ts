/** Credentials, each bound to the one origin that it was given for. */

export interface Credential {
  /** Scheme, host and port, as in `URL.origin`. */
  readonly origin: string;
  /** The value of `Authorization`. */
  readonly authorization: string;
}

/** The user's login, and the scheme that it is sent by. */
export type Login =
  | { readonly scheme: 'Basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'Bearer'; readonly token: string };

/** The login as a credential for the origin of this URL only; empty without a login. */
export function credentialsFor({ origin }: URL, login: Login | undefined): readonly Credential[] {
  if (login === undefined) return [];
  return login.scheme === 'Basic'
    ? [basicCredential(origin, login.username, login.password)]
    : [bearerCredential(origin, login.token)];
}

/** RFC 7617, encoded as UTF-8, as section 2.1 allows. */
export function basicCredential(origin: string, username: string, password: string): Credential {
  return { origin, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** RFC 6750, section 2.1. */
export function bearerCredential(origin: string, token: string): Credential {
  return { origin, authorization: `Bearer ${token}` };
}

/** The value of `Authorization` for a request to `url`; undefined if no credential belongs to its origin. */
export function authorizationFor(url: URL, credentials: readonly Credential[]): string | undefined {
  return credentials.find((credential) => credential.origin === url.origin)?.authorization;
}
