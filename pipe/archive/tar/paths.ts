/** Normalises paths inside an archive or a layout. */

/**
 * Resolves `.`, doubled slashes and, in a link's target, `..`. Undefined if the path is absolute or leads above the root.
 *
 * @param from the path of the link, if `path` is the target of a link
 */
export function relativePath(path: string, from?: string): string | undefined {
  if (path.startsWith('/')) return undefined;
  const segments = from === undefined ? [] : from.split('/').slice(0, -1);
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    // A member's own name must not contain `..`: below a link, it would not lead where it seems to.
    else if (from === undefined || segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}

/** Why a document must not refer to this path; undefined if it may. */
export function pathProblem(path: string): string | undefined {
  if (path.startsWith('/')) return 'which is an absolute path';
  return path.split('/').includes('..') ? 'which contains `..`' : undefined;
}
