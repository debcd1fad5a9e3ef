/** What to do if a Maven repository refuses a request. */

import { type HttpError, VerificationError } from '../../errors.ts';
import { isConflict } from '../../http/read-back.ts';
import { algorithms } from './algorithms.ts';
import { metadataName } from './metadata.ts';
import type { MavenSettings } from './settings.ts';
import { VersionConflictError } from './stored-files.ts';
import {
  hasErrorCode,
  hasStatus,
  packagesCredentialsAdvice,
  packageScopes,
  type Row,
  type ServerFacts,
} from '../advice.ts';

/** What the advice depends on. */
export type MavenFacts = Pick<MavenSettings, 'registry' | 'account'> & Pick<ServerFacts, 'isBitbucket'>;

export const mavenRows: readonly Row<MavenFacts>[] = [
  {
    when: (error) => error instanceof VersionConflictError,
    advice: () =>
      'A released version is never replaced. Publish the changed artifact under a new version, or as a SNAPSHOT.',
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () =>
      `Every file is stored, but other publishers kept replacing ${metadataName} with lists that leave this one out. Run the step again: it only completes the list.`,
  },
  {
    when: (error) =>
      isConflict(error) ||
      (hasStatus(400)(error) && error.refusal.method === 'PUT' && isIndexOrChecksum(error.refusal.url)),
    advice: ({ refusal }: HttpError) =>
      isIndexOrChecksum(refusal.url)
        ? `The file it belongs to is stored. Another publisher may have written ${metadataName} or a checksum at the same time: run the step again, it sends only what is missing.`
        : "The repository's reason is above. Many repositories accept only releases or only SNAPSHOTs, never accept a version a second time, and check that the path matches the POM.",
  },
  {
    when: hasStatus(401),
    advice: (_, { account, isBitbucket }) =>
      account === undefined
        ? 'The repository asks for credentials: set USERNAME and TOKEN.'
        : account.scheme === 'Bearer'
          ? 'TOKEN was sent without a user name, because USERNAME is not set: most Maven repositories expect one.'
          : isBitbucket
            ? packagesCredentialsAdvice('repository', account.tokenKind)
            : 'The repository does not accept this USERNAME and TOKEN: check that they belong together, and that the token has not expired.',
  },
  {
    when: hasStatus(403),
    advice: (_, { registry, isBitbucket }) =>
      isBitbucket
        ? `The token is valid, but lacks permission for this in ${registry.href}. It needs the scopes ${packageScopes}, and its owner needs write access to the repository that the package belongs to.`
        : `The account may not do this in ${registry.href}: set USERNAME and TOKEN of one that may read and deploy. Some repositories also answer 403 to a version that is already there, to files of a kind that they do not accept, and if their storage is full.`,
  },
  {
    when: (error) => hasErrorCode('NAME_UNKNOWN')(error) || hasStatus(404)(error),
    advice: (_, { registry, isBitbucket }) =>
      isBitbucket
        ? `${registry.pathname === '/' ? 'REGISTRY does not include the workspace: copy the full URL from the page of the package. Otherwise, the' : 'The'} package does not exist, or the token cannot see it. An admin of the repository must create it once, before the first push: Create > Package.`
        : `There is no Maven repository at ${registry.href}, or the token cannot see it: set REGISTRY to the URL that a POM would have in distributionManagement.`,
  },
  {
    when: hasStatus(405),
    advice: (_, { registry }) =>
      `${registry.href} does not accept uploads: is it a group or a proxy of other repositories? REGISTRY must be a hosted repository, for releases or for SNAPSHOTs.`,
  },
  {
    when: hasStatus(400),
    advice: () =>
      'Many repositories accept only releases or only SNAPSHOTs, and answer 400 to the other kind: check which kind REGISTRY accepts.',
  },
  {
    when: hasStatus(413),
    advice: () => 'The repository, or a proxy in front of it, refuses files of this size: have its limit raised.',
  },
  {
    when: hasStatus(429),
    advice: () => 'The repository limits the rate of requests. Wait, then run the step again.',
  },
];

/** Whether it is the address of a metadata file or of a checksum file. */
function isIndexOrChecksum(url: string): boolean {
  const name = url.replace(/[?#].*$/s, '').replace(/^.*\//s, '');
  return name === metadataName || algorithms.some((algorithm) => name.endsWith(`.${algorithm}`));
}
