/** What a Python index says in words when it refuses a file. */

import { hasStatus, isRefused } from '../advice.ts';

/**
 * Whether it says that the file, or its name, exists. No status means just that: PyPI, GitLab and Nexus answer 400, Artifactory
 * 403, pypiserver 409.
 */
export function saysFileExists(error: unknown): boolean {
  return isRefused(
    error,
    /already (?:exists|been|present|contains)|previously (?:been )?(?:used|uploaded)|file name.*reused|not allow updating|overwrit/i,
  );
}

/** Whether it says that the account is why it refuses. PyPI answers 403 to wrong tokens, and to those of other projects. */
export function saysAccountIsRefused(error: unknown): boolean {
  return (
    hasStatus(403)(error) &&
    !saysFileExists(error) &&
    isRefused(
      error,
      /authenticat|authori[sz]|credential|\btokens?\b|password|permission|(?:isn't|not) allowed to upload/i,
    )
  );
}
