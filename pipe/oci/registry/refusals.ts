/** Tells by the codes of a registry's errors what it refused, if the status alone does not. */

import { HttpError } from '../../errors.ts';

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
function hasCode(error: unknown, codes: readonly string[]): error is HttpError {
  return error instanceof HttpError && error.refusal.codes.some((code) => codes.includes(code));
}

/** A manifest came before a blob that it names, or the blob has gone meanwhile. */
export function isBlobUnknown(error: unknown): error is HttpError {
  return hasCode(error, ['BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
}

/**
 * The digests that a refusal names, such as those of missing blobs. Registries put them into an error's detail (a string, or
 * an object whose fields differ) or into its message.
 */
export function namedDigests({ refusal }: HttpError): ReadonlySet<string> {
  return new Set(refusal.details.flatMap((detail) => detail.match(/sha256:[0-9a-f]{64}/g) ?? []));
}

/** An index came before a manifest that it names, or before the registry sees that manifest everywhere. */
export function isManifestUnknown(error: unknown): error is HttpError {
  return hasCode(error, ['MANIFEST_UNKNOWN']);
}

/**
 * The tag exists, and is not to be overwritten. The specification has no code for it, and most registries send a general one
 * (DENIED, TAG_INVALID, PRECONDITION): then only their words tell.
 */
export function isImmutable(error: unknown): error is HttpError {
  if (!(error instanceof HttpError)) return false;
  const { codes, reason } = error.refusal;
  return codes.some((code) => code === 'TAG_EXISTS' || code.includes('IMMUTABLE')) || /immutable/i.test(reason);
}

const typeStatuses: ReadonlySet<number> = new Set([405, 415, 422]);

/**
 * A manifest was refused, perhaps for its media type: there is no code for that alone. Registries that know only Docker's
 * types say 415 (Quay), 405 (ECR), or MANIFEST_INVALID with any status (distribution before 2.7).
 */
export function isTypeRefused(error: unknown): error is HttpError {
  if (!isManifestRefused(error)) return false;
  return typeStatuses.has(error.refusal.status) || hasCode(error, ['MANIFEST_INVALID', 'UNSUPPORTED']);
}

/** A manifest was refused for what it is: not for who sends it, what it names, or the tag that it is for. */
export function isManifestRefused(error: unknown): error is HttpError {
  if ([isBlobUnknown, isManifestUnknown, isImmutable].some((isOther) => isOther(error))) return false;
  if (!(error instanceof HttpError)) return false;
  const { status } = error.refusal;
  return status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status);
}
