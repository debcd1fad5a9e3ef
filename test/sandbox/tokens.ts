/** Fake credentials of every kind, as long and unusual as real ones, and their permissions. */

export interface SandboxTokens {
  /** The account that owns the API tokens. */
  readonly apiUser: string;
  /** API token: HTTP Basic with `apiUser` only; reads and writes, and reads pipelines. */
  readonly apiToken: string;
  /** Access token: Bearer only; reads and writes, and reads pipelines. */
  readonly accessToken: string;
  /** Access token without the scopes to write, and to read pipelines. */
  readonly readOnlyAccessToken: string;
  /** API token that can write but not read: for API tokens, one scope does not imply the other. */
  readonly writeOnlyApiToken: string;
  readonly expiredToken: string;
  /** Valid access token of a workspace without access to the repository. */
  readonly otherWorkspaceToken: string;
  /** A token of neither kind, by its prefix: Bearer, and Basic with any user name; reads and writes. */
  readonly plainToken: string;
  /** With `packagesToken`, the pair that Pipelines gives to every step for the packages of its repository. */
  readonly packagesUser: string;
  readonly packagesToken: string;
  /** API token of `apiUser` that reads packages, but does not write them. `writeOnlyApiToken` does neither. */
  readonly readOnlyPackagesToken: string;
  /** API key of the Octopus server: may do everything. */
  readonly octopusKey: string;
  /** API key that adds packages, but does not replace them. */
  readonly octopusPushKey: string;
  /** API key that only reads. */
  readonly octopusReadKey: string;
  /** The step's own token, for `serviceAccount`. */
  readonly stepToken: string;
  /** The ID of the Octopus service account that accepts `stepToken`. */
  readonly serviceAccount: string;
}

export const tokens: SandboxTokens = {
  apiUser: 'dev@acme.example',
  apiToken:
    'ATATT3xFfGF0Sandbox-Wq7vN2eKp_81hRzXc4TbYm-L0sUaJd9iVoGf6PtHn5Ek3CrBx_yMwQlZ-AuS2jDgI8vKe7TpRo4NhXf1bLc-9YmUzWa0JsVd=5A1DB0C5',
  accessToken:
    'ATCTT3xFfGN0Sandbox_Jd8-sXk2RvLq9ZtPm4YwHb7NcFe1UoGa-6TiVx3KzQj_5DrSyEl0WnBfMuCp8hAg-I2vJtXk7RqLw4ZsNd_e9YbHoP=B41C7F2E',
  readOnlyAccessToken:
    'ATCTT3xFfGN0ReadOnly-3mZqXw7Kt_Lr5NvYb2HcPd9JsFg-1UoEa6TiVx8Rk4Qj_0DySlWnBfMuCp-hAgI2vJtXz7RqLw5ZsNe_d9YbHoPk=0D93EA61',
  writeOnlyApiToken:
    'ATATT3xFfGF0WriteOnly_8KvRz-Lq2XwTb6NcYm4HdPs9JfFg1Uo-Ea7TiVx3Rk5Qj_0DySlWnBfMuCp-hAgI2vJtXz6RqLw8ZsNe_d4YbHoPk=7FA2B318',
  expiredToken:
    'ATCTT3xFfGN0Expired_P5tXw-Lq7KvRz2Tb9NcYm1HdJs4FgUo-Ea3TiVx6Rk8Qj_0DySlWnBfMuCp-hAgI5vJtXz2RqLw7ZsNe_d1YbHoPk=C60E54A9',
  otherWorkspaceToken:
    'ATCTT3xFfGN0Elsewhere-9RkQj2DySl_WnBfMu5CpHhAgI7vJtXz-RqLw1ZsNe4d_YbHoPk8KvTz3Tb-NcYm6HdJsFgUoEa0TiVx_Pq5XwLr7=1E8D06BB',
  plainToken: 'sandbox~plain/token+with.odd_characters-4f0c2b7e9a==',
  packagesUser: 'x-packages-acme-app',
  packagesToken: 'eyJhbGciOiJIUzI1NiJ9.U2FuZGJveC1QYWNrYWdlcy1hY21lL2FwcA.p7Kq-2vN_eXw8RzTb4YmLs0UaJd9iVoGf6PtHn5Ek3C',
  readOnlyPackagesToken:
    'ATATT3xFfGF0ReadPackages_5TqLx-Kw8RzVb2NcYm7HdPs4JfFg1Uo-Ea9TiVx6Rk3Qj_0DySlWnBfMuCp-hAgI8vJtXz5RqLw2ZsNe_d7YbHoPk=3C90D1AF',
  octopusKey: 'API-SANDBOXW7QVN2EKP81HRZXC4TBYML0SU',
  octopusPushKey: 'API-PUSHONLYJD8SXK2RVLQ9ZTPM4YWHB7NC',
  octopusReadKey: 'API-READONLY3MZQXW7KTLR5NVYB2HCPD9JS',
  stepToken:
    'eyJhbGciOiJSUzI1NiIsImtpZCI6InNhbmRib3gifQ.eyJzdWIiOiJ7YWNtZS1hcHB9Ontjb21waWxlfSIsImF1ZCI6InNhbmRib3gifQ.Kq7-2vN_eXw8RzTb4YmLs0UaJd9iVoGf6PtHn5Ek3Cp',
  serviceAccount: '4d1ae6a2-31b5-4d8a-9c5e-7f0c2b7e9a11',
};

export type Access = 'read' | 'write' | 'pipelines';

export interface Identity {
  /** The scopes' names, which differ between the two kinds of token. */
  readonly scopes: readonly string[];
  readonly scopeNames: Readonly<Record<Access, string>>;
  readonly seesRepository: boolean;
}

/** `anonymous`: no header. `malformed`: a header that no correct client sends. `invalid`: answered with 401. */
export type Authentication = Identity | 'anonymous' | 'invalid' | 'malformed';

const apiScopes = {
  read: 'read:repository:bitbucket',
  write: 'write:repository:bitbucket',
  pipelines: 'read:pipeline:bitbucket',
} as const;
const accessScopes = { read: 'repository', write: 'repository:write', pipelines: 'pipeline' } as const;

const writeApi: Identity = { scopes: Object.values(apiScopes), scopeNames: apiScopes, seesRepository: true };
const writeAccess: Identity = {
  // `repository:write` implies `repository`; API tokens have no such rule.
  scopes: [accessScopes.write, accessScopes.read, accessScopes.pipelines],
  scopeNames: accessScopes,
  seesRepository: true,
};

const basicIdentities = new Map<string, Identity>([
  [tokens.apiToken, writeApi],
  [tokens.writeOnlyApiToken, { ...writeApi, scopes: [apiScopes.write] }],
]);
const bearerIdentities = new Map<string, Identity>([
  [tokens.accessToken, writeAccess],
  [tokens.readOnlyAccessToken, { ...writeAccess, scopes: [accessScopes.read] }],
  [tokens.otherWorkspaceToken, { ...writeAccess, seesRepository: false }],
  [tokens.plainToken, writeAccess],
]);

/**
 * RFC 7617 (Basic) and RFC 6750 (Bearer); the scheme is case-insensitive (RFC 9110, section 11.1). Real tokens have
 * an equals sign in the middle, which RFC 6750 does not allow.
 */
export function authenticate(authorization: string | undefined): Authentication {
  if (authorization === undefined) return 'anonymous';
  const [, scheme, credentials] = /^(basic|bearer) ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization) ?? [];
  if (scheme === undefined || credentials === undefined) return 'malformed';
  if (scheme.toLowerCase() === 'bearer') return bearerIdentities.get(credentials) ?? 'invalid';
  const pair = parseBasic(credentials);
  if (pair === undefined) return 'malformed';
  if (pair.token === tokens.plainToken && pair.user !== '') return writeAccess;
  return pair.user === tokens.apiUser ? (basicIdentities.get(pair.token) ?? 'invalid') : 'invalid';
}

export interface PackagesIdentity {
  readonly scopes: readonly string[];
  /** If false, only the packages of the pipeline's repository. */
  readonly coversWorkspace: boolean;
}

export const packageScopes = { read: 'read:package:bitbucket', write: 'write:package:bitbucket' } as const;

const allPackages: PackagesIdentity = { scopes: Object.values(packageScopes), coversWorkspace: true };

const packagesIdentities = new Map<string, PackagesIdentity>([
  [`${tokens.apiUser}:${tokens.apiToken}`, allPackages],
  [`${tokens.apiUser}:${tokens.readOnlyPackagesToken}`, { ...allPackages, scopes: [packageScopes.read] }],
  [`${tokens.apiUser}:${tokens.writeOnlyApiToken}`, { ...allPackages, scopes: [] }],
  [`${tokens.packagesUser}:${tokens.packagesToken}`, { ...allPackages, coversWorkspace: false }],
]);

/** Bitbucket Packages accept only HTTP Basic, and no access tokens. */
export function authenticateForPackages(
  authorization: string | undefined,
): PackagesIdentity | 'anonymous' | 'invalid' | 'malformed' {
  if (authorization === undefined) return 'anonymous';
  const [, scheme, credentials] = /^(basic|bearer) ([A-Za-z0-9._~+/=-]+)$/i.exec(authorization) ?? [];
  if (scheme === undefined || credentials === undefined) return 'malformed';
  if (scheme.toLowerCase() === 'bearer') return 'invalid';
  const pair = parseBasic(credentials);
  if (pair === undefined) return 'malformed';
  if (pair.token === tokens.plainToken && pair.user !== '') return allPackages;
  return packagesIdentities.get(`${pair.user}:${pair.token}`) ?? 'invalid';
}

function parseBasic(credentials: string): { user: string; token: string } | undefined {
  const decoded = Buffer.from(credentials, 'base64').toString();
  const colon = decoded.indexOf(':');
  if (colon < 0 || Buffer.from(decoded).toString('base64') !== credentials) return undefined;
  return { user: decoded.slice(0, colon), token: decoded.slice(colon + 1) };
}
