/** undici's connection pools, set up for long uploads, with a proxy in between where there is one. */

import { isIP } from 'node:net';
import { Agent, type buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { isLoopback } from './loopback.ts';
import type { ProxySettings } from './proxies.ts';

/** Which pool of connections a request goes through. */
export interface Dispatchers {
  /** Loopback addresses are reached directly, whatever the environment says: credentials for them stay on this machine. */
  forUrl(url: URL): Dispatcher;
  /** For a server that is a proxy itself. */
  readonly direct: Dispatcher;
  /** Cuts every connection. */
  destroy(): Promise<void>;
}

/** Opens no connection yet. @param connectTimeoutMs milliseconds to connect in, TLS included */
export function createDispatchers(proxies: ProxySettings, connectTimeoutMs: number): Dispatchers {
  const options = {
    // HTTP/1.1 sends a large body at the connection's full speed, and is what every peer of ours speaks.
    allowH2: false,
    // undici's own limits are on whole phases; a large upload may take hours. Our watchdog looks at progress instead.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  } as const;
  const direct = new Agent(options);
  // One agent for each scheme: undici's would send https through HTTP_PROXY, which no other tool does.
  const through = (proxy: string | undefined): Dispatcher =>
    proxy === undefined
      ? direct
      : new EnvHttpProxyAgent({
          ...options,
          httpProxy: proxy,
          httpsProxy: proxy,
          noProxy: proxies.none,
          proxyTunnel: false,
          // For the proxy itself, and for TLS within the tunnel: `connect` is for direct connections alone.
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
 * undici tells TLS the proxy's host as the name of the server even if it is an IP address, which Node refuses (RFC 6066,
 * section 3, allows no addresses). Without a name, the certificate is compared with the address.
 */
function proxyPool(origin: string | URL, options: Pool.Options): Dispatcher {
  const { connect } = options;
  if (typeof connect !== 'function') return new Pool(origin, options);
  const named: buildConnector.connector = ({ servername, ...target }, callback) =>
    connect({ ...target, ...(servername && isIP(servername) === 0 && { servername }) }, callback);
  return new Pool(origin, { ...options, connect: named });
}
