/** Reads the proxies to use from the usual environment variables. */

import type { Environment } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';

export interface ProxySettings {
  /** For `http:` URLs. */
  readonly http?: string | undefined;
  /** For `https:` URLs. */
  readonly https?: string | undefined;
  /** Comma-separated hosts and domains that are reached directly. */
  readonly none: string;
}

/** The names that curl and other tools read; as there, the lower-case name takes precedence. */
const names = {
  http: ['http_proxy', 'HTTP_PROXY'],
  https: ['https_proxy', 'HTTPS_PROXY'],
  all: ['all_proxy', 'ALL_PROXY'],
  none: ['no_proxy', 'NO_PROXY'],
} as const;

/** Reads `HTTP_PROXY` and the like, in upper or lower case; adds a problem for each URL that cannot be used. */
export function readProxies(env: Environment, problems: Problems): ProxySettings {
  const all = readProxy(env, names.all, problems);
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
  if (url === null || !/^https?:$/.test(url.protocol)) {
    problems.add(set.name, 'must be the URL of an HTTP proxy, such as http://proxy.example:3128');
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
  return Object.assign(new URL(url), { pathname: '/', search: '', hash: '' }).href;
}

function parseProxy(value: string): URL | null {
  return URL.parse(value.includes('://') ? value : `http://${value}`);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function first(
  env: Environment,
  aliases: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of aliases) {
    const value = env[name]?.trim();
    if (value) return { name, value };
  }
  return undefined;
}
