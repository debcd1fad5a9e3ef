/** What to do if the file system refuses to read or write. */

const full =
  'Make room on the disk: remove what the build no longer needs, or write to another disk (an archive that is not kept is packed in the directory that the variable TMPDIR names).';
const readOnly = 'Nothing can be written there: name a path inside the clone.';

/** What to do about files and directories that the user of the run has no permission for. */
export const permissionAdvice =
  'Give the user that the pipe runs as permission, in the step before it ("chmod -R a+rX DIRECTORY" to read, "chmod -R a+rwX DIRECTORY" to write), or name other paths.';

const byCode: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: readOnly,
  EACCES: permissionAdvice,
  EPERM: permissionAdvice,
};

/** The advice for an error of the file system, or for one that it caused; undefined if it is of another kind. */
export function fileSystemAdvice(error: unknown): string | undefined {
  // By shape, because classes differ between realms, as in tests.
  if (typeof error !== 'object' || error === null) return undefined;
  const { code = '', cause } = error as NodeJS.ErrnoException;
  return Object.hasOwn(byCode, code) ? byCode[code] : fileSystemAdvice(cause);
}
