/** Reads how a run signs in to an Octopus server. */

import { type Environment, readText } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { requiredField } from '../../toolkit/variable-table.ts';
import type { Values } from '../../settings/common.ts';
import type { GivenOptions } from '../../settings/options.ts';
import { tokenKindOf, tokenKinds } from '../../settings/token-kinds.ts';
import { oidcTokenVariable } from '../../settings/variables.ts';

/** How a run signs in: with an API key, an access token, or the step's own token, which is exchanged for one. */
export type OctopusAccount =
  | { readonly scheme: 'ApiKey'; readonly key: string }
  | { readonly scheme: 'Bearer'; readonly token: string; readonly tokenKind: 'other' }
  | { readonly scheme: 'OpenID Connect'; readonly serviceAccount: string; readonly idToken: string };

/** Undefined if there is a problem, which is then added. */
export function readOctopusAccount(
  env: Environment,
  { TOKEN }: Pick<Values, 'TOKEN'>,
  given: GivenOptions,
  problems: Problems,
): OctopusAccount | undefined {
  const serviceAccount = given.value('--service-account')?.trim();
  if (serviceAccount !== undefined) return readServiceAccount(env, serviceAccount, problems);
  if (TOKEN === undefined) {
    if (!problems.has('TOKEN')) problems.add('TOKEN', `${requiredField(env, 'TOKEN')}, or give --service-account`);
    return undefined;
  }
  const kind = tokenKindOf(TOKEN);
  // A token of Bitbucket is nobody else's business.
  if (kind !== 'other')
    problems.add(
      'TOKEN',
      `is ${tokenKinds[kind].name} of Bitbucket, which Octopus does not know: use an API key (API-…)`,
    );
  else if (!/^[\u0021-\u007E]+$/.test(TOKEN))
    problems.add(
      'TOKEN',
      'contains white space or characters that no API key has: copy the whole key, and nothing else',
    );
  else if (/^API-/i.test(TOKEN)) return { scheme: 'ApiKey', key: TOKEN };
  else return { scheme: 'Bearer', token: TOKEN, tokenKind: 'other' };
  return undefined;
}

function readServiceAccount(env: Environment, id: string, problems: Problems): OctopusAccount | undefined {
  const idToken = readText(env, oidcTokenVariable);
  if (idToken !== undefined && /^[\u0021-\u007E]+$/.test(idToken))
    return { scheme: 'OpenID Connect', serviceAccount: id, idToken };
  problems.add(
    oidcTokenVariable,
    idToken === undefined
      ? `is not set, and --service-account needs it: add "oidc: {audiences: [${id}]}" to the step`
      : 'is not a token: let Pipelines set it',
  );
  return undefined;
}
