/** Reads the address of a server: REGISTRY, API_URL, and the host in IMAGE. */

import { isLoopback } from '../http/loopback.ts';
import type { Problems } from '../toolkit/problems.ts';
import { isBitbucketPackages } from './bitbucket-packages.ts';

/** The rules for one address. */
export interface ServerUrlRules {
  /** The variable that contains the address; problems are added under its name. */
  readonly variable: 'API_URL' | 'IMAGE' | 'REGISTRY';
  /** A valid address, for messages. */
  readonly example: string;
  /** How the path of the result ends; `none` if the address must not have a path. */
  readonly path: 'with a slash' | 'without a slash' | 'as written' | 'none';
  /** Whether `--plain-http` is given; undefined if the option does not apply to this address. */
  readonly allowsPlainHttp?: boolean;
}

/*
 * address   = [ scheme "://" ] authority [ path ]
 * scheme    = "https" / "http"
 * authority = host [ ":" port ]
 * RFC 3986, sections 3.1 to 3.3, without user information, query and fragment
 */
const parts = /^(?:([a-z][a-z\d+.-]*):\/\/)?([^/?#\\]*)(.*)$/is;
const authorityPattern = /^(?:\[[\da-f:.]+\]|[^:[\]]+)(?::\d+)?$/i;

/**
 * The URL of a server; undefined if the address is not valid, which is then added to the problems.
 * A given scheme is kept. A bare host gets https; a loopback host, or any host with `--plain-http`, gets http.
 * Problems never quote the address, which may contain a password.
 */
export function readServerUrl(address: string, rules: ServerUrlRules, problems: Problems): URL | undefined {
  const result = parse(address, rules);
  if (typeof result !== 'string') return result;
  problems.add(rules.variable, result);
  return undefined;
}

/** The URL, or the problem with the address. */
function parse(address: string, { example, path, allowsPlainHttp }: ServerUrlRules): URL | string {
  const [, givenScheme, authority = '', rest = ''] = parts.exec(address) ?? [];
  if (authority.includes('@')) return 'must not contain credentials: set USERNAME and TOKEN instead';
  if (givenScheme !== undefined && !/^https?$/i.test(givenScheme))
    return `must be an https:// or http:// URL, such as ${example}`;
  const invalid = `is not a valid URL: use one such as ${example}`;
  if (/[\s\p{Cc}\\]/u.test(address) || !authorityPattern.test(authority)) return invalid;
  if (/[?#]/.test(rest)) return 'must not have a query or a fragment';
  const plain = URL.parse(`http://${authority}${rest}`);
  const isLocal = plain !== null && isLoopback(plain);
  // --plain-http is for other registries: it never applies to Bitbucket's, which every run may have credentials for.
  const hasPlainHttp = allowsPlainHttp !== undefined && plain !== null && !isBitbucketPackages(plain);
  const isPlainAllowed = isLocal || (hasPlainHttp && allowsPlainHttp);
  const scheme = givenScheme ?? (isPlainAllowed ? 'http' : 'https');
  const url = URL.parse(`${scheme}://${authority}${rest}`);
  if (url === null || url.port === '0') return invalid;
  if (url.protocol === 'http:' && !isPlainAllowed) {
    const option = hasPlainHttp ? ', or allow http with --plain-http' : '';
    return `is plain http, which exposes credentials on the network: use https${option}`;
  }
  const bare = url.pathname.replace(/\/+$/, '');
  if (path === 'none' && bare !== '') return `must be a host without a path, such as ${example}`;
  url.pathname = path === 'with a slash' && !url.pathname.endsWith('/') ? `${url.pathname}/` : url.pathname;
  if (path === 'without a slash' || path === 'none') url.pathname = bare;
  return url;
}
