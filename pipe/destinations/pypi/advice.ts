/** What to do if a Python index refuses a request. */

import { type HttpError, VerificationError } from '../../errors.ts';
import {
  hasErrorCode,
  hasStatus,
  isRedirect,
  packagesCredentialsAdvice,
  packageScopes,
  type Row,
  type ServerFacts,
} from '../advice.ts';
import { FileConflictError } from './look-up.ts';
import { saysFileExists } from './refusals.ts';
import type { PypiSettings } from './settings.ts';

/** What the advice depends on. */
export type PypiFacts = Pick<PypiSettings, 'registry' | 'account'> & Pick<ServerFacts, 'isBitbucket'>;

const raiseVersion = 'A published file cannot be replaced: raise the version, build the package and publish that.';

export const pypiRows: readonly Row<PypiFacts>[] = [
  {
    when: (error) => error instanceof FileConflictError,
    advice: () => `${raiseVersion} To leave what is published as it is, give --skip-existing.`,
  },
  {
    when: (error) => error instanceof VerificationError,
    advice: () => `Did something else publish this file at the same time? ${raiseVersion}`,
  },
  {
    when: (error) => isRedirect(error) && error.refusal.method === 'POST',
    advice: ({ refusal }: HttpError) =>
      `An upload is not sent on to another address. Set REGISTRY to ${refusal.location ?? 'the address itself'}, if that is where files are uploaded to; a slash at its end matters.`,
  },
  {
    when: saysFileExists,
    advice: () =>
      `The index says that it has this file, but does not show it where the pipe looks. ${raiseVersion} A name that was used once, and deleted, cannot be used again on PyPI.`,
  },
  {
    when: hasStatus(401),
    advice: (_, { account, isBitbucket }) =>
      account === undefined
        ? 'The index asks for credentials: set TOKEN, and USERNAME if it is not a token of PyPI.'
        : isBitbucket || account.tokenKind === 'api-token'
          ? packagesCredentialsAdvice('registry', account.tokenKind)
          : 'The index does not accept this USERNAME and TOKEN: check that they belong together, and that the token has not expired. Without USERNAME, the user name is __token__, as PyPI expects.',
  },
  {
    when: hasStatus(403),
    advice: (_, { account, registry, isBitbucket }) =>
      account === undefined
        ? 'The index does not accept packages without credentials: set TOKEN, and USERNAME if it is not a token of PyPI.'
        : isBitbucket
          ? `The token is valid, but may not publish this package. It needs the scopes ${packageScopes}, and its owner needs write access to the repository that the package belongs to; the pipeline's own token covers only the packages of its own repository.`
          : `The account may not publish this project to ${registry.href}: use a token of an owner or maintainer of the project. PyPI answers 403 to tokens that are wrong, too.`,
  },
  {
    when: (error) => hasErrorCode('NAME_UNKNOWN')(error) || hasStatus(404)(error) || hasStatus(405)(error),
    advice: (_, { registry, isBitbucket }) =>
      isBitbucket
        ? 'The package does not exist in this workspace, or the token cannot see it. On Bitbucket, an admin of the repository creates it once before it is first published: Create > Package.'
        : `There is no Python index that accepts uploads at ${registry.href}, or the token cannot see it: REGISTRY must be the address that twine has as its repository URL, such as https://upload.pypi.org/legacy/.`,
  },
  {
    when: hasStatus(409),
    advice: () =>
      'The index was still busy with this project, and does not have this file: run the step again after a while.',
  },
  {
    when: (error) => hasStatus(400)(error) || hasStatus(422)(error),
    advice: () =>
      "The index's reason is above: it has rules for names, versions and metadata beyond those of the specifications. Correct the project's metadata, raise the version, and build it anew.",
  },
  {
    when: hasStatus(413),
    advice: () =>
      'The index, or a proxy in front of it, refuses files of this size (PyPI: 100 MB unless a higher limit was granted): leave out what installing does not need, or have the limit raised.',
  },
  {
    when: hasStatus(429),
    advice: () =>
      'The index limits the rate of requests. Wait, and run the step again: published files stay published.',
  },
];
