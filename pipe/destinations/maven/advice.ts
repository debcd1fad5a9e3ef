/** What to do about what Maven repositories say. */

import { HttpError } from '../../errors.ts';
import type { MavenSettings } from './settings.ts';
import { VersionConflictError } from './version-conflict.ts';
import { isBitbucketPackages } from '../../settings/registry-url.ts';
import { hasStatus, isRefused, packagesCredentialsAdvice, packageScopes, type Row } from '../advice.ts';

/** What the advice depends on. */
export type MavenFacts = Pick<MavenSettings, 'registry' | 'account' | 'bearer' | 'tokenKind'>;

export const mavenRows: readonly Row<MavenFacts>[] = [
  {
    when: (error) => error instanceof VersionConflictError || hasStatus(409)(error),
    advice: () =>
      'A released version is never replaced. Publish the changed artifact under another version, or as a SNAPSHOT.',
  },
  {
    when: hasStatus(401),
    advice: (_, { account, bearer, tokenKind }) =>
      account === undefined && bearer === undefined
        ? 'The repository asks for credentials: set USERNAME and TOKEN.'
        : bearer !== undefined
          ? 'TOKEN was sent alone, because USERNAME is not set: most Maven repositories take it with a user name.'
          : packagesCredentialsAdvice('repository', tokenKind),
  },
  {
    when: hasStatus(403),
    advice: (_, { registry }) =>
      `The token is known, but may not do this in ${registry.href}. On Bitbucket it needs the scopes ${packageScopes}, and its owner write access to the repository that the package belongs to; elsewhere, the right to read and to deploy.`,
  },
  {
    when: (error) => isRefused(error, /NAME_UNKNOWN|does not exist/) || hasStatus(404)(error),
    advice: (_, { registry }) =>
      isBitbucketPackages(registry)
        ? `${registry.pathname === '/' ? 'REGISTRY has no workspace: take its whole URL from the page of the package. Otherwise, the' : 'The'} package does not exist, or the token does not see it. An admin of the repository creates it once, before the first push: Create > Package.`
        : `There is no Maven repository at ${registry.href}, or the token does not see it: REGISTRY is the URL that distributionManagement in a POM would have.`,
  },
  {
    when: hasStatus(405),
    advice: (_, { registry }) =>
      `${registry.href} takes no uploads: is it a group or a proxy of other repositories? REGISTRY must be the hosted one, for releases or for SNAPSHOTs.`,
  },
  {
    when: hasStatus(400),
    advice: () =>
      'Many repositories take either releases or SNAPSHOTs, and answer so to the other kind: check which one REGISTRY is.',
  },
  { when: hasStatus(413), advice: () => 'The repository, or a proxy before it, takes no file of that size.' },
  {
    when: hasStatus(429),
    advice: () => 'The repository limits how often it may be asked. Wait, and run the step again.',
  },
  {
    when: (error) => error instanceof HttpError && error.refusal.location !== undefined,
    advice: (error: HttpError) =>
      `The server says that the address has moved to ${error.refusal.location}: set REGISTRY so that it leads there directly.`,
  },
];
