/** Makes URLs safe to print: without credentials, and with only those query values that are known to be harmless. */

const harmlessKeys: ReadonlySet<string> = new Set([
  'page',
  'pagelen',
  'digest',
  'mount',
  'from',
  'scope',
  'service',
  'n',
  'last',
  'package',
  'perPage',
  'overwriteMode',
  'partialName',
  'skip',
  'take',
  'target.branch',
  'status',
  'sort',
  'exclude',
  'fields',
]);

/** The URL without user name, password and fragment, and with `***` for query values that may be secret. */
export function printableUrl(url: URL): string {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  copy.hash = '';
  for (const key of new Set(copy.searchParams.keys())) {
    if (!harmlessKeys.has(key)) copy.searchParams.set(key, '***');
  }
  return copy.href;
}

/** The keys of values that grant access by themselves, as in the presigned URLs of object stores. */
const granting = /sig|token|secret|credential/i;
/** No shorter value is safe from being guessed; words and dates are shorter. */
const minGrantCharacters = 16;

/** The values in the URL's query that grant access by themselves, which whoever receives them may echo. */
export function grantsIn({ searchParams }: URL): readonly string[] {
  return [...searchParams].flatMap(([key, value]) =>
    granting.test(key) && value.length >= minGrantCharacters ? [value] : [],
  );
}
