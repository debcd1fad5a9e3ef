/** Opens connections to servers through a proxy, by CONNECT or by SOCKS5. */

import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { basicCredential } from './credentials.ts';
import { ProxyError } from './proxy-error.ts';
import { connectBySocks } from './socks.ts';

/** Opens the connections of one connection pool. */
export interface Tunnels {
  /** For undici's pools: a connection to the server, with TLS if its URL says so. */
  readonly connect: buildConnector.connector;
  /** Closes the connections that the proxy has not passed on yet. */
  destroy(): void;
}

/**
 * Tunnels through `proxy`: `http:` or `https:` (RFC 9110, 9.3.6) or `socks5:` (RFC 1928). The proxy resolves host names.
 *
 * @param timeoutMs time limit for reaching the proxy, for its answer, and for TLS with the server
 */
export function createTunnels(proxy: URL, timeoutMs: number): Tunnels {
  const toProxy = proxyConnector(proxy, timeoutMs);
  const toServer = buildConnector({ timeout: timeoutMs, allowH2: false });
  const opening = new Set<Socket>();

  async function open(host: string, port: number): Promise<Socket> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      toProxy((error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
    opening.add(socket);
    const late = new ProxyError(proxy, `did not answer within ${Math.round(timeoutMs / 1000)} s`, 'PROXY_TIMEOUT');
    const timer = setTimeout(() => socket.destroy(late), timeoutMs);
    try {
      const handshake = proxy.protocol === 'socks5:' ? connectBySocks : connectByHttp;
      await handshake(socket, { host, port }, proxy);
      return socket;
    } catch (error) {
      socket.on('error', () => undefined).destroy();
      throw error instanceof ProxyError ? error : failureOf(error, proxy);
    } finally {
      clearTimeout(timer);
      opening.delete(socket);
    }
  }

  async function connect(target: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    let socket: Socket;
    try {
      socket = await open(target.hostname, Number(target.port) || (target.protocol === 'https:' ? 443 : 80));
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    if (target.protocol === 'https:') toServer({ ...target, httpSocket: socket }, callback);
    else callback(null, socket);
  }

  return {
    connect: (target, callback) => void connect(target, callback),
    destroy() {
      for (const socket of opening) socket.destroy();
    },
  };
}

type ProxyCallback = (...result: [null, Socket] | [ProxyError, null]) => void;

/** Connects to the proxy itself, with TLS if its URL says so. */
export function proxyConnector(proxy: URL, timeoutMs: number): (callback: ProxyCallback) => void {
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false });
  const { hostname, host, protocol } = proxy;
  const port = proxy.port || (protocol === 'socks5:' ? '1080' : '');
  const target = { hostname: hostname.replace(/^\[|\]$/g, ''), host, protocol, port };
  return (callback) =>
    connect(target, (error, socket) => {
      if (error === null) callback(null, socket);
      else callback(new ProxyError(proxy, 'cannot be reached', undefined, { cause: error }), null);
    });
}

/** `Proxy-Authorization` for the user name and password in the proxy's URL (RFC 9110, 11.7.2); undefined without them. */
export function proxyAuthorization({ origin, username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return basicCredential(origin, decodeURIComponent(username), decodeURIComponent(password)).authorization;
}

/** @throws ProxyError if the answer is not a 2xx; the socket's error if it breaks */
async function connectByHttp(
  socket: Socket,
  { host, port }: { readonly host: string; readonly port: number },
  proxy: URL,
): Promise<void> {
  // Loaded only if needed: most runs have no proxy.
  const { request } = await import('node:http');
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authorization = proxyAuthorization(proxy);
  const headers = {
    host: authority,
    'proxy-connection': 'keep-alive',
    ...(authorization !== undefined && { 'proxy-authorization': authorization }),
  };
  await new Promise<void>((resolve, reject) => {
    const asking = request({ method: 'CONNECT', path: authority, headers, createConnection: () => socket });
    asking.on('error', reject);
    // For Node, every answer to CONNECT is a connection, whatever its status.
    asking.on('connect', ({ statusCode = 0 }, _, head) => {
      if (statusCode < 200 || statusCode > 299) {
        reject(new ProxyError(proxy, `answered ${statusCode}`, `PROXY_${statusCode}`));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
    asking.end();
  });
}

function failureOf(error: unknown, proxy: URL): ProxyError {
  const { code = '' } = error as NodeJS.ErrnoException;
  // Node reports an end without an answer as a reset ("socket hang up").
  return ['ECONNRESET', 'EPIPE', 'ABORT_ERR'].includes(code)
    ? new ProxyError(proxy, 'closed the connection', 'PROXY_CLOSED', { cause: error })
    : new ProxyError(proxy, 'failed', undefined, { cause: error });
}
