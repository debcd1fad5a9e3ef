/** What to do when a container registry refuses (distribution-spec 1.1, "Error codes"). */

import { HttpError } from '../../errors.ts';
import { isConflict } from '../../http/read-back.ts';
import type { Reference } from '../../oci/registry/reference.ts';
import { isImmutable } from '../../oci/registry/refusals.ts';
import type { ImageSettings } from './settings.ts';
import {
  hasErrorCode,
  hasStatus,
  isRefused,
  isRedirect,
  packagesCredentialsAdvice,
  packageScopes,
  type Row,
  type ServerFacts,
} from '../advice.ts';

/** What the advice depends on. */
export type ImageFacts = Pick<ImageSettings, 'targets' | 'account'> & Pick<ServerFacts, 'isBitbucket'>;

/** The facts about the image that the refusal concerns. */
type RefusedFacts = Omit<ImageFacts, 'targets'> & { readonly reference: Reference };

/** Registries tell a full quota as 403 or 413, and in their own words (Harbor, GitLab, Quay, Google). */
const quotaWords =
  /quota|storage (?:resource|limit)|upper limit|limit exceeded|exceeded? (?:the |its |your )?(?:storage|limit)/i;

/** From the most specific row to the most general. */
const rows: readonly Row<RefusedFacts>[] = [
  {
    when: hasErrorCode('NAME_INVALID'),
    advice: (_, { reference }) =>
      `${reference.host} does not accept the name ${reference.repository}. Many registries expect a project or user first: write IMAGE as host/project/name:tag.`,
  },
  {
    when: (error) => hasErrorCode('NAME_UNKNOWN')(error) || hasStatus(404)(error),
    advice: (_, { reference, isBitbucket }) =>
      isBitbucket
        ? `The package ${reference.repository} does not exist in ${reference.host}, or the token cannot see it. An admin of the repository creates it once before the first push: Create > Package.`
        : `${reference.host} has no ${reference.repository}, or does not show it to this account. Some registries need the project or repository to be created before the first push; check IMAGE and REGISTRY too.`,
  },
  {
    when: isImmutable,
    advice: (_, facts) =>
      `The tag ${facts.reference.tag} already exists and is immutable: publish under another tag, or change the rule in the ${facts.isBitbucket ? "workspace's" : "registry's"} settings.`,
  },
  {
    when: (error) => (hasStatus(403)(error) || hasStatus(413)(error)) && isRefused(error, quotaWords),
    advice: (_, { reference }) =>
      `${reference.host} has no room left for this image: delete old images there, or have the quota raised.`,
  },
  {
    when: hasStatus(401),
    advice: (_, facts) => unauthorizedAdvice(facts),
  },
  {
    when: hasStatus(403),
    advice: (_, facts) => forbiddenAdvice(facts),
  },
  {
    when: isRedirect,
    advice: (error: HttpError) =>
      `The registry has moved, or is reached under another address: use the host of ${error.refusal.location} in REGISTRY or IMAGE.`,
  },
  {
    when: hasStatus(405),
    advice: (_, { reference }) =>
      `${reference.host} does not accept pushes to ${reference.repository}: it may be read-only, a mirror or proxy of another registry, or not a container registry. Push to the registry that hosts it.`,
  },
  {
    when: isConflict,
    advice: ({ refusal }: HttpError, { reference }) =>
      `${reference.host} says that this conflicts with what it has${refusal.url.includes('/manifests/') ? `: if tag ${reference.tag} must not change, publish under another one` : ''}. If another job is publishing to ${reference.repository}, run the step again.`,
  },
  {
    when: hasStatus(413),
    advice: () =>
      'The registry, or a proxy in front of it, refuses requests of this size, even in small chunks: have its limit raised.',
  },
  {
    when: (error) => hasStatus(415)(error) || hasStatus(422)(error),
    advice: () =>
      'The registry does not support this kind of image. Try gzip layers (--compression gzip), and a single platform (--platform OS/ARCH) if it does not accept indexes or attestations.',
  },
  {
    when: hasStatus(429),
    advice: () => 'The registry limits the rate of requests. Wait, and run the step again.',
  },
];

/** The advice for images: about the one that the refused request was for. */
export const imageRows: readonly Row<ImageFacts>[] = rows.flatMap(({ when, advice }) => ({
  when,
  advice(error, { targets, ...facts }) {
    const reference = refusedReference(error, targets);
    return reference === undefined ? '' : advice(error, { ...facts, reference });
  },
}));

/** A token is requested for all images: then it is the first. */
function refusedReference(error: unknown, targets: ImageFacts['targets']): Reference | undefined {
  const path = error instanceof HttpError ? (URL.parse(error.refusal.url)?.pathname ?? '') : '';
  const target = targets.find(({ reference }) => path.startsWith(`/v2/${reference.repository}/`)) ?? targets[0];
  const tag = target?.tags.find((each) => path.endsWith(`/manifests/${each}`));
  return target === undefined || tag === undefined ? target?.reference : { ...target.reference, tag };
}

function unauthorizedAdvice(facts: RefusedFacts): string {
  const { reference, account } = facts;
  if (account === undefined) return 'The registry asks for credentials: set USERNAME and TOKEN.';
  return facts.isBitbucket
    ? packagesCredentialsAdvice('registry', account.tokenKind)
    : `${reference.host} does not accept this USERNAME and TOKEN: check that they belong together, and that the token has not expired. Many registries expect an access token instead of the account's password.`;
}

function forbiddenAdvice(facts: RefusedFacts): string {
  const { reference, account } = facts;
  if (facts.isBitbucket)
    return `The token is valid, but may not push to ${reference.repository}. It needs the scopes ${packageScopes}, and its owner needs write access to the repository that the package belongs to; the pipeline's own token covers only the packages of its own repository.`;
  return account === undefined
    ? `${reference.host} does not allow anonymous pushes to ${reference.repository}: set USERNAME and TOKEN.`
    : `This account may not push to ${reference.repository} on ${reference.host}: set USERNAME and TOKEN of one that has write access there; to move a tag that exists, some registries also require the permission to delete or overwrite.`;
}
