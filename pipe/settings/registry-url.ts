/** Reads REGISTRY where it is the URL of a package registry, with a path. */

import { isLoopback } from '../http/loopback.ts';
import type { Problems } from '../toolkit/problems.ts';
import { bitbucketPackagesDomain } from './variables.ts';

/**
 * The registry's base URL, which ends with a slash; undefined where there is a problem.
 *
 * @param text a URL, or a host with or without a path: that is taken for https, and on this machine for http
 */
export function readRegistryUrl(text: string, allowsPlainHttp: boolean, problems: Problems): URL | undefined {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : parseHost(text);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    problems.add('REGISTRY', 'must be the URL of a registry, such as https://packages.example/repository/');
    return undefined;
  }
  if (url.protocol === 'http:' && !allowsPlainHttp && !isLoopback(url)) {
    problems.add(
      'REGISTRY',
      'is plain http, over which credentials could be read on the way: use https, or allow it with --plain-http',
    );
    return undefined;
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Whether the registry belongs to Bitbucket Packages, whose credentials it then takes. */
export function isBitbucketPackages({ hostname }: URL): boolean {
  return hostname === bitbucketPackagesDomain || hostname.endsWith(`.${bitbucketPackagesDomain}`);
}

function parseHost(text: string): URL | null {
  if (/:\/\//.test(text) || /\s/.test(text)) return null;
  const url = URL.parse(`https://${text}`);
  return url !== null && isLoopback(url) ? URL.parse(`http://${text}`) : url;
}
