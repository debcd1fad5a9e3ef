/** Reads where the commits of a build can be read, and with which token. */

import type { Login } from '../../../http/credentials.ts';
import type { Values } from '../../../settings/common.ts';
import { readServerUrl } from '../../../settings/server-url.ts';
import { type TokenKind, tokenKindOf, tokenKinds } from '../../../settings/token-kinds.ts';
import { defaultApiUrl } from '../../../settings/variables.ts';
import { type Environment, readText } from '../../../toolkit/environment.ts';
import type { Problems } from '../../../toolkit/problems.ts';

/** The repository that a build is of, and the login that may read it. */
export interface CommitSource {
  /** The base URL of Bitbucket's REST API. */
  readonly apiUrl: URL;
  readonly workspace: string;
  readonly repository: string;
  readonly login: Login;
}

type TokenVariable = 'BITBUCKET_ACCESS_TOKEN' | 'ATLASSIAN_API_TOKEN';

/** The scopes that reading pipelines and commits takes, for each variable with a token. */
export const readingScopes: Readonly<Record<TokenVariable, string>> = {
  BITBUCKET_ACCESS_TOKEN: 'repository and pipeline',
  ATLASSIAN_API_TOKEN: 'read:repository:bitbucket and read:pipeline:bitbucket',
};

/** Undefined if no token is given, or outside of Pipelines, or if there is a problem, which is then added. */
export function readCommitSource(env: Environment, values: Values, problems: Problems): CommitSource | undefined {
  const login = readLogin(values, problems);
  const workspace = readText(env, 'BITBUCKET_WORKSPACE');
  const repository = readText(env, 'BITBUCKET_REPO_SLUG');
  if (login === undefined || workspace === undefined || repository === undefined) return undefined;
  const rules = { variable: 'API_URL', example: defaultApiUrl, path: 'without a slash' } as const;
  const apiUrl = readServerUrl(values.API_URL, rules, problems);
  return apiUrl === undefined ? undefined : { apiUrl, workspace, repository, login };
}

function readLogin(values: Values, problems: Problems): Login | undefined {
  const { BITBUCKET_ACCESS_TOKEN: accessToken, ATLASSIAN_API_TOKEN: apiToken, ATLASSIAN_ACCOUNT_EMAIL: email } = values;
  if (accessToken !== undefined && apiToken !== undefined)
    problems.add('BITBUCKET_ACCESS_TOKEN', 'contradicts ATLASSIAN_API_TOKEN: set only one of them');
  if (accessToken !== undefined) {
    checkToken('BITBUCKET_ACCESS_TOKEN', accessToken, 'access-token', problems);
    return { scheme: 'Bearer', token: accessToken };
  }
  if (apiToken === undefined) return undefined;
  checkToken('ATLASSIAN_API_TOKEN', apiToken, 'api-token', problems);
  if (email === undefined)
    problems.add('ATLASSIAN_ACCOUNT_EMAIL', 'required field, the email of the account that owns ATLASSIAN_API_TOKEN');
  else if (/[:\p{Cc}]/u.test(email))
    problems.add('ATLASSIAN_ACCOUNT_EMAIL', 'must not contain a colon or control characters');
  return { scheme: 'Basic', username: email ?? '', password: apiToken };
}

function checkToken(variable: TokenVariable, token: string, wanted: TokenKind, problems: Problems): void {
  const kind = tokenKindOf(token);
  if (kind !== wanted && kind !== 'other')
    problems.add(
      variable,
      `is ${tokenKinds[kind].name}: set ${tokenKinds[wanted].name} with the scopes ${readingScopes[variable]}`,
    );
  else if (!/^[\u0021-\u007E]+$/.test(token))
    problems.add(
      variable,
      'contains white space or characters that are not allowed in a token: copy the whole token, and nothing else',
    );
}
