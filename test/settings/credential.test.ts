import { describe, expect, it } from '@jest/globals';
import { type CredentialSettings, readCredential, tokenKindOf } from '../../pipe/settings/credential.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';

const origin = 'https://api.bitbucket.org';
const apiToken = 'ATATT3xFfGF0abcdef=0123ABCD';
const accessToken = 'ATCTT3xFfGN0abcdef=0123ABCD';
const email = 'dev@example.com';

interface Given {
  readonly token?: string;
  readonly username?: string;
  readonly env?: Environment;
}

function read({ token, username, env = {} }: Given): {
  settings: CredentialSettings | undefined;
  problems: Readonly<Record<string, readonly string[]>>;
} {
  const problems = new Problems();
  const settings = readCredential(env, { token, username }, new URL(`${origin}/2.0`), problems);
  return { settings, problems: problemMap(problems) };
}

const basic = (user: string, token: string): string => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;

describe('tokenKindOf', () => {
  it.each([
    [apiToken, 'api-token'],
    [accessToken, 'access-token'],
    ['ATBBabc', 'other'],
    ['atatt3x', 'other'],
    ['xATAT', 'other'],
    ['', 'other'],
  ])('%s is of the kind %s', (token, kind) => {
    expect(tokenKindOf(token)).toBe(kind);
  });
});

describe('sends', () => {
  it.each<[string, Given, Omit<CredentialSettings, 'credential'> & { authorization: string }]>([
    [
      'an API token with the email',
      { token: apiToken, username: email },
      { tokenKind: 'api-token', scheme: 'Basic', authorization: basic(email, apiToken) },
    ],
    [
      'an access token alone',
      { token: accessToken },
      { tokenKind: 'access-token', scheme: 'Bearer', authorization: `Bearer ${accessToken}` },
    ],
    [
      'an access token alone, though there is a user name',
      { token: accessToken, username: email },
      { tokenKind: 'access-token', scheme: 'Bearer', authorization: `Bearer ${accessToken}` },
    ],
    [
      'any other token alone',
      { token: 'some-token' },
      { tokenKind: 'other', scheme: 'Bearer', authorization: 'Bearer some-token' },
    ],
    [
      'any other token with its user name',
      { token: 'some-token', username: 'user' },
      { tokenKind: 'other', scheme: 'Basic', authorization: basic('user', 'some-token') },
    ],
    [
      'every printable character',
      { token: `!"#$%&'()*+,-./09:;<=>?@AZ[\\]^_\`az{|}~` },
      {
        tokenKind: 'other',
        scheme: 'Bearer',
        authorization: `Bearer !"#$%&'()*+,-./09:;<=>?@AZ[\\]^_\`az{|}~`,
      },
    ],
    [
      'an API token in the place of the app password, with its user name',
      { env: { BITBUCKET_APP_PASSWORD: apiToken, BITBUCKET_USERNAME: email } },
      { tokenKind: 'api-token', scheme: 'Basic', authorization: basic(email, apiToken) },
    ],
    [
      'an API token in the place of the app password, with our user name rather',
      { username: email, env: { BITBUCKET_APP_PASSWORD: apiToken, BITBUCKET_USERNAME: 'old-name' } },
      { tokenKind: 'api-token', scheme: 'Basic', authorization: basic(email, apiToken) },
    ],
    [
      'an access token in the place of the app password',
      { env: { BITBUCKET_APP_PASSWORD: accessToken, BITBUCKET_USERNAME: 'user' } },
      { tokenKind: 'access-token', scheme: 'Bearer', authorization: `Bearer ${accessToken}` },
    ],
    [
      'the token rather than an app password that was left behind',
      { token: accessToken, env: { BITBUCKET_APP_PASSWORD: 'old', BITBUCKET_USERNAME: 'user' } },
      { tokenKind: 'access-token', scheme: 'Bearer', authorization: `Bearer ${accessToken}` },
    ],
  ])('%s', (_, given, { authorization, ...expected }) => {
    expect(read(given)).toEqual({ settings: { ...expected, credential: { origin, authorization } }, problems: {} });
  });

  it('nothing where there is no address to send it to', () => {
    const problems = new Problems();
    expect(readCredential({}, { token: 'token', username: undefined }, undefined, problems)).toBeUndefined();
    expect(problems.isEmpty).toBe(true);
  });
});

describe('refuses', () => {
  const emailNeeded =
    'required field: TOKEN is an API token, and needs the email of the Atlassian account that owns it';
  const notAToken = 'holds white space or characters that no token has: was it copied whole, and nothing else?';
  const quoted = 'is wrapped in quotation marks: store the token itself';
  const badUser = 'must not hold a colon or control characters';

  it.each<[string, Given, Readonly<Record<string, readonly string[]>>]>([
    ['no token', {}, { TOKEN: ['required field'] }],
    ['an empty token', { env: { TOKEN: '' } }, { TOKEN: ['required field (it is set, but empty)'] }],
    ['an API token without the email', { token: apiToken }, { USERNAME: [emailNeeded] }],
    [
      'an API token in the place of the app password, without a user name',
      { env: { BITBUCKET_APP_PASSWORD: apiToken } },
      { USERNAME: [emailNeeded] },
    ],
    ['a token of two lines', { token: 'hunter22\nhunter22' }, { TOKEN: [notAToken] }],
    ['a token with a space', { token: 'Bearer hunter22' }, { TOKEN: [notAToken] }],
    ['a token with a character that no header takes', { token: 'hunter22…' }, { TOKEN: [notAToken] }],
    ['a token with a control character', { token: 'hunter22\u007F' }, { TOKEN: [notAToken] }],
    ['a token in double quotes', { token: '"hunter22"' }, { TOKEN: [quoted] }],
    ['a token in single quotes', { token: "'hunter22'" }, { TOKEN: [quoted] }],
    ['a user name with a colon', { token: 'hunter22', username: 'a:b' }, { USERNAME: [badUser] }],
    ['a user name of two lines', { token: apiToken, username: 'a\nb' }, { USERNAME: [badUser] }],
  ])('%s', (_, given, problems) => {
    expect(read(given).problems).toEqual(problems);
  });

  it.each<[string, Given, string, string]>([
    ['as TOKEN', { token: 'ATBBhunter22', username: 'user' }, 'TOKEN', 'is an app password, and app passwords'],
    [
      'as BITBUCKET_APP_PASSWORD',
      { env: { BITBUCKET_APP_PASSWORD: 'hunter22', BITBUCKET_USERNAME: 'user' } },
      'BITBUCKET_APP_PASSWORD',
      'app passwords',
    ],
    [
      'as BITBUCKET_APP_PASSWORD, of the newer shape',
      { env: { BITBUCKET_APP_PASSWORD: 'ATBBhunter22' } },
      'BITBUCKET_APP_PASSWORD',
      'app passwords',
    ],
  ])('an app password %s, and says since when and what instead', (_, given, variable, beginning) => {
    const { problems } = read(given);
    expect(Object.keys(problems)).toEqual([variable]);
    expect(problems[variable]).toHaveLength(1);
    const [problem = ''] = problems[variable] ?? [];
    expect(problem.startsWith(beginning)).toBe(true);
    expect(problem).toContain('switched off by Atlassian on 2026-07-28');
    for (const advice of ['API token', 'write:repository:bitbucket', 'access token', 'repository:write'])
      expect(problem).toContain(advice);
    expect(problem).not.toContain('hunter22');
  });

  it('without ever naming the token', () => {
    for (const token of ['hunter22 \n', '"hunter22"', 'ATATThunter22', 'ATBBhunter22', 'hunter22\0', '$hunter22-x'])
      for (const username of [undefined, 'a:b'])
        expect(JSON.stringify(read({ token, ...(username === undefined ? {} : { username }) }).problems)).not.toContain(
          'hunter22',
        );
  });
});
