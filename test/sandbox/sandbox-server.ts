/** One HTTP server on one origin: records every request, detects invalid HTTP, applies faults, and leaves the rest to a handler. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isNativeError } from 'node:util/types';
import { apiError, Refusal } from './answers.ts';
import { Exchange, Preempted } from './exchange.ts';
import type { ServerName } from './faults.ts';
import { listen, type Address } from './listen.ts';
import { preempt } from './preempt.ts';
import type { ServerContext } from './recorded-request.ts';
import { ConnectionLost } from './request-body.ts';

export interface SandboxServer {
  readonly port: number;
  /** No connection is open, and no request is being handled. */
  readonly isIdle: boolean;
  /** Destroys the open connections. */
  close(): Promise<void>;
}

/** Answers through the exchange. @throws Refusal if the request is refused */
export type Handler = (exchange: Exchange) => Promise<void>;

/** Errors caused by a client that gives up or dies, which are not violations. */
const abandonment = new Set(['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE', 'ERR_HTTP_REQUEST_TIMEOUT']);

const singleHeaders = ['host', 'authorization', 'content-type', 'content-length', 'transfer-encoding'];

export async function startServer(
  name: ServerName,
  context: ServerContext,
  address: Address,
  handle: Handler,
): Promise<SandboxServer> {
  const connections = new Map<Duplex, number>();
  const serving = new Set<Promise<void>>();
  let connectionCount = 0;

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // After an answer with `Connection: close`, the server reads no further request.
    if (request.socket.writableEnded) {
      context.violations.push(`${name} ${request.method} ${request.url}: sent on a connection that was closed`);
      return;
    }
    const exchange = new Exchange(name, context, connections.get(request.socket) ?? 0, request, response);
    const served = serve(exchange, handle, context).finally(() => serving.delete(served));
    serving.add(served);
  };
  const refuseRaw = (socket: Duplex, violation: string): void => {
    context.violations.push(`${name}: ${violation}`);
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  };

  const server = createServer({ requireHostHeader: false, requestTimeout: 0, keepAliveTimeout: 60_000 }, onRequest);
  // A waiting client sends its body only when a handler asks for it.
  server.on('checkContinue', onRequest);
  server.on('connect', (request, socket) => refuseRaw(socket, `CONNECT ${request.url}: not a tunnel`));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (abandonment.has(error.code ?? '')) socket.destroy();
    else refuseRaw(socket, `malformed HTTP: ${error.code} ${error.message}`);
  });
  server.on('connection', (socket) => {
    connectionCount += 1;
    connections.set(socket, connectionCount);
    socket.on('error', () => undefined);
    socket.once('close', () => connections.delete(socket));
  });
  const port = await listen(server, address);

  return {
    port,
    get isIdle() {
      return connections.size === 0 && serving.size === 0;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of connections.keys()) socket.destroy();
      await Promise.all([closed, ...serving]);
    },
  };
}

async function serve(exchange: Exchange, handle: Handler, context: ServerContext): Promise<void> {
  try {
    try {
      checkRequest(exchange);
      exchange.takeFault();
      await handle(exchange);
    } catch (error) {
      if (error instanceof Preempted) await preempt(exchange, error.action);
      else if (error instanceof Refusal) await exchange.refuse(error);
      else throw error;
    }
  } catch (error) {
    if (error instanceof ConnectionLost || context.closing.aborted) return;
    exchange.violate(`the sandbox failed: ${isNativeError(error) ? error.stack : String(error)}`);
    exchange.reset();
  }
}

/** Checks that apply to all servers of the sandbox. */
function checkRequest(exchange: Exchange): void {
  const { request, method, path } = exchange;
  const { headers } = request;
  if (headers.host === undefined) refuse(400, 'no Host header');
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((header) => header.toLowerCase());
  // Clients of registries send one Accept header for each media type, which RFC 9110, section 5.3, allows.
  for (const single of exchange.isRegistry ? singleHeaders : [...singleHeaders, 'accept']) {
    if (names.filter((header) => header === single).length > 1) refuse(400, `more than one ${single} header`);
  }
  // RFC 3986, appendix A: path and query.
  if (!/^(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})+$/i.test(path)) refuse(400, 'characters that must be encoded');
  const { 'transfer-encoding': transferEncoding = 'chunked', 'content-encoding': contentEncoding } = headers;
  if (transferEncoding.toLowerCase() !== 'chunked') refuse(501, `Transfer-Encoding ${transferEncoding}`);
  if (contentEncoding !== undefined) refuse(415, `Content-Encoding ${contentEncoding}`);
  if (['GET', 'HEAD', 'DELETE'].includes(method) && exchange.contentLength !== 0) refuse(400, 'a body');
}

function refuse(status: number, violation: string): never {
  throw new Refusal(apiError(status, 'Bad Request'), violation);
}
