/** Which paths may be uploaded. */

import { sep } from 'node:path';

/** Never uploaded: other pipes' data, and the repository's history and configuration, which may contain credentials. */
export const forbiddenDirectories: ReadonlySet<string> = new Set(['.bitbucket', '.git']);

/** Whether a directory in the path, or its last name, is one that is never uploaded. */
export function isForbidden(path: string): boolean {
  return path.split(sep).some((segment) => forbiddenDirectories.has(segment));
}

/** Whether the path is `root` or inside it; both absolute, without links. */
export function isInside(path: string, root: string): boolean {
  return root === sep || path === root || path.startsWith(root + sep);
}
