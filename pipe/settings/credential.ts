/** Reads the account of a run, and chooses its authentication scheme by the kind of the token. */

import type { Login } from '../http/credentials.ts';
import { type Environment, readText } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import { requiredField } from '../toolkit/variable-table.ts';
import { refusalOf, type TokenKind, tokenKindOf, tokenKinds, type TokenUse } from './token-kinds.ts';
import { appPasswordVariables, packagesVariables } from './variables.ts';

/** The login of a run, and the kind of its token. */
export type Account = Login & { readonly tokenKind: TokenKind };

/** The values of TOKEN and USERNAME. */
export interface GivenAccount {
  readonly TOKEN: string | undefined;
  readonly USERNAME: string | undefined;
}

/** The account for Downloads; undefined if there is a problem with it, which is then added. */
export function readDownloadsAccount(env: Environment, given: GivenAccount, problems: Problems): Account | undefined {
  const { TOKEN, USERNAME } = given.TOKEN === undefined ? readAppPassword(env, given, problems) : given;
  if (TOKEN !== undefined) return readAccount(TOKEN, USERNAME, { use: 'downloads', allowsBearer: true }, problems);
  if (!problems.has(appPasswordVariables.password)) problems.add('TOKEN', requiredField(env, 'TOKEN'));
  return undefined;
}

/** The rules for the account of a package registry. */
export interface PackagesRules {
  /** Whether the registry is Bitbucket's: it accepts the pipeline's own account, but no token without a user name. */
  readonly isBitbucket: boolean;
  /** Whether other registries of this type accept a token without a user name. */
  readonly allowsBearer: boolean;
}

/** The account for a package registry; undefined if it is neither given nor needed, or there is a problem with it. */
export function readPackagesAccount(
  env: Environment,
  given: GivenAccount,
  { isBitbucket, allowsBearer }: PackagesRules,
  problems: Problems,
): Account | undefined {
  // The pipeline's own account is for Bitbucket: it is never sent to another registry.
  const { TOKEN, USERNAME } = isBitbucket && given.TOKEN === undefined ? readPipelineAccount(env, given) : given;
  if (TOKEN !== undefined) {
    const use = isBitbucket ? 'packages' : undefined;
    return readAccount(TOKEN, USERNAME, { use, allowsBearer: allowsBearer && !isBitbucket }, problems);
  }
  if (isBitbucket)
    problems.add('TOKEN', `${requiredField(env, 'TOKEN')}, because ${packagesVariables.token} is not set`);
  return undefined;
}

interface AccountRules {
  /** The use that Bitbucket must accept the token for; undefined for another server. */
  readonly use: TokenUse | undefined;
  readonly allowsBearer: boolean;
}

function readAccount(
  token: string,
  username: string | undefined,
  { use, allowsBearer }: AccountRules,
  problems: Problems,
): Account | undefined {
  if (username !== undefined) checkUsername(username, problems);
  const tokenKind = tokenKindOf(token);
  const refusal = use === undefined ? undefined : refusalOf(tokenKind, use);
  if (refusal !== undefined) {
    problems.add('TOKEN', refusal);
    return undefined;
  }
  const { prefix, name, scheme = username === undefined ? 'Bearer' : 'Basic' } = tokenKinds[tokenKind];
  if (scheme === 'Bearer' && allowsBearer) {
    checkToken(token, problems);
    return { tokenKind, scheme, token };
  }
  if (use !== undefined || prefix !== undefined) checkToken(token, problems);
  else checkPassword(token, problems);
  if (username !== undefined) return { tokenKind, scheme: 'Basic', username, password: token };
  problems.add(
    'USERNAME',
    scheme === 'Basic'
      ? `required field: TOKEN is ${name}, which needs the email of the Atlassian account that owns it`
      : 'required field: registries expect a user name with the token',
  );
  return undefined;
}

/** Whether the string can be a token. For Bearer, RFC 6750, section 2.1 allows fewer characters than servers do. */
function checkToken(token: string, problems: Problems): void {
  if (!/^[\u0021-\u007E]+$/.test(token))
    problems.add(
      'TOKEN',
      'contains white space or characters that are not allowed in a token: copy the whole token, and nothing else',
    );
  else if (/^(["']).*\1$/.test(token)) problems.add('TOKEN', 'is wrapped in quotation marks: store the token itself');
}

/** RFC 7617, section 2: a password may contain anything but control characters. */
function checkPassword(password: string, problems: Problems): void {
  if (/\p{Cc}/u.test(password)) problems.add('TOKEN', 'must not contain control characters, such as line breaks');
}

/** RFC 7617, section 2: a user name with a colon cannot be sent. */
function checkUsername(username: string, problems: Problems): void {
  if (/[:\p{Cc}]/u.test(username)) problems.add('USERNAME', 'must not contain a colon or control characters');
}

/** A token that Bitbucket accepts also works in the variable of the app password that it replaces. */
function readAppPassword(env: Environment, { USERNAME }: GivenAccount, problems: Problems): GivenAccount {
  const TOKEN = readText(env, appPasswordVariables.password);
  if (TOKEN === undefined) return { TOKEN, USERNAME };
  const kind = tokenKindOf(TOKEN);
  const refusal = refusalOf(kind === 'other' ? 'app-password' : kind, 'downloads');
  if (refusal === undefined) return { TOKEN, USERNAME: USERNAME ?? readText(env, appPasswordVariables.username) };
  problems.add(appPasswordVariables.password, refusal);
  return { TOKEN: undefined, USERNAME };
}

function readPipelineAccount(env: Environment, { USERNAME }: GivenAccount): GivenAccount {
  return {
    TOKEN: readText(env, packagesVariables.token),
    USERNAME: USERNAME ?? readText(env, packagesVariables.username),
  };
}
