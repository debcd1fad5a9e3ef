/** Paths inside an archive or a layout. */

/**
 * Without `.` and doubled slashes; undefined for what is absolute or leads above the root.
 *
 * @param from the path of the link whose target it is
 */
export function relativePath(path: string, from?: string): string | undefined {
  if (path.startsWith('/')) return undefined;
  const segments = from === undefined ? [] : from.split('/').slice(0, -1);
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    // A member's own name must not go up at all: where links are on the way, that is not what it seems.
    else if (from === undefined || segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}

/** Why a document must not refer to this path. */
export function pathProblem(path: string): string | undefined {
  if (path.startsWith('/')) return 'which is an absolute path';
  return path.split('/').includes('..') ? 'which is a path with `..`' : undefined;
}
