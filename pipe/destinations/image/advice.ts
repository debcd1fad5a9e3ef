/** What to do when a container registry refuses (distribution-spec 1.1, "Error codes"). */

import type { ImageSettings } from './settings.ts';
import { isImmutable } from '../../oci/registry/refusals.ts';
import { hasErrorCode, hasStatus, packagesCredentialsAdvice, packageScopes, type Row } from '../advice.ts';

/** The settings that the advice depends on. */
export type ImageFacts = Pick<ImageSettings, 'reference' | 'account'>;

/** From the most specific row to the most general. */
export const imageRows: readonly Row<ImageFacts>[] = [
  {
    when: (error) => hasErrorCode('NAME_UNKNOWN')(error) || hasStatus(404)(error),
    advice: (_, { reference }) =>
      `The package ${reference.repository} does not exist in ${reference.host}, or the token cannot see it. On Bitbucket, an admin of the repository creates it once before the first push: Create > Package.`,
  },
  {
    when: isImmutable,
    advice: (_, { reference }) =>
      `The tag ${reference.tag} already exists and is immutable: publish under another tag, or change the rule in the workspace's settings.`,
  },
  {
    when: hasStatus(401),
    advice: (_, { account }) =>
      account === undefined
        ? 'The registry asks for credentials: set USERNAME and TOKEN.'
        : packagesCredentialsAdvice('registry', account.tokenKind),
  },
  {
    when: hasStatus(403),
    advice: (_, { reference }) =>
      `The token is valid, but may not push to ${reference.repository}. It needs the scopes ${packageScopes}, and its owner needs write access to the repository that the package belongs to; the pipeline's own token covers only the packages of its own repository.`,
  },
  {
    when: hasStatus(413),
    advice: () => 'The registry, or a proxy in front of it, refuses requests of this size, even in small chunks.',
  },
  {
    when: hasStatus(429),
    advice: () => 'The registry limits the rate of requests. Wait, and run the step again.',
  },
];
