/** What an npm registry says in words when it refuses a package. */

import type { HttpError } from '../../errors.ts';
import { isRefused } from '../advice.ts';

/** Whether it says that the version exists. No status means just that: npmjs.com answers 403, Verdaccio 409, others 400 or 422. */
export function saysVersionExists(error: unknown): error is HttpError {
  return isRefused(
    error,
    /previously published|already (?:exists|published|present|staged)|publish over|EPUBLISHCONFLICT|version already/i,
  );
}
