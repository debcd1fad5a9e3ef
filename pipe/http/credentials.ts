/** Credentials, each bound to the one origin that it was given for. */

export interface Credential {
  /** Scheme, host and port, as `URL.origin` has them. */
  readonly origin: string;
  /** The value of `Authorization`. */
  readonly authorization: string;
}

/** RFC 7617, with the UTF-8 that its section 2.1 allows. */
export function basicCredential(origin: string, username: string, password: string): Credential {
  return { origin, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** RFC 6750, section 2.1. */
export function bearerCredential(origin: string, token: string): Credential {
  return { origin, authorization: `Bearer ${token}` };
}

/** The value of `Authorization` for a request to `url`; undefined where none was given for its origin. */
export function authorizationFor(url: URL, credentials: readonly Credential[]): string | undefined {
  return credentials.find((credential) => credential.origin === url.origin)?.authorization;
}
