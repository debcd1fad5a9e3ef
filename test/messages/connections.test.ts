/** What is said if no connection to the server comes about. */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createHttp2Server } from 'node:http2';
import { createSecureServer } from 'node:http2';
import { createAuthority, future, past, selfSigned, type Validity } from '../http/certificates.ts';
import { startProxy, type ProxyOptions } from '../http/test-proxy.ts';
import { answer, close, hangUp, listen, reset, serve, stall } from '../http/test-servers.ts';
import { startTlsFront } from '../bundle/tls-front.ts';
import { freePort } from '../free-port.ts';
import type { Variables } from '../run-bundle.ts';
import { type Case, type Place, useMessages } from './use-messages.ts';

const base = {
  WORKSPACE: 'acme',
  REPOSITORY: 'app',
  TOKEN: 'secret-of-the-sandbox',
  FILENAME: 'app.zip',
  EXTRA_ARGS: "['--retries', '0', '--no-report']",
};

/** A run with a file, against the server at the address. */
function against(start: (place: Place) => Promise<string | Variables>): Case[1] {
  return async (place) => {
    await place.write('app.zip');
    const address = await start(place);
    return typeof address === 'string' ? { API_URL: `${address}/2.0` } : address;
  };
}

function tls(certificate: ReturnType<typeof selfSigned>, env: Variables = {}): Case[1] {
  return against(async (place) => {
    const server = place.use(await serve(answer(201)));
    const front = place.use(await startTlsFront(server.origin, certificate));
    return { API_URL: `${front.origin}/2.0`, ...env };
  });
}

/** A certificate of an authority that the run trusts. */
function trusted(name: string, validity?: Validity): Case[1] {
  return against(async (place) => {
    await place.write('authority.pem', authority.cert);
    const server = place.use(await serve(answer(201)));
    const front = place.use(await startTlsFront(server.origin, authority.issue([name], validity)));
    return { API_URL: `${front.origin}/2.0`, NODE_EXTRA_CA_CERTS: `${place.directory}/authority.pem` };
  });
}

/** https://server.example/2.0 through a proxy. */
function proxied(options: ProxyOptions, user = ''): Case[1] {
  return against(async (place) => {
    const proxy = place.use(await startProxy(options));
    return { API_URL: 'https://server.example/2.0', HTTPS_PROXY: proxy.url.replace('//', `//${user}`) };
  });
}

async function http2Only(place: Place, isSecure: boolean): Promise<string> {
  const server = isSecure
    ? createSecureServer({ ...authority.issue(['127.0.0.1']), allowHTTP1: false })
    : createHttp2Server();
  server
    .on('error', () => undefined)
    .on('sessionError', () => undefined)
    .on('tlsClientError', () => undefined);
  const origin = await listen(server, isSecure ? 'https:' : 'http:');
  place.use(closing(server));
  return origin;
}

async function raw(place: Place, greeting: string): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(greeting));
  const origin = await listen(server);
  place.use(closing(server));
  return origin;
}

/** Ends the server, and the connections that it would wait for. */
function closing(server: Server): AsyncDisposable {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}

const authority = createAuthority();
const image = {
  TYPE: 'image',
  FILENAME: '',
  IMAGE: 'app:1.0',
  USERNAME: 'dev',
  EXTRA_ARGS: "['--retries', '0', '--join', 'a']",
};

useMessages(
  'connections',
  base,
  [
    ['nothing listens', against(async () => `http://127.0.0.1:${await freePort()}`)],
    ['nothing listens at a registry', async () => ({ ...image, REGISTRY: `127.0.0.1:${await freePort()}` })],
    ['host does not exist', against(async () => 'https://server.invalid')],
    [
      'https to a plain port',
      against(async (place) => place.use(await serve(answer(201))).origin.replace('http:', 'https:')),
    ],
    [
      'http to a TLS port',
      against(async (place) => {
        const server = place.use(await serve(answer(201)));
        return place.use(await startTlsFront(server.origin, selfSigned())).origin.replace('https:', 'http:');
      }),
    ],
    ['self-signed certificate', tls(selfSigned())],
    ['private authority', tls(authority.issue(['127.0.0.1']))],
    ['authority file missing', tls(authority.issue(['127.0.0.1']), { NODE_EXTRA_CA_CERTS: '/nowhere/authority.pem' })],
    [
      'authority file of SSL_CERT_FILE missing',
      tls(authority.issue(['127.0.0.1']), { SSL_CERT_FILE: '/nowhere/authority.pem' }),
    ],
    ['wrong host name', trusted('server.example')],
    ['expired certificate', trusted('127.0.0.1', past)],
    ['certificate of the future', trusted('127.0.0.1', future)],
    ['proxy refuses', proxied({ connects: [403] })],
    ['proxy wants a password', proxied({ credentials: 'user:word' })],
    ['proxy refuses the password', proxied({ credentials: 'user:word' }, 'user:another-password@')],
    ['proxy cannot reach the host', proxied({ connects: [502] })],
    ['proxy hangs up', proxied({ connects: ['end'] })],
    [
      'proxy does not listen',
      against(async () => ({
        API_URL: 'https://server.example/2.0',
        HTTPS_PROXY: `http://127.0.0.1:${await freePort()}`,
      })),
    ],
    [
      'proxy does not exist',
      against(async () => ({ API_URL: 'https://server.example/2.0', HTTPS_PROXY: 'http://proxy.invalid:3128' })),
    ],
    [
      'proxy is a web server',
      against(async (place) => ({
        API_URL: 'https://server.example/2.0',
        HTTPS_PROXY: place.use(await serve(answer(404, 'no'))).origin,
      })),
    ],
    ['HTTP2 only', against(async (place) => await http2Only(place, false))],
    [
      'HTTP2 only with TLS',
      against(async (place) => {
        await place.write('authority.pem', authority.cert);
        return {
          API_URL: `${await http2Only(place, true)}/2.0`,
          NODE_EXTRA_CA_CERTS: `${place.directory}/authority.pem`,
        };
      }),
    ],
    ['not a web server', against(async (place) => await raw(place, 'SSH-2.0-OpenSSH_9.2\r\n'))],
    ['reset', against(async (place) => place.use(await serve(reset(0))).origin)],
    ['closed', against(async (place) => place.use(await serve(hangUp(0))).origin)],
    [
      'no answer',
      against(async (place) => ({
        API_URL: `${place.use(await serve(stall(0))).origin}/2.0`,
        EXTRA_ARGS: "['--retries', '0', '--timeout', '1']",
      })),
    ],
  ],
  unpublished,
);

/** Whether all of it was sent before the connection ended. */
function unpublished(output: string): string {
  return output.replaceAll(
    /(?<= {2}app\.zip: )(?:NOT published|sent, but not confirmed by the server)/g,
    'NOT published, or not confirmed',
  );
}
