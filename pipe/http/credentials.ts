/** Credentials, each bound to the one origin that it was given for. */

export interface Credential {
  /** Scheme, host and port, as `URL.origin` has them. */
  readonly origin: string;
  /** The value of `Authorization`. */
  readonly authorization: string;
}

/** What a user signs in with, and how it is sent. */
export type Login =
  | { readonly scheme: 'Basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'Bearer'; readonly token: string };

/** The credential for the origin of this URL, and no other; none without a login. */
export function credentialsFor({ origin }: URL, login: Login | undefined): readonly Credential[] {
  if (login === undefined) return [];
  return login.scheme === 'Basic'
    ? [basicCredential(origin, login.username, login.password)]
    : [bearerCredential(origin, login.token)];
}

/** RFC 7617, with the UTF-8 that its section 2.1 allows. */
export function basicCredential(origin: string, username: string, password: string): Credential {
  return { origin, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** RFC 6750, section 2.1. */
export function bearerCredential(origin: string, token: string): Credential {
  return { origin, authorization: `Bearer ${token}` };
}

/** The value of `Authorization` for a request to `url`; undefined if none was given for its origin. */
export function authorizationFor(url: URL, credentials: readonly Credential[]): string | undefined {
  return credentials.find((credential) => credential.origin === url.origin)?.authorization;
}
