/** Terminates TLS in front of a server on loopback, as a gateway does. */

import { connect } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificate } from '../http/certificates.ts';
import { close, listen } from '../http/test-servers.ts';

export interface TlsFront extends AsyncDisposable {
  readonly origin: string;
}

export async function startTlsFront(target: string, certificate: Certificate): Promise<TlsFront> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<{ destroy(): unknown }>();
  const server = createServer(certificate, (socket) => {
    const upstream = connect(Number(port), hostname);
    sockets.add(socket).add(upstream);
    socket.on('error', () => upstream.destroy()).pipe(upstream);
    upstream.on('error', () => socket.destroy()).pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  const origin = await listen(server, 'https:');
  return {
    origin,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}
