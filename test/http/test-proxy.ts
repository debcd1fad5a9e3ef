/** An HTTP proxy on loopback: forwards requests in absolute form, and tunnels with CONNECT. */

import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { close, listen } from './test-servers.ts';

export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  /** Request lines and headers, as they arrived. */
  readonly seen: readonly { readonly line: string; readonly headers: IncomingHttpHeaders }[];
  /** Clients that are connected now. */
  connections(): number;
}

/** The reaction to a CONNECT: a tunnel, a tunnel after this many milliseconds, or with this status, a refusal, the end of the connection, or nothing. */
export type Tunnelling =
  'tunnel' | { readonly afterMs: number } | { readonly status: number } | 'reset' | 'end' | 'silent' | number;

export interface ProxyOptions {
  /** The target of each host: names that do not exist, since loopback addresses bypass proxies. */
  readonly to?: string | ((host: string, isTunnel: boolean) => string);
  /** The reactions to the first CONNECT and so on; the last one repeats. */
  readonly connects?: readonly Tunnelling[];
  /** The `user:password` that it requires; 407 for any other. */
  readonly credentials?: string;
  /** The proxy itself uses TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const { to, connects = ['tunnel'], credentials, tls } = options;
  const seen: { line: string; headers: IncomingHttpHeaders }[] = [];
  const clients = new Set<Socket>();
  const targets = new Set<Socket>();
  const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
  const targetOf = (url: URL, isTunnel: boolean): URL =>
    new URL(to === undefined ? url.origin : typeof to === 'string' ? to : to(url.hostname, isTunnel));
  const isRefused = (headers: IncomingHttpHeaders): boolean =>
    wanted !== undefined && headers['proxy-authorization'] !== wanted;
  const server: Server = tls === undefined ? createServer() : createSecureServer(tls);
  server.on('request', (request, response) => {
    const { method, url = '', headers } = request;
    seen.push({ line: `${method} ${url}`, headers });
    if (isRefused(headers)) {
      request.resume();
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end('Who are you?');
      return;
    }
    const target = new URL(url);
    const forwarded = httpRequest(
      new URL(target.pathname + target.search, targetOf(target, false)),
      { method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  server.on('connection', (socket: Socket) => clients.add(socket.on('error', () => undefined)));
  server.on('connect', ({ url = '', headers }, socket: Socket, head: Buffer) => {
    const how = connects[Math.min(seen.length, connects.length - 1)] ?? 'tunnel';
    seen.push({ line: `CONNECT ${url}`, headers });
    socket.on('error', () => undefined);
    if (isRefused(headers)) socket.end('HTTP/1.1 407 Who are you?\r\nproxy-authenticate: Basic realm="proxy"\r\n\r\n');
    else if (how === 'reset') socket.resetAndDestroy();
    else if (how === 'end') socket.end();
    else if (how === 'tunnel') openTunnel(targetOf(new URL(`http://${url}`), true), socket, head);
    else if (typeof how === 'object' && 'status' in how)
      openTunnel(targetOf(new URL(`http://${url}`), true), socket, head, how.status);
    else if (typeof how === 'object')
      void delay(how.afterMs).then(() => openTunnel(targetOf(new URL(`http://${url}`), true), socket, head));
    // Keep reading: otherwise its end would go unnoticed.
    else if (how === 'silent') socket.resume().on('end', () => socket.destroy());
    else socket.end(`HTTP/1.1 ${how} No\r\ncontent-length: 0\r\n\r\n`);
  });

  function openTunnel({ hostname, port }: URL, socket: Socket, head: Buffer, status = 200): void {
    const target = connect(Number(port), hostname, () => {
      socket.write(`HTTP/1.1 ${status} OK\r\n\r\n`);
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    targets.add(target);
  }

  const origin = await listen(server, tls === undefined ? 'http:' : 'https:');
  return {
    url: origin,
    seen,
    connections: () => [...clients].filter((socket) => !socket.destroyed).length,
    async [Symbol.asyncDispose]() {
      for (const socket of [...clients, ...targets]) socket.destroy();
      await close(server);
    },
  };
}
