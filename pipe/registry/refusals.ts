/** Tells by a registry's words what it refused, where the status alone does not (distribution-spec 1.1, "Error codes"). */

import { HttpError } from '../errors.ts';

/** A manifest came before a blob that it names, or the blob has gone meanwhile. */
export function isBlobUnknown(error: unknown): error is HttpError {
  return error instanceof HttpError && error.refusal.reason.includes('BLOB_UNKNOWN');
}

/** The tag exists, and is not to be overwritten. The specification has no code for it. */
export function isImmutable(error: unknown): error is HttpError {
  return error instanceof HttpError && /immutable|TAG_EXISTS/i.test(error.refusal.reason);
}
