/** Servers on loopback that react to each request as a test says. */

import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  /** The target in the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** The part of the body that was read. */
  body: Buffer;
  /** Whether the whole body was read. */
  isComplete: boolean;
}

export interface TestServer extends AsyncDisposable {
  readonly origin: string;
  readonly received: readonly Received[];
  /** Connections made so far. */
  readonly connections: number;
  url(path?: string): URL;
}

export type Reaction = (exchange: Exchange) => unknown;

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly received: Received;
  readonly socket: Socket;
}

/** Reacts to the first request with the first reaction, and so on; the last one repeats. */
export async function serve(...reactions: readonly [Reaction, ...Reaction[]]): Promise<TestServer> {
  return await serveOn(createServer(), 'http:', ...reactions);
}

export async function serveOn(
  server: Server,
  scheme: 'http:' | 'https:',
  ...reactions: readonly [Reaction, ...Reaction[]]
): Promise<TestServer> {
  const received: Received[] = [];
  let connections = 0;
  server.on('connection', () => connections++);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers, socket } = request;
    const entry = { method, target: url, headers, body: Buffer.alloc(0), isComplete: false };
    const react = reactions[Math.min(received.length, reactions.length - 1)] ?? reactions[0];
    received.push(entry);
    // Many tests cut off a request on purpose.
    request.on('error', () => undefined);
    void (async () => {
      await react({ request, response, received: entry, socket });
    })().catch(() => socket.destroy());
  });
  const origin = await listen(server, scheme);
  return {
    origin,
    received,
    get connections() {
      return connections;
    },
    url: (path = '/') => new URL(path, origin),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await close(server);
    },
  };
}

export async function listen(server: TcpServer, scheme = 'http:'): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `${scheme}//127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function close(server: TcpServer): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** Reads the body to its end, or only this many more bytes. */
export async function readBody({ request, received }: Exchange, bytes = Infinity): Promise<void> {
  if (bytes === 0) return;
  await new Promise<void>((resolve) => {
    const chunks = [received.body];
    let length = 0;
    const finish = (): void => {
      request.off('data', take).off('end', finish).off('close', finish).pause();
      received.body = Buffer.concat(chunks);
      received.isComplete = request.complete;
      resolve();
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= bytes) finish();
    };
    request.on('data', take).once('end', finish).once('close', finish).resume();
  });
}

/** Reads the whole request, then answers. */
export function answer(status: number, body = '', headers: OutgoingHttpHeaders = {}): Reaction {
  return async (exchange) => {
    await readBody(exchange);
    exchange.response.writeHead(status, headers).end(body);
  };
}

/** Reads this many bytes of the body, then resets the connection. */
export function reset(afterBytes: number): Reaction {
  return async (exchange) => {
    await readBody(exchange, afterBytes);
    exchange.socket.resetAndDestroy();
  };
}

/** Reads this many bytes of the body, then closes the connection cleanly without an answer. */
export function hangUp(afterBytes: number): Reaction {
  return async (exchange) => {
    await readBody(exchange, afterBytes);
    exchange.socket.end();
  };
}

/** Reads the whole request, then breaks off in the middle of the answer. */
export function breakOff(how: 'reset' | 'end'): Reaction {
  return async (exchange) => {
    await readBody(exchange);
    exchange.response.writeHead(200, { 'content-length': 100 });
    exchange.response.write('half of the answer', () => {
      // The first half must arrive before the connection ends.
      setTimeout(() => (how === 'reset' ? exchange.socket.resetAndDestroy() : exchange.socket.end()), 20);
    });
  };
}

/** Reads this many bytes of the body, then stalls. */
export function stall(afterBytes: number): Reaction {
  return (exchange) => readBody(exchange, afterBytes);
}
