/** A server of raw sockets in front of one server of the sandbox, which behaves as a plan says. */

import { Agent } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Certificate } from '../../http/certificates.ts';
import { Exchange, type RequestHead } from './exchange.ts';
import { ClientGone, createSocketReader } from './socket-reader.ts';

export interface FrontOptions {
  /** The address to listen on. */
  readonly host: string;
  /** The host name for clients. */
  readonly publicHost: string;
  readonly upstream: URL;
  readonly translate: (text: string) => string;
  /** For https. */
  readonly certificate?: Certificate | undefined;
  /** Each connection serves one request, so that a fault of a connection is one of a request. */
  readonly closesEach: boolean;
  /** Decides what happens to a connection, by its number. */
  readonly onConnection?: (number: number) => OddConnection | undefined;
  /** Handles a request. */
  readonly onRequest: (exchange: Exchange) => Promise<void>;
}

/** Another certificate, or what a server says whose port speaks the other protocol. */
export type OddConnection = Certificate | 'plain port' | 'TLS port';

export interface Front extends AsyncDisposable {
  readonly origin: string;
  /** What went wrong in the front itself. */
  readonly problems: readonly string[];
  /** Refuses connections from now on. */
  close(): void;
  /** Accepts connections again, on the same port. */
  open(): Promise<void>;
}

/** The answer to the first bytes of the other protocol. */
const wrongProtocol = {
  'plain port': 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
  // A fatal alert, "unexpected message" (RFC 8446, 6).
  'TLS port': Buffer.from('1503010002020a', 'hex'),
} as const;

const contexts = new WeakMap<Certificate, SecureContext>();

export async function startFront(options: FrontOptions): Promise<Front> {
  const { host, upstream, certificate } = options;
  const agent = new Agent({ keepAlive: true });
  const sockets = new Set<Duplex>();
  const problems: string[] = [];
  let connections = 0;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) => {
    const given = options.onConnection?.(connections);
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    if (typeof given === 'string') {
      socket.once('data', () => socket.end(wrongProtocol[given]));
      return;
    }
    const shown = given ?? certificate;
    void converse(shown === undefined ? socket : secured(socket, shown)).catch((error: unknown) => {
      socket.destroy();
      if (!(error instanceof ClientGone)) problems.push(error instanceof Error ? (error.stack ?? '') : String(error));
    });
  });
  await listen(0);
  const { port } = server.address() as AddressInfo;

  async function listen(wanted: number): Promise<void> {
    server.listen(wanted, host);
    await once(server, 'listening');
  }

  async function converse(socket: Duplex): Promise<void> {
    const reader = createSocketReader(socket);
    const target = {
      host: upstream.hostname,
      port: Number(upstream.port),
      agent,
      translate: options.translate,
      closesEach: options.closesEach,
    };
    for (;;) {
      const bytes = await reader.until('\r\n\r\n');
      if (bytes === undefined) break;
      const head = parseHead(bytes.toString('latin1'));
      if (head === undefined) {
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      const exchange = new Exchange(head, socket, reader, target);
      await options.onRequest(exchange);
      if (exchange.isOver) return;
    }
    socket.end();
  }

  return {
    origin: `${certificate === undefined ? 'http' : 'https'}://${options.publicHost}:${port}`,
    problems,
    close: () => void server.close(),
    async open() {
      // The port is free again once the last connection to it has been forgotten.
      for (let attempt = 0; !server.listening; attempt++) {
        try {
          await listen(port);
        } catch (error) {
          if (attempt === 20) throw error;
          await sleep(5);
        }
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

function secured(socket: Socket, shown: Certificate): Duplex {
  const secureContext = contexts.get(shown) ?? createSecureContext(shown);
  contexts.set(shown, secureContext);
  return new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => socket.destroy());
}

/** Undefined if it is not HTTP. */
function parseHead(text: string): RequestHead | undefined {
  const [start = '', ...lines] = text.trimEnd().split('\r\n');
  const [, method, path] = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(start) ?? [];
  if (method === undefined || path === undefined) return undefined;
  const headers = lines.flatMap((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at), line.slice(at + 1).trim()];
  });
  return { method, path, headers };
}
