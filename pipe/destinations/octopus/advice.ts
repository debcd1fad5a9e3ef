/** What to do if an Octopus server refuses a request. */

import { HttpError, VerificationError } from '../../errors.ts';
import { hasStatus, isRefused, type Row, type ServerFacts } from '../advice.ts';
import type { OctopusSettings } from './settings.ts';
import { isSignInFailure } from './sign-in.ts';

/** What the advice depends on. */
export type OctopusFacts = Pick<OctopusSettings, 'account' | 'registry' | 'space' | 'overwrites'> & ServerFacts;

export const octopusRows: readonly Row<OctopusFacts>[] = [
  {
    when: (error) => isSignInFailure(error) && error.refusal.status < 500,
    advice: () =>
      "The server did not exchange the step's token. In Octopus, check the service account's ID, and that it has an OpenID Connect identity with this workspace's issuer (https://api.bitbucket.org/2.0/workspaces/WORKSPACE/pipelines-config/identity/oidc) and a subject that matches this repository. In the step, the audience under oidc must be that ID.",
  },
  {
    when: hasStatus(401),
    advice: (_, { account }) =>
      account?.scheme === 'ApiKey'
        ? 'The API key has expired, was revoked, or belongs to another server: create a new one (your profile > My API Keys, or that of a service account), and store it as TOKEN.'
        : account?.scheme === 'Bearer'
          ? 'TOKEN was sent as an access token, because it does not begin with API-: it has expired, or it should be an API key.'
          : 'The server does not accept the access token that it has just issued: check that its clock is right.',
  },
  {
    when: (error) => isRefused(error, /BuiltInFeedAdminister|BuildInformationAdminister/i),
    advice: () =>
      'The account may add packages, but not replace them: give it the permissions BuiltInFeedAdminister and BuildInformationAdminister, or leave --overwrite out and raise the version.',
  },
  {
    when: hasStatus(403),
    advice: ({ refusal }: HttpError, { space }) =>
      `The account needs the permission ${refusal.subject?.endsWith('build information') === true ? 'BuildInformationPush (or give --no-build-information)' : 'BuiltInFeedPush (with --overwrite, BuiltInFeedAdminister too)'} in ${space === undefined ? 'the default space' : `the space ${space}`}: add it to a team with a role that has it, such as Package Publisher.`,
  },
  {
    when: hasStatus(404),
    advice: (_, { space }) =>
      `There is no Octopus server at REGISTRY, or ${space === undefined ? 'it has no default space: give --space' : 'this account may not see the space'}. REGISTRY is the address of the web portal, such as https://acme.octopus.app/.`,
  },
  {
    when: hasStatus(409),
    advice: () => 'The server has this version already: raise the version, or give --overwrite to replace it.',
  },
  {
    when: hasStatus(413),
    advice: () =>
      'The server, or a proxy in front of it, refuses packages of this size: have its limit raised, or leave out what need not be deployed.',
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () =>
      'The server may be out of storage: an instance at its limit stores only a part of a package (Configuration > License shows it). Make room, then run the step again with --overwrite.',
  },
  {
    when: (error) => error instanceof HttpError && error.refusal.status === 400,
    advice: () =>
      'The package is named ID.VERSION.EXTENSION: check that the ID has at most 100 characters, and that the file is not empty.',
  },
];
