/** Chooses the proxy for a URL; separate from proxies.ts, so that reading settings does not load `node:net`. */

import { BlockList, isIP } from 'node:net';
import type { ProxySettings } from './proxies.ts';

/** The proxy for a URL; undefined if it is reached directly. */
export function proxyFor(url: URL, { http, https, none }: ProxySettings): URL | undefined {
  const proxy = url.protocol === 'https:' ? https : http;
  if (proxy === undefined || none.split(/[\s,]+/).some((entry) => entry !== '' && isExempt(url, entry)))
    return undefined;
  return new URL(proxy);
}

/**
 * Whether an entry of NO_PROXY names the URL's host: `*`, a host with all its subdomains (a leading dot makes no
 * difference), `*.domain` without the domain itself, an address, a network such as `10.0.0.0/8`; any with `:port`.
 */
function isExempt({ hostname, port, protocol }: URL, entry: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/(.)\.$/, '$1');
  const network = /^\[?([^[\]]+)\]?\/(\d{1,3})$/.exec(entry);
  if (network !== null) return isInNetwork(host, network[1] ?? '', Number(network[2]));
  // A bare IPv6 address has colons of its own.
  const [, name = entry, ownPort] = /^([^:]+|\[.*\]):(\d+)$/.exec(entry) ?? [];
  if (ownPort !== undefined && ownPort !== (port || (protocol === 'https:' ? '443' : '80'))) return false;
  if (name === '*') return true;
  const wanted = name
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '')
    .replace(/(.)\.$/, '$1')
    .toLowerCase();
  return (host === wanted && !name.startsWith('*')) || host.endsWith(`.${wanted}`);
}

function isInNetwork(host: string, base: string, prefix: number): boolean {
  const family = isIP(base);
  if (isIP(host) === 0 || family === 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const networks = new BlockList();
  networks.addSubnet(base, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return networks.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
