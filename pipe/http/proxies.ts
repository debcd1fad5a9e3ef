/** Reads the proxies to use from the usual environment variables. */

import { type Environment, readText } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';

export interface ProxySettings {
  /** For `http:` URLs: `http:`, `https:` or `socks5:`. */
  readonly http?: string | undefined;
  /** For `https:` URLs. */
  readonly https?: string | undefined;
  /** Hosts, domains and networks that are reached directly, separated by commas or white space. */
  readonly none: string;
}

/** The names that curl and other tools read; as there, the lower-case name takes precedence. */
const names = {
  http: ['http_proxy', 'HTTP_PROXY'],
  https: ['https_proxy', 'HTTPS_PROXY'],
  all: ['all_proxy', 'ALL_PROXY'],
  none: ['no_proxy', 'NO_PROXY'],
} as const;

/**
 * Reads `HTTP_PROXY` and the like, in upper or lower case; adds a problem for each URL that cannot be used.
 * `ALL_PROXY` is read only if one of the others is not set.
 */
export function readProxies(env: Environment, problems: Problems): ProxySettings {
  const isAllNeeded = first(env, names.http) === undefined || first(env, names.https) === undefined;
  const all = isAllNeeded ? readProxy(env, names.all, problems) : undefined;
  return {
    http: readProxy(env, names.http, problems) ?? all,
    https: readProxy(env, names.https, problems) ?? all,
    none: first(env, names.none)?.value ?? '',
  };
}

/** The passwords in the proxies' URLs, escaped and unescaped, which must not appear in the log. */
export function proxySecrets(env: Environment): readonly string[] {
  return [names.http, names.https, names.all].flatMap((aliases) => {
    const password = parseProxy(first(env, aliases)?.value ?? '')?.password ?? '';
    return password === '' ? [] : [password, decode(password) ?? password];
  });
}

function readProxy(env: Environment, aliases: readonly string[], problems: Problems): string | undefined {
  const set = first(env, aliases);
  if (set === undefined) return undefined;
  const url = parseProxy(set.value);
  if (url === null || url.hostname === '' || !/^(?:https?|socks5):$/.test(url.protocol)) {
    problems.add(set.name, 'must be the URL of an HTTP or SOCKS5 proxy, such as http://proxy.example:3128');
    return undefined;
  }
  if (/[/?#\\].*@/.test(set.value.replace(/^[^:]*:\/\//, ''))) {
    problems.add(
      set.name,
      'has a character in its user name or password that must be escaped: write / as %2F, \\ as %5C, ? as %3F and # as %23',
    );
    return undefined;
  }
  if (decode(url.username) === undefined || decode(url.password) === undefined)
    problems.add(
      set.name,
      'has a % in its user name or password that does not begin an escape sequence: write it as %25',
    );
  // A proxy's address has no path, query or fragment.
  return Object.assign(new URL(url), { pathname: url.protocol === 'socks5:' ? '' : '/', search: '', hash: '' }).href;
}

/** `socks5h` says that the proxy resolves names, as it always does here; `socks` is SOCKS5 to most tools. */
function parseProxy(value: string): URL | null {
  const url = value.includes('://') ? value : `http://${value}`;
  return URL.parse(url.replace(/^socks(?:5h?)?:/i, 'socks5:'));
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The first that is set. Pipelines passes a variable that it cannot expand as `$HTTPS_PROXY`: that one is not set. */
function first(
  env: Environment,
  aliases: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of aliases) {
    const value = readText(env, name);
    if (value !== undefined) return { name, value };
  }
  return undefined;
}
