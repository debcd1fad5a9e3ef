/** Finds out from a registry's error codes what it refused. */

import { HttpError } from '../../errors.ts';
import { isConflict, mayRefuseContent } from '../../http/read-back.ts';

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
function hasCode(error: unknown, codes: readonly string[]): error is HttpError {
  return error instanceof HttpError && error.refusal.codes.some((code) => codes.includes(code));
}

/** A manifest names a blob that the registry does not have, or has lost in the meantime. */
export function isBlobUnknown(error: unknown): error is HttpError {
  return hasCode(error, ['BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
}

/**
 * Of a manifest: the registry could not read what it has stored of a blob. docker-registry 2.8 answers so while another step
 * commits the same blob, and accepts the same bytes a moment later.
 */
export function isDigestInvalid(error: unknown): error is HttpError {
  return hasCode(error, ['DIGEST_INVALID']);
}

/**
 * The digests that a refusal names, such as those of missing blobs. Registries put them into the detail of an error (a
 * string, or an object of various shapes) or into its message.
 */
export function namedDigests({ refusal }: HttpError): ReadonlySet<string> {
  return new Set(refusal.details.flatMap((detail) => detail.match(/sha256:[0-9a-f]{64}/g) ?? []));
}

/** An index names a manifest that the registry does not have, or does not see yet. */
export function isManifestUnknown(error: unknown): error is HttpError {
  return hasCode(error, ['MANIFEST_UNKNOWN']);
}

/**
 * What was sent may be there already: registries refuse to store it again with 400 (Nexus), 403 (Artifactory), 409 (Quay)
 * or 412 (Harbor), and with as many other meanings. Only asking for the digest settles it.
 */
export function mayBeThereAlready(error: unknown): error is HttpError {
  return !isBlobUnknown(error) && !isManifestUnknown(error) && (mayRefuseContent(error) || isImmutable(error));
}

/**
 * The tag exists and must not be overwritten. The specification has no code for it, and most registries send a general one
 * (DENIED, TAG_INVALID, PRECONDITION): then only the message tells.
 */
export function isImmutable(error: unknown): error is HttpError {
  if (!(error instanceof HttpError)) return false;
  const { codes, reason } = error.refusal;
  const isNamed = codes.some((code) => code === 'TAG_EXISTS' || code.includes('IMMUTABLE'));
  return isNamed || immutable.test(reason);
}

/** In the words of ECR and Harbor, Google's and JFrog's (`immutability`, `overwrite`), Nexus, and Azure's locked tags. */
const immutable =
  /immutab|overwrit|does not allow updating|cannot be updated|disallowed on this registry, repository or image/i;

/** The refusal says that it exists, by its status or, since registries use many statuses for it, in words. */
export function saysItExists(error: unknown): boolean {
  return isConflict(error) || isImmutable(error) || (mayRefuseContent(error) && existing.test(error.refusal.reason));
}

/** Not "does not exist", which is said of repositories. */
const existing = /(?<!not )\bexists?\b|\bexisting\b|already|in progress/i;

const typeStatuses: ReadonlySet<number> = new Set([405, 415, 422]);

/**
 * A manifest was refused, perhaps for its media type, which has no code of its own. Registries that support only Docker's
 * types answer 415 (Quay), 405 (ECR), or MANIFEST_INVALID with any status (distribution before 2.7).
 */
export function isTypeRefused(error: unknown): error is HttpError {
  if (isDigestInvalid(error) || !isManifestRefused(error)) return false;
  return typeStatuses.has(error.refusal.status) || hasCode(error, ['MANIFEST_INVALID', 'UNSUPPORTED']);
}

/** A manifest was refused for its own content: not for the credentials, for what it names, or for its tag. */
export function isManifestRefused(error: unknown): error is HttpError {
  if ([isBlobUnknown, isManifestUnknown, isImmutable].some((isOther) => isOther(error))) return false;
  if (!(error instanceof HttpError)) return false;
  const { status, method } = error.refusal;
  // Reading is refused for other reasons.
  return method === 'PUT' && status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status);
}
