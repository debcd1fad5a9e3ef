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
