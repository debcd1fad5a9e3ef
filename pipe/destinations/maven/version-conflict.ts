/** A released version that is in the repository with other contents. */

import { PipeError } from '../../errors.ts';

export class VersionConflictError extends PipeError {
  override readonly name = 'VersionConflictError';
}
