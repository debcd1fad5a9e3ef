import { describe, expect, it } from '@jest/globals';
import { credentialsFor } from '../../pipe/http/credentials.ts';
import { readDownloadsAccount } from '../../pipe/settings/credential.ts';
import { readSettings } from '../../pipe/read-settings.ts';
import type { TokenKind } from '../../pipe/settings/token-kinds.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { Problems, ValidationError } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';

const origin = 'https://api.bitbucket.org';
const apiToken = 'ATATT3xFfGF0abcdef=0123ABCD';
const accessToken = 'ATCTT3xFfGN0abcdef=0123ABCD';
const email = 'dev@example.com';

interface Sent {
  readonly tokenKind: TokenKind;
  readonly authorization: string | undefined;
}

interface Given {
  readonly token?: string;
  readonly username?: string;
  readonly env?: Environment;
}

/** The login for Downloads, and the problems with it. */
function read({ token, username, env = {} }: Given): {
  account: Sent | undefined;
  problems: Readonly<Record<string, readonly string[]>>;
} {
  const problems = new Problems();
  const account = readDownloadsAccount(env, { TOKEN: token, USERNAME: username }, problems);
  const [credential] = credentialsFor(new URL(`${origin}/2.0`), account);
  return {
    account: account && { tokenKind: account.tokenKind, authorization: credential?.authorization },
    problems: problemMap(problems),
  };
}

const basic = (user: string, token: string): string => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;

describe('sends', () => {
  it.each<[string, Given, Sent]>([
    [
      'an API token with the email',
      { token: apiToken, username: email },
      { tokenKind: 'api-token', authorization: basic(email, apiToken) },
    ],
    [
      'an access token alone',
      { token: accessToken },
      { tokenKind: 'access-token', authorization: `Bearer ${accessToken}` },
    ],
    [
      'an access token alone, even with a user name',
      { token: accessToken, username: email },
      { tokenKind: 'access-token', authorization: `Bearer ${accessToken}` },
    ],
    ['any other token alone', { token: 'some-token' }, { tokenKind: 'other', authorization: 'Bearer some-token' }],
    [
      'any other token with a user name',
      { token: 'some-token', username: 'user' },
      { tokenKind: 'other', authorization: basic('user', 'some-token') },
    ],
    [
      'every printable character',
      { token: `!"#$%&'()*+,-./09:;<=>?@AZ[\\]^_\`az{|}~` },
      {
        tokenKind: 'other',

        authorization: `Bearer !"#$%&'()*+,-./09:;<=>?@AZ[\\]^_\`az{|}~`,
      },
    ],
    [
      'an API token in place of the app password, with its user name',
      { env: { BITBUCKET_APP_PASSWORD: apiToken, BITBUCKET_USERNAME: email } },
      { tokenKind: 'api-token', authorization: basic(email, apiToken) },
    ],
    [
      'an API token in place of the app password, with USERNAME rather than the old user name',
      { username: email, env: { BITBUCKET_APP_PASSWORD: apiToken, BITBUCKET_USERNAME: 'old-name' } },
      { tokenKind: 'api-token', authorization: basic(email, apiToken) },
    ],
    [
      'an access token in place of the app password',
      { env: { BITBUCKET_APP_PASSWORD: accessToken, BITBUCKET_USERNAME: 'user' } },
      { tokenKind: 'access-token', authorization: `Bearer ${accessToken}` },
    ],
    [
      'the token rather than a leftover app password',
      { token: accessToken, env: { BITBUCKET_APP_PASSWORD: 'old', BITBUCKET_USERNAME: 'user' } },
      { tokenKind: 'access-token', authorization: `Bearer ${accessToken}` },
    ],
  ])('%s', (_, given, expected) => {
    expect(read(given)).toEqual({ account: expected, problems: {} });
  });
});

describe('refuses', () => {
  const emailNeeded =
    'required field: TOKEN is an API token, which needs the email of the Atlassian account that owns it';
  const notAToken =
    'contains white space or characters that are not allowed in a token: copy the whole token, and nothing else';
  const quoted = 'is wrapped in quotation marks: store the token itself';
  const badUser = 'must not contain a colon or control characters';

  it.each<[string, Given, Readonly<Record<string, readonly string[]>>]>([
    ['no token', {}, { TOKEN: ['required field'] }],
    ['an empty token', { env: { TOKEN: '' } }, { TOKEN: ['required field (it is set, but empty)'] }],
    ['an API token without the email', { token: apiToken }, { USERNAME: [emailNeeded] }],
    [
      'an API token in place of the app password, without a user name',
      { env: { BITBUCKET_APP_PASSWORD: apiToken } },
      { USERNAME: [emailNeeded] },
    ],
    ['a token of two lines', { token: 'hunter22\nhunter22' }, { TOKEN: [notAToken] }],
    ['a token with a space', { token: 'Bearer hunter22' }, { TOKEN: [notAToken] }],
    ['a token with a character that a header cannot contain', { token: 'hunter22…' }, { TOKEN: [notAToken] }],
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
      'is an app password, and app passwords',
    ],
    [
      'as BITBUCKET_APP_PASSWORD, with the newer prefix',
      { env: { BITBUCKET_APP_PASSWORD: 'ATBBhunter22' } },
      'BITBUCKET_APP_PASSWORD',
      'is an app password, and app passwords',
    ],
  ])('an app password %s, with the date and the replacement', (_, given, variable, beginning) => {
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

  it('without ever quoting the token', () => {
    for (const token of ['hunter22 \n', '"hunter22"', 'ATATThunter22', 'ATBBhunter22', 'hunter22\0', '$hunter22-x'])
      for (const username of [undefined, 'a:b'])
        expect(JSON.stringify(read({ token, ...(username === undefined ? {} : { username }) }).problems)).not.toContain(
          'hunter22',
        );
  });
});

describe('a password for a registry that is not Bitbucket', () => {
  const registries: readonly [string, Environment][] = [
    ['image', { IMAGE: 'registry.example/team/app' }],
    ['npm', { TYPE: 'npm', FILENAME: 'x', REGISTRY: 'registry.example' }],
    ['maven', { TYPE: 'maven', FILENAME: 'x', REGISTRY: 'registry.example' }],
  ];
  const own: readonly [string, Environment][] = [
    ['file', { FILENAME: 'x', WORKSPACE: 'acme', REPOSITORY: 'app' }],
    ['image', { IMAGE: 'crg.apkg.io/acme/app' }],
    ['npm', { TYPE: 'npm', FILENAME: 'x', REGISTRY: 'npm.apkg.io/acme' }],
    ['maven', { TYPE: 'maven', FILENAME: 'x', REGISTRY: 'maven.apkg.io/acme' }],
  ];
  const passwords = ['correct horse battery', '"hunter22"', "'hunter22'", 'pässwörd…漢字🎉', 'a:b@c/d\\e%20'];

  async function problems(env: Environment): Promise<Readonly<Record<string, readonly string[]>>> {
    const error: unknown = await readSettings(env).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ValidationError);
    return problemMap((error as ValidationError).message.replace('Validation errors:\n', ''));
  }

  describe.each(registries)('for TYPE %s', (type, env) => {
    it.each(passwords)('may be %s', async (password) => {
      const settings = await readSettings({ ...env, USERNAME: 'ci', TOKEN: password });
      if (!('registry' in settings) || settings.type === 'octopus') throw new Error(settings.type);
      const [credential] = credentialsFor(settings.registry, settings.account);
      expect(credential).toEqual({ origin: 'https://registry.example', authorization: basic('ci', password) });
    });

    it('must not contain a line break', async () => {
      expect(await problems({ ...env, USERNAME: 'ci', TOKEN: 'hunter22\nhunter22' })).toEqual({
        TOKEN: ['must not contain control characters, such as line breaks'],
      });
    });

    it("must not contain a space if it has the prefix of Bitbucket's tokens", async () => {
      expect(await problems({ ...env, USERNAME: 'ci', TOKEN: `${apiToken} x` })).toEqual({
        TOKEN: [expect.stringMatching(/^contains white space/)],
      });
    });

    it('must not contain a space if it is sent alone', async () => {
      const expected =
        type === 'image'
          ? { USERNAME: ['required field: registries expect a user name with the token'] }
          : { TOKEN: [expect.stringMatching(/^contains white space/)] };
      expect(await problems({ ...env, TOKEN: 'correct horse' })).toEqual(expected);
    });
  });

  it.each(own)("does not apply to Bitbucket's own registries, for TYPE %s", async (_, env) => {
    for (const password of ['correct horse', '"hunter22"', 'pässword'])
      expect(Object.keys(await problems({ ...env, USERNAME: 'ci', TOKEN: password }))).toEqual(['TOKEN']);
  });
});
