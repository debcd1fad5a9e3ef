/** The names of packages and dist-tags that npm and registries accept. */

const maxNameLength = 214;

/**
 * Whether npm accepts the name. Includes names that only old packages have, such as with capitals: registries refuse those
 * for new packages themselves.
 *
 * @see https://github.com/npm/validate-npm-package-name "validForOldPackages"
 */
export function isPackageName(name: string): boolean {
  const [, scope, base = ''] = /^(?:@([^/]+)\/)?([^/]+)$/.exec(name) ?? [];
  return (
    name.length <= maxNameLength &&
    isUrlSafe(base) &&
    (scope === undefined ? !/^[._-]/.test(base) : isUrlSafe(scope) && !base.startsWith('.')) &&
    !/^(?:node_modules|favicon\.ico)$/i.test(name)
  );
}

export const rangeProblem = 'is not a valid dist-tag: npm would read it as a version range';

/** Why `tag` cannot be a dist-tag; undefined if it can. */
export function distTagProblem(tag: string): string | undefined {
  if (!isUrlSafe(tag) || tag.trim() !== tag) return 'is not a valid dist-tag: use letters, digits, "-", "_" and "."';
  return isRange(tag) ? rangeProblem : undefined;
}

function isUrlSafe(text: string): boolean {
  return text !== '' && text.isWellFormed() && encodeURIComponent(text) === text;
}

/**
 * Whether a tag, with only the characters that tags may have, is also a version or a range. A few unusual forms are left to
 * semver itself, which is not loaded yet when options are read.
 *
 * @see https://github.com/npm/node-semver "Range Grammar"
 */
function isRange(tag: string): boolean {
  const number = '(?:0|[1-9][0-9]*)';
  const identifier = '(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)';
  const whole = `${number}\\.${number}\\.${number}(?:-${identifier}(?:\\.${identifier})*)?`;
  const open = `(?:${number}\\.)?(?:${number}|[xX*])`;
  return new RegExp(`^~?v?(?:${whole}|${open}|${number}\\.${number}\\.[xX*])$`).test(tag);
}

/** The path of a package below its registry. The slash after a scope is escaped, so that the name is one segment. */
export function packagePath(name: string): string {
  return name.replace('/', '%2f');
}
