import { describe, expect, it } from '@jest/globals';
import {
  refusalOf,
  rejectionAdvice,
  scopesFor,
  type TokenKind,
  tokenKindOf,
  tokenKinds,
  type TokenUse,
} from '../../pipe/settings/token-kinds.ts';

it.each<[string, TokenKind]>([
  ['ATATT3xFfGF0abcdef=0123ABCD', 'api-token'],
  ['ATCTT3xFfGN0abcdef=0123ABCD', 'access-token'],
  ['ATBBabc', 'app-password'],
  ['atatt3x', 'other'],
  ['xATAT', 'other'],
  ['', 'other'],
])('%s is a token of kind %s', (token, kind) => {
  expect(tokenKindOf(token)).toBe(kind);
});

describe.each(Object.keys(tokenKinds) as TokenKind[])('for the kind %s', (kind) => {
  it.each<TokenUse>(['downloads', 'packages'])('Bitbucket either accepts or refuses all tokens, for %s', (use) => {
    const { scopes, refusals, name } = tokenKinds[kind];
    if (kind !== 'other') expect(scopes[use] === undefined).toBe(refusals[use] !== undefined);
    expect(refusalOf(kind, use)).toEqual(
      refusals[use] === undefined
        ? undefined
        : expect.stringContaining(`is ${name}, ${refusals[use]}. Use an API token`),
    );
    expect(scopesFor(kind, use)).toMatch(/repository|package:bitbucket/);
  });
});

it('names every kind of token that can be used instead', () => {
  expect(refusalOf('app-password', 'downloads')).toBe(
    "is an app password, and app passwords were switched off by Atlassian on 2026-07-28. Use an API token with the scopes write:repository:bitbucket and read:repository:bitbucket (the write scope does not include reading), as TOKEN with the account's email as USERNAME; or an access token with the scope repository:write, as TOKEN alone",
  );
  expect(refusalOf('access-token', 'packages')).toBe(
    "is an access token, which Packages do not accept. Use an API token with the scopes read:package:bitbucket and write:package:bitbucket, as TOKEN with the account's email as USERNAME; or set neither variable, to use the pipeline's own credentials",
  );
});

it('names the scopes of each accepted kind if the kind cannot be recognized', () => {
  expect(scopesFor('other', 'downloads')).toBe(
    'write:repository:bitbucket and read:repository:bitbucket (the write scope does not include reading) for an API token, or repository:write for an access token',
  );
  expect(scopesFor('other', 'packages')).toBe('read:package:bitbucket and write:package:bitbucket');
});

it('gives advice on a rejection only for kinds that can be recognized and are accepted', () => {
  expect(rejectionAdvice('api-token', 'packages')).toMatch(
    /^Check that USERNAME .*write:package:bitbucket: https:\S+\.$/,
  );
  expect(rejectionAdvice('access-token', 'downloads')).toMatch(
    /^The access token has expired .*scope repository:write/,
  );
  for (const kind of ['app-password', 'other'] as const) expect(rejectionAdvice(kind, 'downloads')).toBeUndefined();
  expect(rejectionAdvice('access-token', 'packages')).toBeUndefined();
});
