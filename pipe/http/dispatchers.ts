/** undici's connection pools, configured for long uploads and for the environment's proxies. */

import { isIP } from 'node:net';
import { Agent, type buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { isLoopback } from './loopback.ts';
import type { ProxySettings } from './proxies.ts';

/** Chooses the connection pool of a request. */
export interface Dispatchers {
  /** Loopback addresses never go through a proxy: their credentials stay on this machine. */
  forUrl(url: URL): Dispatcher;
  /** Bypasses all proxies; for a server that is a proxy itself. */
  readonly direct: Dispatcher;
  /** Closes every connection at once. */
  destroy(): Promise<void>;
}

/** Creates the pools without opening a connection. @param connectTimeoutMs time limit for connecting, including TLS */
export function createDispatchers(proxies: ProxySettings, connectTimeoutMs: number): Dispatchers {
  const options = {
    // HTTP/1.1 sends a large body at the connection's full speed, and every server that we upload to supports it.
    allowH2: false,
    // undici limits whole phases, but a large upload may take hours. Our watchdog checks for progress instead.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  } as const;
  const direct = new Agent(options);
  // One agent per scheme: a single undici agent would send https through HTTP_PROXY, which no other tool does.
  const through = (proxy: string | undefined): Dispatcher =>
    proxy === undefined
      ? direct
      : new EnvHttpProxyAgent({
          ...options,
          httpProxy: proxy,
          httpsProxy: proxy,
          noProxy: proxies.none,
          proxyTunnel: false,
          // For connecting to the proxy and for TLS inside the tunnel: `connect` applies to direct connections only.
          connectTimeout: connectTimeoutMs,
          factory: proxyPool,
          clientFactory: proxyPool,
        });
  const http = through(proxies.http);
  const https = through(proxies.https);
  return {
    forUrl: (url) => (isLoopback(url) ? direct : url.protocol === 'https:' ? https : http),
    direct,
    async destroy() {
      await Promise.all([...new Set([direct, http, https])].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/**
 * undici passes the proxy's host to TLS as the server name even if it is an IP address. Node refuses that, since RFC 6066,
 * section 3, does not allow addresses. Without a server name, the certificate is checked against the address.
 */
function proxyPool(origin: string | URL, options: Pool.Options): Dispatcher {
  const { connect } = options;
  if (typeof connect !== 'function') return new Pool(origin, options);
  const named: buildConnector.connector = ({ servername, ...target }, callback) =>
    connect({ ...target, ...(servername && isIP(servername) === 0 && { servername }) }, callback);
  return new Pool(origin, { ...options, connect: named });
}
