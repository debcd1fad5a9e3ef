/** What to do if Downloads refuses a request. */

import type { HttpError } from '../../errors.ts';
import type { FileSettings } from './settings.ts';
import { rejectionAdvice, scopesFor } from '../../settings/token-kinds.ts';
import { hasStatus, isRedirect, type Row, type ServerFacts } from '../advice.ts';

/** What the advice depends on. */
export type FileFacts = Pick<FileSettings, 'workspace' | 'repository' | 'account'> & Pick<ServerFacts, 'isBitbucket'>;

export const fileRows: readonly Row<FileFacts>[] = [
  { when: hasStatus(401), advice: (_, facts) => unauthorizedAdvice(facts) },
  { when: (error) => hasStatus(403)(error) && error.refusal.requiredScopes.length > 0, advice: missingScopesAdvice },
  {
    when: (error) => hasStatus(403)(error) && error.refusal.method === 'DELETE',
    advice: () =>
      'Everything is published, but the token may not delete downloads: let it, or leave --keep out. The old downloads stay.',
  },
  {
    when: hasStatus(403),
    advice: (_, { workspace, repository, account }) =>
      `TOKEN is valid, but may not write to ${workspace}/${repository}. Its owner needs write access there, and the token needs the scopes ${scopesFor(account.tokenKind, 'downloads')}.`,
  },
  {
    when: hasStatus(404),
    advice: (_, { workspace, repository }) =>
      `The repository ${workspace}/${repository} does not exist, or the token cannot see it: check WORKSPACE and REPOSITORY, and that an access token belongs to this repository, its project or its workspace.`,
  },
  {
    when: hasStatus(413),
    advice: (_, { isBitbucket }) =>
      isBitbucket
        ? 'The file is larger than Downloads accepts (about 2 GB). Split it, compress it, or publish it as a package.'
        : 'The server at API_URL, or a gateway in front of it, refuses files of this size: have its limit raised, or split or compress the file.',
  },
  {
    when: hasStatus(429),
    advice: (_, { isBitbucket }) =>
      isBitbucket
        ? 'Bitbucket allows about 1,000 requests an hour for each user. Wait, run fewer pipelines at a time with one token, or put many small files into one archive.'
        : 'The server at API_URL limits the rate of requests. Wait, and run the step again.',
  },
  {
    when: (error) => hasStatus(405)(error) || hasStatus(406)(error),
    advice: () =>
      "The server at API_URL does not accept uploads: it must be the base URL of Bitbucket's REST API, version 2.0.",
  },
  {
    when: isRedirect,
    advice: (error: HttpError) =>
      `The server reports that the address has moved to ${error.refusal.location}: change API_URL, WORKSPACE and REPOSITORY accordingly.`,
  },
];

function unauthorizedAdvice({ account: { tokenKind, scheme } }: FileFacts): string {
  return (
    rejectionAdvice(tokenKind, 'downloads') ??
    (scheme === 'Bearer'
      ? 'TOKEN was sent as an access token, because USERNAME is not set. If it is an API token, set USERNAME to the email of its Atlassian account; otherwise it has expired or was revoked.'
      : 'TOKEN was sent with USERNAME. If it is an access token, leave USERNAME out; if it is an API token, check that USERNAME is the email of its account and that the token has not expired.')
  );
}

function missingScopesAdvice(error: HttpError, { account }: FileFacts): string {
  const { requiredScopes, grantedScopes } = error.refusal;
  const granted = grantedScopes.length === 0 ? '' : `; it has ${grantedScopes.join(', ')}`;
  return `The token lacks the scope ${requiredScopes.filter((scope) => !grantedScopes.includes(scope)).join(', ') || requiredScopes.join(', ')}${granted}. Scopes cannot be added later: create a token with ${scopesFor(account.tokenKind, 'downloads')}, and store it as TOKEN.`;
}
