/**
 * The addresses of an index: that which files are uploaded to, and that which installers read.
 *
 * @see https://packaging.python.org/en/latest/specifications/simple-repository-api/
 */

import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';

/** Where PyPI's own uploads can be read. */
const ownIndexes: Readonly<Record<string, string>> = {
  'upload.pypi.org': 'https://pypi.org/simple/',
  'test.pypi.org': 'https://test.pypi.org/simple/',
};

/**
 * The possible addresses of the simple index, each with a slash at its end. For almost all servers, it is below the address of
 * uploads: `simple/`, or `+simple/` for devpi. On PyPI and Azure Artifacts, it is beside it.
 *
 * @param registry the address of uploads
 */
export function simpleIndexes(registry: URL): readonly URL[] {
  const own = ownIndexes[registry.hostname];
  if (own !== undefined) return [new URL(own)];
  const base = new URL(registry);
  const beside = /^(.*\/)(?:legacy|upload)\/?$/.exec(base.pathname)?.[1];
  base.pathname = beside ?? base.pathname.replace(/\/*$/, '/');
  const isKnown = beside !== undefined || isBitbucketPackages(registry);
  const names = isKnown ? ['simple/'] : ['simple/', '+simple/'];
  return names.map((name) => new URL(name, base));
}

/** What is wrong with an address that files cannot be uploaded to; undefined if nothing is known to be. */
export function uploadUrlProblem({ hostname, pathname }: URL): string | undefined {
  const read = /\/\+?simple\/?$/.exec(pathname);
  if (['pypi.org', 'pypi.python.org', 'www.pypi.org', 'upload.pypi.org'].includes(hostname))
    return hostname === 'upload.pypi.org' && pathname === '/legacy/'
      ? undefined
      : 'must be the address that PyPI accepts uploads at: https://upload.pypi.org/legacy/';
  if (hostname === 'test.pypi.org')
    return pathname === '/legacy/'
      ? undefined
      : 'must be the address that TestPyPI accepts uploads at: https://test.pypi.org/legacy/';
  if (read !== null)
    return 'is the address that pip reads: give the one that files are uploaded to, usually the same without "simple"';
  return undefined;
}
