/** Reads the address of a server that the run talks to: REGISTRY, API_URL, and the host in IMAGE. */

import { isLoopback } from '../http/loopback.ts';
import type { Problems } from '../toolkit/problems.ts';
import { isBitbucketPackages } from './bitbucket-packages.ts';

export interface ServerUrlRules {
  /** Where the address was written: problems are filed under its name. */
  readonly variable: 'API_URL' | 'IMAGE' | 'REGISTRY';
  /** A valid address, for messages. */
  readonly example: string;
  /** How the path of the result ends; `none` if the address may have no path. */
  readonly path: 'with a slash' | 'without a slash' | 'none';
  /** Whether `--plain-http` is given; undefined if there is no such option for this address. */
  readonly allowsPlainHttp?: boolean;
}

/*
 * address   = [ scheme "://" ] authority [ path ]
 * scheme    = "https" / "http"
 * authority = host [ ":" port ]
 * RFC 3986, sections 3.1 and 3.2, without user information, and without a query and a fragment after the path
 */
const parts = /^(?:([a-z][a-z\d+.-]*):\/\/)?([^/?#\\]*)(.*)$/is;
const authorityPattern = /^(?:\[[\da-f:.]+\]|[^:[\]]+)(?::\d+)?$/i;

/**
 * The URL of a server; undefined, with the problem filed, if the text is not one that may be used.
 * The scheme is kept if it is written. A bare host gets https; if it is a loopback host, or `--plain-http` is given, http.
 * Problems never quote the text, which may hold a password.
 */
export function readServerUrl(text: string, rules: ServerUrlRules, problems: Problems): URL | undefined {
  const read = parse(text, rules);
  if (typeof read !== 'string') return read;
  problems.add(rules.variable, read);
  return undefined;
}

/** The URL, or what is wrong with it. */
function parse(text: string, { example, path, allowsPlainHttp }: ServerUrlRules): URL | string {
  const [, written, authority = '', rest = ''] = parts.exec(text) ?? [];
  if (authority.includes('@')) return 'must not contain credentials: set USERNAME and TOKEN instead';
  if (written !== undefined && !/^https?$/i.test(written))
    return `must be an https:// or http:// URL, such as ${example}`;
  const invalid = `is not a valid URL: write one such as ${example}`;
  if (/[\s\p{Cc}\\]/u.test(text) || !authorityPattern.test(authority)) return invalid;
  if (/[?#]/.test(rest)) return 'must not have a query or a fragment';
  const plain = URL.parse(`http://${authority}${rest}`);
  const isLocal = plain !== null && isLoopback(plain);
  // Whoever allows http for another registry has not allowed it for Bitbucket's, which all runs have credentials for.
  const hasPlainHttp = allowsPlainHttp !== undefined && plain !== null && !isBitbucketPackages(plain);
  const isPlainAllowed = isLocal || (hasPlainHttp && allowsPlainHttp);
  const scheme = written ?? (isPlainAllowed ? 'http' : 'https');
  const url = URL.parse(`${scheme}://${authority}${rest}`);
  if (url === null || url.port === '0') return invalid;
  if (url.protocol === 'http:' && !isPlainAllowed) {
    const option = hasPlainHttp ? ', or allow http with --plain-http' : '';
    return `is plain http, over which credentials could be read on the way: use https${option}`;
  }
  const bare = url.pathname.replace(/\/+$/, '');
  if (path === 'none' && bare !== '') return `must be a host without a path, such as ${example}`;
  url.pathname = path === 'with a slash' && !url.pathname.endsWith('/') ? `${url.pathname}/` : url.pathname;
  if (path !== 'with a slash') url.pathname = bare;
  return url;
}
