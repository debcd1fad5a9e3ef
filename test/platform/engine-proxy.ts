/** The Docker Engine as a step of Pipelines has it: on TCP, behind a plugin that refuses some requests. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import type { EngineAddress } from './engine-address.ts';
import { hasDocument, refusalOf } from './refusal.ts';

export interface EngineProxy {
  /** Of the DOCKER_HOST of the step. */
  readonly port: number;
  /** What was refused, such as `POST /v1.41/build: --platform is not allowed`. */
  readonly refusals: readonly string[];
  /** The IDs of all containers created. */
  readonly containers: readonly string[];
  /** The names of all images built. */
  readonly images: readonly string[];
  close(): Promise<void>;
}

export interface EngineProxyOptions {
  readonly engine: EngineAddress;
  readonly cloneDirectory: string;
  /** Default: any that is free. */
  readonly port?: number;
  /** The cgroup of all containers, which limits what they take together. */
  readonly cgroupParent?: string | undefined;
}

export async function startEngineProxy(options: EngineProxyOptions): Promise<EngineProxy> {
  const { engine, cloneDirectory, port = 0, cgroupParent } = options;
  const refusals: string[] = [];
  const containers: string[] = [];
  const images: string[] = [];
  const sockets = new Set<Socket>();

  const forward = (incoming: IncomingMessage, path: string): ReturnType<typeof httpRequest> =>
    httpRequest({ ...engine, agent: false, method: incoming.method, path, headers: incoming.headers });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = incoming;
    const document = hasDocument({ method, url }) ? await json(incoming) : undefined;
    const refusal = refusalOf({ method, url, document }, cloneDirectory);
    if (refusal !== undefined) {
      refusals.push(`${method} ${url}: ${refusal}`);
      const message = `authorization denied by plugin pipelines: ${refusal}`;
      response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
      incoming.resume();
      return;
    }
    const { pathname, searchParams } = new URL(url, 'http://engine');
    const isCreation = pathname.endsWith('/containers/create');
    if (pathname.endsWith('/build')) {
      images.push(...searchParams.getAll('t'));
      if (cgroupParent !== undefined) searchParams.set('cgroupparent', cgroupParent);
    }
    const query = searchParams.toString();
    const outgoing = forward(incoming, query === '' ? pathname : `${pathname}?${query}`);
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    outgoing.on('response', (from) => {
      // The client of `docker wait` sends nothing more before it has the status.
      response.writeHead(from.statusCode ?? 502, from.headers).flushHeaders();
      if (isCreation) from.once('data', (chunk: Buffer) => containers.push(...idsIn(chunk)));
      from.on('error', () => response.destroy()).pipe(response);
    });
    if (document === undefined) incoming.pipe(outgoing);
    else {
      const sent = JSON.stringify(isCreation ? withParent(document, cgroupParent) : document);
      outgoing.setHeader('content-length', Buffer.byteLength(sent));
      outgoing.end(sent);
    }
  }

  const server = createServer({ requestTimeout: 0 }, (incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
  });
  // `docker run` and `docker exec` take the connection for the container's streams.
  server.on('upgrade', (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    const outgoing = forward(incoming, incoming.url ?? '').on('error', () => client.destroy());
    outgoing.on('upgrade', (from, container, first) => {
      client.write(headOf(from));
      client.write(first);
      container.write(head);
      client.on('error', () => container.destroy()).pipe(container);
      container.on('error', () => client.destroy()).pipe(client);
    });
    outgoing.on('response', (from) => {
      client.write(headOf(from));
      from.on('error', () => client.destroy()).pipe(client);
    });
    outgoing.end();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    refusals,
    containers,
    images,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The status line and the headers of an answer that keeps or ends its connection. */
function headOf({ statusCode, statusMessage, headers }: IncomingMessage): string {
  const lines = Object.entries(statusCode === 101 ? headers : { ...headers, connection: 'close' })
    .filter(([name]) => name !== 'transfer-encoding')
    .map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}\r\n`;
}

function withParent(document: unknown, cgroupParent: string | undefined): unknown {
  if (cgroupParent === undefined) return document;
  const { HostConfig = {}, ...rest } = document as { readonly HostConfig?: object };
  return { ...rest, HostConfig: { ...HostConfig, CgroupParent: cgroupParent } };
}

function idsIn(answer: Buffer): readonly string[] {
  return [...answer.toString().matchAll(/"Id":"([0-9a-f]{64})"/g)].map(([, id = '']) => id);
}
