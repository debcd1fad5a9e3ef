/** An HTTP proxy on loopback: forwards requests in absolute form, and tunnels with CONNECT. */

import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { close, listen } from './test-servers.ts';

export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  /** Request lines and headers, as they arrived. */
  readonly seen: readonly { readonly line: string; readonly headers: IncomingHttpHeaders }[];
}

/** What becomes of the n-th CONNECT: a tunnel, a refusal, or the end of the connection. */
export type Tunnelling = 'tunnel' | 'reset' | 'end' | number;

export async function startProxy(...tunnellings: readonly Tunnelling[]): Promise<TestProxy> {
  const seen: { line: string; headers: IncomingHttpHeaders }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { method, url = '', headers } = request;
    seen.push({ line: `${method} ${url}`, headers });
    const forwarded = httpRequest(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forwarded);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', ({ url = '', headers }, socket: Socket, head) => {
    const how = tunnellings[Math.min(seen.length, tunnellings.length - 1)] ?? 'tunnel';
    seen.push({ line: `CONNECT ${url}`, headers });
    socket.on('error', () => undefined);
    if (how === 'reset') socket.resetAndDestroy();
    else if (how === 'end') socket.end();
    else if (how !== 'tunnel') socket.end(`HTTP/1.1 ${how} No\r\ncontent-length: 0\r\n\r\n`);
    else {
      const { hostname, port } = new URL(`http://${url}`);
      const target = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.write(head);
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      sockets.add(target);
    }
  });
  const origin = await listen(server);
  return {
    url: origin,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}
