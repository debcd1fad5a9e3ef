/** Decides from the shape of a token how it is sent, and refuses what Bitbucket would refuse. */

import { basicCredential, bearerCredential, type Credential } from '../http/credentials.ts';
import { type Environment, readText } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import { requiredField } from '../toolkit/variable-table.ts';
import { appPasswordVariables } from './variables.ts';

/** By its first letters: `ATAT…` an API token, `ATCT…` an access token. */
export type TokenKind = 'api-token' | 'access-token' | 'other';
export type AuthScheme = 'Basic' | 'Bearer';

export interface CredentialSettings {
  readonly credential: Credential;
  readonly tokenKind: TokenKind;
  readonly scheme: AuthScheme;
}

const appPasswordAdvice =
  "app passwords were switched off by Atlassian on 2026-07-28. Use an API token with the scope write:repository:bitbucket (TOKEN, with the account's email as USERNAME), or a repository access token with the scope repository:write (TOKEN alone)";

export function tokenKindOf(token: string): TokenKind {
  return token.startsWith('ATAT') ? 'api-token' : token.startsWith('ATCT') ? 'access-token' : 'other';
}

/** The credential for `url`; undefined where there is a problem, or no URL to bind it to. */
export function readCredential(
  env: Environment,
  given: { readonly token: string | undefined; readonly username: string | undefined },
  url: URL | undefined,
  problems: Problems,
): CredentialSettings | undefined {
  const { token, username } = given.token === undefined ? readAppPassword(env, given.username, problems) : given;
  if (token === undefined) {
    if (!problems.has(appPasswordVariables.password)) problems.add('TOKEN', requiredField(env, 'TOKEN'));
    return undefined;
  }
  const tokenKind = tokenKindOf(token);
  if (token.startsWith('ATBB')) problems.add('TOKEN', `is an app password, and ${appPasswordAdvice}`);
  else checkToken(token, problems);
  if (tokenKind === 'api-token' && username === undefined) {
    problems.add(
      'USERNAME',
      'required field: TOKEN is an API token, and needs the email of the Atlassian account that owns it',
    );
  }
  if (username !== undefined) checkUsername(username, problems);
  if (url === undefined) return undefined;
  return tokenKind === 'access-token' || username === undefined
    ? { credential: bearerCredential(url.origin, token), tokenKind, scheme: 'Bearer' }
    : { credential: basicCredential(url.origin, username, token), tokenKind, scheme: 'Basic' };
}

/** Whether it can be a token at all, as it arrived here. */
export function checkToken(token: string, problems: Problems): void {
  if (!/^[\u0021-\u007E]+$/.test(token))
    problems.add('TOKEN', 'holds white space or characters that no token has: was it copied whole, and nothing else?');
  else if (/^(["']).*\1$/.test(token)) problems.add('TOKEN', 'is wrapped in quotation marks: store the token itself');
}

/** RFC 7617, section 2: a user name with a colon cannot be sent. */
export function checkUsername(username: string, problems: Problems): void {
  if (/[:\p{Cc}]/u.test(username)) problems.add('USERNAME', 'must not hold a colon or control characters');
}

/** Many put an API token where the app password was: that works. */
function readAppPassword(
  env: Environment,
  username: string | undefined,
  problems: Problems,
): { readonly token: string | undefined; readonly username: string | undefined } {
  const token = readText(env, appPasswordVariables.password);
  if (token === undefined) return { token, username };
  if (tokenKindOf(token) === 'other') {
    problems.add(appPasswordVariables.password, appPasswordAdvice);
    return { token: undefined, username };
  }
  return { token, username: username ?? readText(env, appPasswordVariables.username) };
}
