/** undici's connection pools, configured for long uploads and for the environment's proxies. */

import { Agent, type Dispatcher, Pool } from 'undici';
import { isLoopback } from './loopback.ts';
import type { ProxySettings } from './proxies.ts';
import { proxyFor } from './proxy-for.ts';
import { ProxyError } from './proxy-error.ts';
import { createTunnels, proxyAuthorization, proxyConnector } from './tunnel.ts';

/** Chooses the connection pool of a request. */
export interface Dispatchers {
  /** Loopback addresses never go through a proxy: their credentials stay on this machine. */
  forUrl(url: URL): Dispatcher;
  /** Bypasses all proxies; for a server that is a proxy itself. */
  readonly direct: Dispatcher;
  /** Closes every connection at once. */
  destroy(): Promise<void>;
}

// HTTP/1.1 sends a large body at the connection's full speed, and every server that we upload to supports it. undici
// limits whole phases, but a large upload may take hours: our watchdog checks for progress instead.
const options = { allowH2: false, headersTimeout: 0, bodyTimeout: 0 } as const;

interface Route {
  readonly dispatcher: Dispatcher;
  destroy(): Promise<void>;
}

/** Creates the pools without opening a connection. @param connectTimeoutMs time limit for connecting, including TLS */
export function createDispatchers(proxies: ProxySettings, connectTimeoutMs: number): Dispatchers {
  const direct = new Agent({ ...options, connect: { timeout: connectTimeoutMs } });
  const routes = new Map<string, Route>();
  const routeFor = (proxy: URL, { protocol }: URL): Route => {
    // SOCKS knows no protocol but TCP; an HTTP proxy often allows CONNECT to port 443 alone, and forwards plain http.
    const isForwarded = protocol === 'http:' && proxy.protocol !== 'socks5:';
    const key = `${isForwarded} ${proxy.href}`;
    const created = routes.get(key) ?? (isForwarded ? forwarded : tunnelled)(proxy, connectTimeoutMs);
    routes.set(key, created);
    return created;
  };
  return {
    forUrl(url) {
      const proxy = isLoopback(url) ? undefined : proxyFor(url, proxies);
      return proxy === undefined ? direct : routeFor(proxy, url).dispatcher;
    },
    direct,
    async destroy() {
      await Promise.all([direct.destroy(), ...[...routes.values()].map(async (route) => await route.destroy())]);
    },
  };
}

function tunnelled(proxy: URL, timeoutMs: number): Route {
  const tunnels = createTunnels(proxy, timeoutMs);
  const agent = new Agent({ ...options, connect: tunnels.connect });
  return {
    dispatcher: agent,
    async destroy() {
      tunnels.destroy();
      await agent.destroy();
    },
  };
}

/** Sends requests in the absolute form (RFC 9112, 3.2.2). The proxy's password goes to the proxy alone. */
function forwarded(proxy: URL, timeoutMs: number): Route {
  const connect = proxyConnector(proxy, timeoutMs);
  const pool = new Pool(proxy.origin, { ...options, connect: (_, callback) => connect(callback) });
  const authorization = proxyAuthorization(proxy);
  const dispatcher = pool.compose((dispatch) => (request, handler) => {
    const { origin = '', path } = request;
    const headers = {
      host: new URL(origin).host,
      ...(request.headers as Readonly<Record<string, string>>),
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    };
    return dispatch({ ...request, path: `${String(origin)}${path}`, headers }, withoutChallenge(handler, proxy));
  });
  return { dispatcher, destroy: async () => await pool.destroy() };
}

/** A 407 comes from the proxy, not from the server. */
function withoutChallenge(handler: Dispatcher.DispatchHandler, proxy: URL): Dispatcher.DispatchHandler {
  const start = handler.onResponseStart?.bind(handler);
  handler.onResponseStart = (controller, status, ...rest) => {
    if (status === 407) controller.abort(new ProxyError(proxy, 'answered 407', 'PROXY_407'));
    else start?.(controller, status, ...rest);
  };
  return handler;
}
