/** Tells by a registry's words what it refused, where the status alone does not (distribution-spec 1.1, "Error codes"). */

import { HttpError } from '../../errors.ts';

/** A manifest came before a blob that it names, or the blob has gone meanwhile. */
export function isBlobUnknown(error: unknown): error is HttpError {
  return error instanceof HttpError && error.refusal.reason.includes('BLOB_UNKNOWN');
}

/** An index came before a manifest that it names, or before the registry sees that manifest everywhere. */
export function isManifestUnknown(error: unknown): error is HttpError {
  return error instanceof HttpError && error.refusal.reason.includes('MANIFEST_UNKNOWN');
}

/** The tag exists, and is not to be overwritten. The specification has no code for it. */
export function isImmutable(error: unknown): error is HttpError {
  return error instanceof HttpError && /immutable|TAG_EXISTS/i.test(error.refusal.reason);
}

const typeStatuses: ReadonlySet<number> = new Set([405, 415, 422]);

/**
 * A manifest was refused, perhaps for its media type: there is no code for that alone. Registries that know only Docker's
 * types say 415 (Quay), 405 (ECR), or MANIFEST_INVALID with any status (distribution before 2.7).
 */
export function isTypeRefused(error: unknown): error is HttpError {
  if (!isManifestRefused(error)) return false;
  const { status, reason } = error.refusal;
  return typeStatuses.has(status) || /\b(?:MANIFEST_INVALID|UNSUPPORTED)\b/.test(reason);
}

/** A manifest was refused for what it is: not for who sends it, what it names, or the tag that it is for. */
export function isManifestRefused(error: unknown): error is HttpError {
  if ([isBlobUnknown, isManifestUnknown, isImmutable].some((isOther) => isOther(error))) return false;
  if (!(error instanceof HttpError)) return false;
  const { status } = error.refusal;
  return status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status);
}
