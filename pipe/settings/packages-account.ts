/** Whose name a package is published under: the given credentials, or the pipeline's own. */

import { checkToken, checkUsername, type TokenKind, tokenKindOf } from './credential.ts';
import { basicCredential, bearerCredential, type Credential } from '../http/credentials.ts';
import { type Environment, readText } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import { requiredField } from '../toolkit/variable-table.ts';
import { packagesVariables } from './variables.ts';

/** For HTTP Basic. */
export interface PackagesAccount {
  readonly username: string;
  readonly password: string;
}

export interface AccountSettings {
  /** Undefined where the registry asks for nobody, and where there is a problem. */
  readonly account: PackagesAccount | undefined;
  /** A token that is sent by itself, as Bearer, where the registry takes such. */
  readonly bearer?: string | undefined;
  readonly tokenKind: TokenKind;
}

const advice =
  "Use an API token with the scopes read:package:bitbucket and write:package:bitbucket, and its email as USERNAME; or leave both out, for the pipeline's own";

/**
 * @param isBitbucket whether the registry is Bitbucket's, which takes no access tokens, and the pipeline's own pair
 * @param takesBearer whether other registries take a token without a user name
 */
export function readPackagesAccount(
  env: Environment,
  given: { readonly token: string | undefined; readonly username: string | undefined },
  isBitbucket: boolean,
  problems: Problems,
  { takesBearer }: { readonly takesBearer: boolean } = { takesBearer: false },
): AccountSettings {
  // The pipeline's own pair is Bitbucket's: no other registry gets to see it.
  const password = given.token ?? (isBitbucket ? readText(env, packagesVariables.token) : undefined);
  const username =
    given.username ??
    (isBitbucket && given.token === undefined ? readText(env, packagesVariables.username) : undefined);
  const tokenKind = tokenKindOf(password ?? '');
  if (password === undefined) {
    if (isBitbucket)
      problems.add('TOKEN', `${requiredField(env, 'TOKEN')}, where ${packagesVariables.token} is not set`);
    return { account: undefined, tokenKind };
  }
  if (isBitbucket && tokenKind === 'access-token')
    problems.add('TOKEN', `is an access token, which Packages do not take. ${advice}`);
  if (isBitbucket && password.startsWith('ATBB'))
    problems.add('TOKEN', `is an app password, and app passwords were switched off by Atlassian. ${advice}`);
  checkToken(password, problems);
  const isBearer = tokenKind === 'access-token' || (tokenKind === 'other' && username === undefined);
  if (takesBearer && !isBitbucket && isBearer) return { account: undefined, bearer: password, tokenKind };
  if (username === undefined) {
    problems.add(
      'USERNAME',
      tokenKind === 'api-token'
        ? 'required field: TOKEN is an API token, and needs the email of the Atlassian account that owns it'
        : 'required field: registries take a user name with the token',
    );
    return { account: undefined, tokenKind };
  }
  checkUsername(username, problems);
  return { account: { username, password }, tokenKind };
}

/** For the registry's origin and no other; undefined where it asks for nobody. */
export function packagesCredential({ origin }: URL, { account, bearer }: AccountSettings): Credential | undefined {
  if (account !== undefined) return basicCredential(origin, account.username, account.password);
  return bearer === undefined ? undefined : bearerCredential(origin, bearer);
}
