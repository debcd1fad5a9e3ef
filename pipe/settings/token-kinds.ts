/** The table of token kinds: how each is recognized, sent and described. Used for checks, advice and redaction. */

export type TokenKind = 'api-token' | 'access-token' | 'app-password' | 'other';
export type AuthScheme = 'Basic' | 'Bearer';
/** The uses that Bitbucket may accept a token for. */
export type TokenUse = 'downloads' | 'packages';

/** A kind of token. */
export interface TokenKindRow {
  /** The beginning of its tokens; undefined if they cannot be recognized. */
  readonly prefix: string | undefined;
  /** With an article. */
  readonly name: string;
  /** Undefined if USERNAME decides: Basic with it, Bearer without. */
  readonly scheme: AuthScheme | undefined;
  /** The scopes that Bitbucket requires, for each use that it accepts this kind for. */
  readonly scopes: Readonly<Partial<Record<TokenUse, string>>>;
  /** The reason for each use that Bitbucket does not accept this kind for. */
  readonly refusals: Readonly<Partial<Record<TokenUse, string>>>;
  /** What to do about a 401. */
  readonly afterRejection?: (scopes: string) => string;
}

const apiTokenPage = 'https://id.atlassian.com/manage-profile/security/api-tokens';
const switchedOff = 'and app passwords were switched off by Atlassian on 2026-07-28';

export const tokenKinds: Readonly<Record<TokenKind, TokenKindRow>> = {
  'api-token': {
    prefix: 'ATAT',
    name: 'an API token',
    scheme: 'Basic',
    scopes: {
      downloads: 'write:repository:bitbucket and read:repository:bitbucket (the write scope does not include reading)',
      packages: 'read:package:bitbucket and write:package:bitbucket',
    },
    refusals: {},
    afterRejection: (scopes) =>
      `Check that USERNAME is the email of the Atlassian account that made the API token (not a Bitbucket user name), that the token has not expired, and that it has the scopes ${scopes}: ${apiTokenPage}.`,
  },
  'access-token': {
    prefix: 'ATCT',
    name: 'an access token',
    scheme: 'Bearer',
    scopes: { downloads: 'repository:write' },
    refusals: { packages: 'which Packages do not accept' },
    afterRejection: (scopes) =>
      `The access token has expired or was revoked: create a new one with the scope ${scopes} (Repository settings > Access tokens) and store it as TOKEN.`,
  },
  'app-password': {
    prefix: 'ATBB',
    name: 'an app password',
    scheme: undefined,
    scopes: {},
    refusals: { downloads: switchedOff, packages: switchedOff },
  },
  other: { prefix: undefined, name: 'a token', scheme: undefined, scopes: {}, refusals: {} },
};

const rows = Object.entries(tokenKinds) as readonly (readonly [TokenKind, TokenKindRow])[];

/** The prefixes of all kinds that can be recognized. */
export const tokenPrefixes: readonly string[] = rows.flatMap(([, { prefix }]) => prefix ?? []);

/** The kind of a token, by its prefix. */
export function tokenKindOf(token: string): TokenKind {
  return rows.find(([, { prefix }]) => prefix !== undefined && token.startsWith(prefix))?.[0] ?? 'other';
}

/** The scopes that Bitbucket requires of this kind for the use, or, if it has none, those of each accepted kind. */
export function scopesFor(kind: TokenKind, use: TokenUse): string {
  const accepted = rows.filter(([, { scopes }]) => scopes[use] !== undefined);
  return (
    tokenKinds[kind].scopes[use] ??
    accepted
      .map(([, { name, scopes }]) => (accepted.length === 1 ? scopes[use] : `${scopes[use]} for ${name}`))
      .join(', or ')
  );
}

/** What to do about a 401 for a token that Bitbucket should accept for this use; undefined if the kind is no help. */
export function rejectionAdvice(kind: TokenKind, use: TokenUse): string | undefined {
  const { scopes, afterRejection } = tokenKinds[kind];
  return scopes[use] === undefined ? undefined : afterRejection?.(scopes[use]);
}

/** Why Bitbucket does not accept a token of this kind, and what to use instead; undefined if it may accept it. */
export function refusalOf(kind: TokenKind, use: TokenUse): string | undefined {
  const { name, refusals } = tokenKinds[kind];
  return refusals[use] === undefined ? undefined : `is ${name}, ${refusals[use]}. Use ${acceptedFor(use)}`;
}

function acceptedFor(use: TokenUse): string {
  const kinds = rows.flatMap(([, { name, scheme, scopes }]) => {
    const needed = scopes[use];
    if (needed === undefined) return [];
    const plural = needed.includes(' and ') ? 's' : '';
    return `${name} with the scope${plural} ${needed}, as TOKEN ${scheme === 'Basic' ? "with the account's email as USERNAME" : 'alone'}`;
  });
  return [
    ...kinds,
    ...(use === 'packages' ? ["set neither variable, to use the pipeline's own credentials"] : []),
  ].join('; or ');
}
