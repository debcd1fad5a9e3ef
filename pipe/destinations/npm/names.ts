/** Names of packages and of dist-tags, as npm and registries take them. */

const maxNameLength = 214;

/**
 * Also the names that only old packages have, such as ones with capitals: registries themselves refuse those for new ones.
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

export const rangeProblem = 'is no dist-tag, but a range of versions: npm could not tell them apart';

/** Why it cannot be a dist-tag; undefined where it can. */
export function distTagProblem(tag: string): string | undefined {
  if (!isUrlSafe(tag) || tag.trim() !== tag)
    return 'is no dist-tag: letters, digits, "-", "_" and "." are what it may have';
  return isRange(tag) ? rangeProblem : undefined;
}

function isUrlSafe(text: string): boolean {
  return text !== '' && text.isWellFormed() && encodeURIComponent(text) === text;
}

/**
 * What anybody would take for a version or a range, of what has only the characters of a tag. npm knows some odd forms more,
 * which are looked for once it is loaded.
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

/** The path of a package below its registry: the slash of a scope is not one between segments. */
export function packagePath(name: string): string {
  return name.replace('/', '%2f');
}
