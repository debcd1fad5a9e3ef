/** THE table of the kinds of token: how each is recognized, sent, and talked about. Checks, advice and redaction read it. */

export type TokenKind = 'api-token' | 'access-token' | 'app-password' | 'other';
export type AuthScheme = 'Basic' | 'Bearer';
/** What Bitbucket may accept a token for. */
export type TokenUse = 'downloads' | 'packages';

export interface TokenKindRow {
  /** What its tokens begin with; undefined for those that cannot be recognized. */
  readonly prefix: string | undefined;
  /** With its article. */
  readonly name: string;
  /** Undefined if USERNAME decides: Basic with it, Bearer without. */
  readonly scheme: AuthScheme | undefined;
  /** The scopes that Bitbucket asks for, for each use that it accepts the kind for. */
  readonly scopes: Readonly<Partial<Record<TokenUse, string>>>;
  /** Why Bitbucket does not accept it, for each use that it does not accept it for. */
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

/** The prefixes of all tokens that can be recognized. */
export const tokenPrefixes: readonly string[] = rows.flatMap(([, { prefix }]) => prefix ?? []);

/** The kind of a token, by what it begins with. */
export function tokenKindOf(token: string): TokenKind {
  return rows.find(([, { prefix }]) => prefix !== undefined && token.startsWith(prefix))?.[0] ?? 'other';
}

/** The scopes that Bitbucket asks a token of this kind for; if the kind has none for the use, those of each kind that has. */
export function scopesFor(kind: TokenKind, use: TokenUse): string {
  const accepted = rows.filter(([, { scopes }]) => scopes[use] !== undefined);
  return (
    tokenKinds[kind].scopes[use] ??
    accepted
      .map(([, { name, scopes }]) => (accepted.length === 1 ? scopes[use] : `${scopes[use]} for ${name}`))
      .join(', or ')
  );
}

/** What to do about a 401 to a token that Bitbucket accepts for this use; undefined if that cannot be known from the kind. */
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
  return [...kinds, ...(use === 'packages' ? ["neither of the two, for the pipeline's own"] : [])].join('; or ');
}
