/** What to do if an npm registry refuses a request. */

import { VerificationError } from '../../errors.ts';
import { isConflict } from '../../http/read-back.ts';
import { saysVersionExists } from './refusals.ts';
import type { NpmSettings } from './settings.ts';
import {
  hasErrorCode,
  hasStatus,
  packagesCredentialsAdvice,
  packageScopes,
  type Row,
  type ServerFacts,
} from '../advice.ts';

/** What the advice depends on. */
export type NpmFacts = Pick<NpmSettings, 'registry' | 'account'> & Pick<ServerFacts, 'isBitbucket'>;

const expiredTokenAdvice =
  'npmjs.com answers 404 to a token that has expired, was revoked, or may not publish this package: create a new granular access token with permission to read and write it. Such tokens last 90 days at most.';

export const npmRows: readonly Row<NpmFacts>[] = [
  {
    when: (error) => (hasStatus(404)(error) || hasStatus(405)(error)) && error.refusal.url.includes('/-/stage'),
    advice: (_, { registry }) =>
      isNpmjs(registry)
        ? expiredTokenAdvice
        : `${registry.href} has no staging area, or the token cannot see it: leave --stage out of EXTRA_ARGS to publish right away.`,
  },
  {
    when: (error) => hasErrorCode('NAME_UNKNOWN')(error) || hasStatus(404)(error),
    advice: (_, { registry, isBitbucket }) =>
      isNpmjs(registry)
        ? expiredTokenAdvice
        : isBitbucket
          ? 'The package does not exist in this workspace, or the token cannot see it. On Bitbucket, an admin of the repository creates it once before it is first published: Create > Package. Its name is the one in package.json.'
          : `There is no npm registry that accepts packages at ${registry.href}, or the token cannot see it: check REGISTRY.`,
  },
  {
    when: (error) => hasStatus(409)(error) && error.refusal.isTransient === true,
    advice: () =>
      'The registry is still busy with this package, and does not have this version: run the step again after a while.',
  },
  {
    when: saysVersionExists,
    advice: () =>
      'A published version cannot be replaced: raise the version in package.json. To leave what is published as it is, give --skip-existing; the token must then be able to read.',
  },
  {
    when: isConflict,
    advice: () =>
      'Either this version is already published, and must be raised in package.json, or the registry is busy with another upload of this package: then run the step again.',
  },
  {
    when: (error) =>
      hasStatus(403)(error) &&
      error.refusal.requiredScopes.length === 0 &&
      /\bscope\b|namespace/i.test(error.refusal.reason),
    advice: (_, { registry }) =>
      `${registry.href} does not accept the scope of the package's name (@scope/name in package.json) from this account: it must be the workspace's scope, or that of the registry's owner.`,
  },
  {
    when: hasStatus(402),
    advice: () =>
      'The registry asks for payment to store a private package. A package with a scope is private on npmjs.com unless told otherwise: to publish it for everyone, give --access public.',
  },
  {
    when: asksForOneTimePassword,
    advice: () =>
      'The registry asks for a one-time password, which a pipeline cannot give: add --stage to EXTRA_ARGS, and approve the staged package with "npm stage approve"; or use a granular access token with "Bypass two-factor authentication", which npmjs.com takes for publishing until January 2027.',
  },
  { when: hasStatus(401), advice: (_, facts) => npmUnauthorizedAdvice(facts) },
  {
    when: hasStatus(403),
    advice: (_, { account, isBitbucket }) =>
      account === undefined
        ? 'The registry does not accept packages without credentials: set TOKEN, and USERNAME if the token needs one.'
        : isBitbucket
          ? `The token is valid, but may not publish this package. It needs the scopes ${packageScopes}, and its owner needs write access to the repository that the package belongs to; the pipeline's own token covers only the packages of its own repository.`
          : 'The token is valid, but may not publish this package: use a token with write permission, of an account that owns the package.',
  },
  {
    when: hasStatus(413),
    advice: () =>
      'The registry, or a proxy in front of it, refuses packages of this size: list what is needed under "files" in package.json, and leave out the rest.',
  },
  {
    when: hasStatus(429),
    advice: () =>
      'The registry limits the rate of requests. Wait, and run the step again: published packages stay published.',
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () =>
      'Look at what the registry has (npm view NAME): did something else publish at the same time? A version cannot be replaced: if it is wrong, raise it in package.json.',
  },
];

function isNpmjs({ hostname }: URL): boolean {
  return hostname === 'registry.npmjs.org' || hostname === 'registry.npmjs.com';
}

/** @see https://github.com/npm/npm-registry-fetch "check-response.js" */
function asksForOneTimePassword(error: unknown): boolean {
  if (!hasStatus(401)(error)) return false;
  const { challenges = [], reason } = error.refusal;
  return challenges.some((challenge) => /(?:^|,)\s*otp\s*(?:,|$)/i.test(challenge)) || /one-time pass/i.test(reason);
}

function npmUnauthorizedAdvice({ account, isBitbucket }: NpmFacts): string {
  if (account?.scheme === 'Bearer')
    return 'TOKEN was sent alone, as a bearer token, because USERNAME is not set: it has expired, was revoked, or belongs to another registry. If the registry expects a user name too, set USERNAME.';
  if (account === undefined)
    return 'The registry asks for credentials: set TOKEN, and USERNAME if the token needs one.';
  return account.tokenKind === 'api-token' || isBitbucket
    ? packagesCredentialsAdvice('registry', account.tokenKind)
    : 'The registry does not accept this USERNAME and TOKEN. If it accepts tokens without a user name, as npmjs.com and GitHub do, leave USERNAME out.';
}
