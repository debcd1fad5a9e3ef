/** Servers and proxies that put what they were sent into every part of their answers. */

import { createServer, type IncomingMessage, type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { answer, close, listen, readBody, type Reaction } from './http/test-servers.ts';

/** Writes a secret in one encoding. */
export type Write = (secret: string) => string;

/** What an answer may consist of in a header: visible ASCII, and spaces. */
function inHeader(text: string): string {
  return text.replaceAll(/[^\u0020-\u007E]+/g, ' ');
}

function echoHeaders(value: string): OutgoingHttpHeaders {
  const safe = inHeader(value);
  return {
    'content-type': 'text/plain',
    'x-request-id': safe,
    'www-authenticate': `Basic realm="${safe}"`,
    'proxy-authenticate': `Basic realm="${safe}"`,
    location: `/moved/${safe}?token=${safe}&page=${safe}#${safe}`,
    'retry-after': safe,
    'docker-content-digest': safe,
    'oci-chunk-min-length': safe,
    etag: safe,
    server: safe,
  };
}

function bodies(value: string): readonly (readonly [type: string, text: string])[] {
  return [
    ['text/plain', `not accepted: ${value}`],
    ['application/json', JSON.stringify({ errors: [{ code: value, message: value, detail: value }], error: value })],
    ['text/html', `<!doctype html><title>${value}</title>`],
    ['application/json', `{"error": ${value}`],
  ];
}

/** Answers with this status, and echoes the credentials of the request that it was sent. @param others further secrets to echo */
export function echoing(status: number, write: Write, others: readonly string[] = []): Reaction {
  let answered = 0;
  return async (exchange) => {
    await readBody(exchange);
    const value = [...secretsIn(exchange.request), ...others, exchange.request.url ?? ''].map(write).join(' ');
    const [type, text] = bodies(value)[answered++ % bodies(value).length] ?? ['', ''];
    const reason = inHeader(`${STATUS_CODES[status]} ${value}`);
    exchange.response.writeHead(status, reason, { ...echoHeaders(value), 'content-type': type }).end(text);
  };
}

/** Asks for credentials first, if there are none: a client of a registry sends them only then. */
export function challenging(react: Reaction): Reaction {
  return async (exchange) => {
    const { authorization, 'x-octopus-apikey': key } = exchange.request.headers;
    if (authorization !== undefined || key !== undefined) return await react(exchange);
    return await answer(401, '', { 'www-authenticate': 'Basic realm="echo"' })(exchange);
  };
}

/** As sent, and without its encoding. */
function secretsIn({ headers }: IncomingMessage): readonly string[] {
  return [headers.authorization, headers['proxy-authorization'], headers['x-octopus-apikey']].flatMap((header) => {
    if (typeof header !== 'string') return [];
    const [scheme, value = ''] = header.split(' ');
    if (value === '') return [header];
    return scheme === 'Basic' ? [value, Buffer.from(value, 'base64').toString()] : [value];
  });
}

export interface EchoProxy extends AsyncDisposable {
  readonly host: string;
}

/** A proxy that refuses every request and every tunnel with this status, and echoes the credentials that it was sent. */
export async function startEchoProxy(status: number, write: Write): Promise<EchoProxy> {
  const sockets = new Set<Socket>();
  const server = createServer();
  const react = echoing(status, write);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  server.on('request', (request, response) => {
    const received = { method: '', target: '', headers: request.headers, body: Buffer.alloc(0), isComplete: false };
    void react({ request, response, received, socket: request.socket });
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const value = secretsIn(request).map(write).join(' ');
    const lines = Object.entries(echoHeaders(value)).map(([name, text]) => `${name}: ${String(text)}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${inHeader(value)}\r\n${lines.join('')}\r\n${value}`);
  });
  const origin = await listen(server);
  return {
    host: new URL(origin).host,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}
