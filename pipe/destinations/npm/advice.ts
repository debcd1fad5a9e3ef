/** What to do about what npm registries say. */

import { VerificationError } from '../../errors.ts';
import type { NpmSettings } from './settings.ts';
import { isBitbucketPackages } from '../../settings/registry-url.ts';
import { hasStatus, isRefused, packagesCredentialsAdvice, packageScopes, type Row } from '../advice.ts';

/** What the advice depends on. */
export type NpmFacts = Pick<NpmSettings, 'registry' | 'account' | 'bearer' | 'tokenKind'>;

export const npmRows: readonly Row<NpmFacts>[] = [
  {
    when: (error) => isRefused(error, /NAME_UNKNOWN/) || hasStatus(404)(error),
    advice: (_, { registry }) =>
      isBitbucketPackages(registry)
        ? 'The package does not exist in this workspace, or the token does not see it. On Bitbucket, an admin of the repository creates it once, before the first publishing: Create > Package. Its name is that in package.json.'
        : `There is no npm registry that takes packages at ${registry.href}, or the token does not see it: check REGISTRY.`,
  },
  {
    when: (error) =>
      hasStatus(409)(error) ||
      isRefused(error, /previously published|already (?:exists|published|present)|publish over|EPUBLISHCONFLICT/i),
    advice: () =>
      'A published version cannot be replaced: raise the version in package.json. Where it is the very same package, --skip-existing makes that a success.',
  },
  {
    when: (error) =>
      hasStatus(403)(error) &&
      error.refusal.requiredScopes.length === 0 &&
      /\bscope\b|namespace/i.test(error.refusal.reason),
    advice: (_, { registry }) =>
      `The scope of the package's name (@scope/name in package.json) is not one that ${registry.href} takes from this account: it has to be the workspace's, or that of the owner of the registry.`,
  },
  { when: hasStatus(401), advice: (_, facts) => npmUnauthorizedAdvice(facts) },
  {
    when: hasStatus(403),
    advice: (_, { registry, account, bearer }) =>
      account === undefined && bearer === undefined
        ? 'The registry takes packages from nobody without credentials: set TOKEN, and USERNAME where it has one.'
        : isBitbucketPackages(registry)
          ? `The token is known, but may not publish this package. It needs the scopes ${packageScopes}, and its owner write access to the repository that the package belongs to; the pipeline's own token only covers packages of its own repository.`
          : 'The token is known, but may not publish this package: it has to be one that may write, of an account that owns the package.',
  },
  {
    when: hasStatus(413),
    advice: () =>
      'The registry, or a proxy before it, takes no package of that size: name what is needed under "files" in package.json, and keep the rest out.',
  },
  {
    when: hasStatus(429),
    advice: () =>
      'The registry limits how often it may be asked. Wait, and run the step again: what is published stays.',
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () =>
      'Look at what the registry holds (npm view NAME): has something else published at the same time? A version cannot be replaced: where it is not what it should be, raise it in package.json.',
  },
];

function npmUnauthorizedAdvice({ registry, account, bearer, tokenKind }: NpmFacts): string {
  if (bearer !== undefined)
    return 'TOKEN was sent by itself, as Bearer, because USERNAME is not set: it has expired, was revoked, or belongs to another registry. Where the registry wants a user name too, set USERNAME.';
  if (account === undefined) return 'The registry asks for credentials: set TOKEN, and USERNAME where it has one.';
  return tokenKind === 'api-token' || isBitbucketPackages(registry)
    ? packagesCredentialsAdvice('registry', tokenKind)
    : 'The registry does not accept this USERNAME and TOKEN. If it takes tokens alone, as npmjs.com and GitHub do, leave USERNAME out.';
}
