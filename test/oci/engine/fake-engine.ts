/** A Docker Engine for tests: an HTTP server with given answers. */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { json } from '../fixtures.ts';
import { type FakeContent, serveContent } from './fake-content.ts';

export type Handler = (response: ServerResponse, request: IncomingMessage) => void;

export interface FakeEngine {
  /** `tcp://127.0.0.1:…`, or `unix://…` */
  readonly host: string;
  /** Paths and queries of the requests, decoded. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface FakeEngineOptions {
  readonly apiVersion?: string | undefined;
  readonly socketPath?: string;
  /** Uses TLS with these options. */
  readonly tls?: ServerOptions;
  /**
   * Serves these blobs one by one, or lets the service at a socket do so. Otherwise, what the engine answers to a request for
   * its services: a status, or nothing.
   */
  readonly content?: FakeContent | { readonly servicePath: string } | { readonly status: number } | 'hangs up';
}

/** @param routes by path, without version and query. Anything else is not found */
export async function startEngine(
  routes: Readonly<Record<string, Handler>>,
  { apiVersion = '1.41', socketPath, tls, content = { status: 404 } }: FakeEngineOptions = {},
): Promise<FakeEngine> {
  const requests: string[] = [];
  const serve: RequestListener = (request, response) => {
    const target = decodeURIComponent(request.url ?? '');
    requests.push(target);
    const path = target.replace(/\?.*$/s, '').replace(/^\/v\d+\.\d+/, '');
    const ping: Handler = (answer) => {
      if (apiVersion !== '') answer.setHeader('api-version', apiVersion);
      answer.end('OK');
    };
    const handler = routes[path] ?? (path === '/_ping' ? ping : notFound);
    handler(response, request);
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  const sockets = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    requests.push(request.url ?? '');
    if (content === 'hangs up') socket.destroy();
    else if ('status' in content)
      socket.end(`HTTP/1.1 ${content.status} Whatever\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
    else {
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      if ('blobs' in content) serveContent(socket, content);
      else socket.pipe(connect(content.servicePath)).pipe(socket);
    }
  });
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  return {
    host:
      socketPath === undefined ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${socketPath}`,
    requests,
    async close() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

export function answer(value: unknown, status = 200): Handler {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(json(value));
  };
}

export function send(bytes: Buffer): Handler {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/x-tar' }).end(bytes);
  };
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'application/json' }).end(json({ message: 'page not found' }));
}
