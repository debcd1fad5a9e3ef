/** Servers and proxies that cannot be talked to, each for another reason, on real sockets: what is said, and what to do. */

import { createServer } from 'node:http';
import { createSecureServer as createSecureHttp2Server, createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { explain } from '../../pipe/destinations/advice.ts';
import { NetworkError } from '../../pipe/errors.ts';
import { discard } from '../../pipe/http/answer.ts';
import type { ProxySettings } from '../../pipe/http/proxies.ts';
import { bytesBody } from '../../pipe/io/body.ts';
import { createAuthority, future, past, selfSigned } from './certificates.ts';
import { patternBody, testClient } from './test-client.ts';
import { type ProxyOptions, startProxy } from './test-proxy.ts';
import { answer, close, hangUp, listen, reset, serve, type TestServer } from './test-servers.ts';
import { startSocks } from './test-socks.ts';

const authority = createAuthority();
const names = ['127.0.0.1', 'server.example'];
const good = authority.issue(names);
const usualCertificates = getCACertificates('default');

beforeAll(() => setDefaultCACertificates([...usualCertificates, authority.cert]));
afterAll(() => setDefaultCACertificates(usualCertificates));

interface Told {
  readonly code: string;
  /** The message after the request. */
  readonly message: string;
  readonly advice: string | undefined;
  readonly attempts: number;
}

/** Sends an upload, and returns what a user is told. */
async function upload(url: string | URL, proxies: Partial<ProxySettings> = {}): Promise<Told> {
  await using http = testClient({
    proxies: { none: '', ...proxies },
    policy: { retries: 1, baseMs: 1, capMs: 1, maxWaitMs: 1 },
  });
  const request = { method: 'PUT', url: new URL(url), accept: [201], body: bytesBody('content') } as const;
  const error: unknown = await http.send(request, discard).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NetworkError);
  const { code, message } = error as NetworkError;
  expect(message).toMatch(/^PUT https?:\/\//);
  expect(message).not.toMatch(/openssl|routines|deps|\n/i);
  const attempts = 1 + http.lines.filter((line) => line.includes('Trying again')).length;
  return { code, message: message.replace(/^PUT \S+: /, ''), advice: explain(error, destination, settings), attempts };
}

const destination = { advice: [], isBitbucket: () => false, serverVariable: 'REGISTRY' as const };
const settings = {
  concurrency: 4,
  maxConcurrency: 16,
  retries: 5,
  timeoutMs: 120_000,
  isDryRun: false,
  wantsReport: false,
  isDebug: false,
  proxies: { none: '' },
};

/** Runs a server for the time of `use`. */
async function withServer<T>(server: Server, scheme: string, use: (origin: string) => Promise<T>): Promise<T> {
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
  server.on('tlsClientError', () => undefined);
  const origin = await listen(server, scheme);
  try {
    return await use(origin);
  } finally {
    for (const socket of sockets) socket.destroy();
    await close(server);
  }
}

/** Sends these bytes as soon as it is spoken to, and closes. */
const saying = (bytes: string | Buffer): Server =>
  createTcpServer((socket) => socket.once('data', () => socket.end(bytes)));

const untrusted = /does not trust the certificate of the host that REGISTRY names\. .*set NODE_EXTRA_CA_CERTS/;

const overTls: readonly [string, () => Server, string, string, RegExp][] = [
  [
    'an expired certificate',
    () => createHttpsServer(authority.issue(names, past)),
    'CERT_HAS_EXPIRED',
    'its certificate has expired',
    /^Renew the certificate of the host that REGISTRY names\. .*clock/,
  ],
  [
    'a certificate of the future',
    () => createHttpsServer(authority.issue(names, future)),
    'CERT_NOT_YET_VALID',
    'its certificate is not valid yet',
    /^Correct the runner's clock\./,
  ],
  [
    'a self-signed certificate',
    () => createHttpsServer(selfSigned(names)),
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'its certificate is signed by itself or by an unknown authority',
    untrusted,
  ],
  [
    'a certificate of an unknown authority',
    () => createHttpsServer(createAuthority('another').issue(names)),
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'its certificate is signed by an unknown authority, or an intermediate certificate is missing',
    untrusted,
  ],
  [
    'a certificate for other hosts',
    () => createHttpsServer(authority.issue(['a.example', 'b.example'])),
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'its certificate is for another host (ERR_TLS_CERT_ALTNAME_INVALID): DNS:a.example, DNS:b.example',
    /^Use a host name in REGISTRY that the certificate has/,
  ],
  [
    'plain http instead of TLS',
    () => createServer(),
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'this port does not speak TLS',
    /^Check the port in REGISTRY\. If the server speaks plain http, write http:\/\/ .*--plain-http/,
  ],
  [
    'SSH instead of TLS',
    () => saying('SSH-2.0-OpenSSH\r\n'),
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'this port does not speak TLS',
    /^Check the port in REGISTRY/,
  ],
  [
    'HTTP/2 only',
    () => createSecureHttp2Server(good),
    'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    'the server speaks HTTP/2 only',
    /^Let the server that REGISTRY names, .* accept HTTP\/1\.1/,
  ],
  [
    'TLS 1.1 only',
    () => createHttpsServer({ ...good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    'the server speaks only old versions of TLS',
    /TLS 1\.2/,
  ],
  [
    'something else inside TLS',
    () => createTlsServer(good, (socket) => socket.on('error', () => undefined).end('+OK POP3 ready\r\n')),
    'NOT_HTTP',
    'the answer is not valid HTTP',
    /^Something other than a web server answers there: check the host and the port in REGISTRY\./,
  ],
];

describe('over TLS,', () => {
  const told = (code: string, words: string, advice: RegExp): object => ({
    code,
    message: words.includes(code) ? words : `${words} (${code})`,
    advice: expect.stringMatching(advice),
    attempts: 1,
  });

  it.each(overTls)('%s is told, and not tried again', async (_, start, code, words, advice) => {
    await withServer(start(), 'https:', async (origin) =>
      expect(await upload(origin)).toEqual(told(code, words, advice)),
    );
  });

  it.each(overTls)('%s is told through a CONNECT tunnel', async (_, start, code, words, advice) => {
    await withServer(start(), 'https:', async (to) => {
      await using proxy = await startProxy({ to });
      expect(await upload('https://server.example', { https: proxy.url })).toEqual(told(code, words, advice));
      expect(proxy.seen).toHaveLength(1);
    });
  });

  it.each(overTls)('%s is told through a SOCKS proxy', async (_, start, code, words, advice) => {
    await withServer(start(), 'https:', async (to) => {
      await using socks = await startSocks({ to });
      expect(await upload('https://server.example', { https: `socks5://${socks.host}` })).toEqual(
        told(code, words, advice),
      );
    });
  });

  it.each(overTls.slice(0, 7))('%s is told of a proxy', async (_, start, code, words) => {
    await withServer(start(), 'https:', async (https) => {
      const { message, advice, attempts } = await upload('https://server.example', { https });
      const shown = words.includes(code) ? words : `${words} (${code})`;
      expect([message, attempts]).toEqual([`the proxy ${new URL(https).host}: ${shown}`, 1]);
      expect(advice).toMatch(/HTTPS_PROXY|clock/);
      expect(advice).not.toContain('REGISTRY');
    });
  });
});

describe('over plain http,', () => {
  it.each<[string, () => Server, string, string, RegExp, number]>([
    [
      'a TLS port that answers with an alert',
      () => saying(Buffer.from('15030100020246', 'hex')),
      'TLS_ANSWER',
      'this port speaks TLS, not plain http',
      /^Write https:\/\/ in REGISTRY\./,
      1,
    ],
    [
      'a TLS port that closes',
      () => createTlsServer(good),
      'UND_ERR_SOCKET',
      'connection closed by the server',
      /^The server, or a proxy or firewall .* raise --retries .* write https:\/\/ if the server speaks TLS there\.$/,
      2,
    ],
    ['HTTP/2 only', () => createHttp2Server(), 'HTTP2_ANSWER', 'the server speaks HTTP/2 only', /accept HTTP\/1\.1/, 1],
    [
      'SSH',
      () => saying('SSH-2.0-OpenSSH\r\n'),
      'NOT_HTTP',
      'the answer is not valid HTTP',
      /^Something other than a web server answers there/,
      1,
    ],
    [
      'a header that is none',
      () => saying('HTTP/1.1 201 Created\r\nno header\r\n\r\n'),
      'NOT_HTTP',
      'the answer is not valid HTTP',
      /^Something other than a web server/,
      1,
    ],
  ])('%s is told', async (_, start, code, words, advice, attempts) => {
    await withServer(start(), 'http:', async (origin) =>
      expect(await upload(origin)).toEqual({
        code,
        message: `${words} (${code})`,
        advice: expect.stringMatching(advice),
        attempts,
      }),
    );
  });
});

async function closedOrigin(scheme: string): Promise<string> {
  const server = createTcpServer();
  const origin = await listen(server, scheme);
  await close(server);
  return origin;
}

describe('a refused connection', () => {
  it.each(['http:', 'https:'])('is told after retries, %s', async (scheme) => {
    expect(await upload(await closedOrigin(scheme))).toEqual({
      code: 'ECONNREFUSED',
      message: 'connection refused (ECONNREFUSED)',
      advice: expect.stringMatching(/^Nothing accepts connections at that host and port: check REGISTRY,/),
      attempts: 2,
    });
  });

  it.each(['http:', 'https:', 'socks5:'])('is told of a proxy, %s', async (scheme) => {
    const proxy = await closedOrigin(scheme);
    expect(await upload('https://server.example', { https: proxy })).toEqual({
      code: 'ECONNREFUSED',
      message: `the proxy ${proxy.replace(/^.*\//, '')}: connection refused (ECONNREFUSED)`,
      advice: expect.stringMatching(/^Nothing accepts connections at that host and port: check HTTPS_PROXY/),
      attempts: 2,
    });
  });

  it('after a redirect names the host that it concerns', async () => {
    const next = await closedOrigin('http:');
    await using server = await serve(({ response }) => response.writeHead(307, { location: next }).end());
    await using http = testClient({ policy: { retries: 0, baseMs: 1, capMs: 1, maxWaitMs: 1 } });
    const request = { method: 'GET', url: server.url(), accept: [200], redirects: 1 } as const;
    await expect(http.send(request, discard)).rejects.toThrow(`GET ${next}/: connection refused (ECONNREFUSED)`);
  });
});

it('a host without a route is told after retries', async () => {
  // Multicast: no TCP connection is possible.
  const { code, message, advice, attempts } = await upload('http://224.0.0.1/');
  expect(code).toMatch(/^E(?:HOST|NET)UNREACH$/);
  expect([message, attempts]).toEqual([`there is no route to the host (${code})`, 2]);
  expect(advice).toMatch(/^This machine cannot reach that network: check REGISTRY, and whether .* needs a proxy/);
});

describe('a proxy', () => {
  it.each<[string, ProxyOptions, string, RegExp, number]>([
    ['that refuses', { connects: [403] }, 'answered 403', /^The proxy in HTTPS_PROXY .* does not allow .*NO_PROXY/, 1],
    [
      'that wants a password',
      { credentials: 'a:b' },
      'answered 407',
      /^The proxy wants a user name .* into HTTPS_PROXY/,
      1,
    ],
    ['that cannot connect', { connects: [502] }, 'answered 502', /^The proxy is overloaded, or cannot reach/, 2],
    ['that closes', { connects: ['end'] }, 'closed the connection', /^The proxy is overloaded.*raise --retries/, 2],
    ['that is none', { connects: [404] }, 'answered 404', /^Check that HTTPS_PROXY .* names a proxy/, 1],
  ])('%s is told, with what to do', async (_, options, words, advice, attempts) => {
    await using proxy = await startProxy(options);
    expect(await upload('https://server.example', { https: proxy.url })).toMatchObject({
      message: `the proxy ${new URL(proxy.url).host} ${words}`,
      advice: expect.stringMatching(advice),
      attempts,
    });
  });

  it.each<[string, () => Server, string, RegExp]>([
    ['SSH', () => saying('SSH-2.0-OpenSSH\r\n'), 'NOT_HTTP', /^Something other than an HTTP proxy answers there/],
    ['TLS', () => saying(Buffer.from('15030100020246', 'hex')), 'TLS_ANSWER', /^Write https:\/\/ in HTTPS_PROXY/],
  ])('that speaks %s is told', async (_, start, code, advice) => {
    await withServer(start(), 'http:', async (https) => {
      const told = await upload('https://server.example', { https });
      expect(told).toMatchObject({ code, advice: expect.stringMatching(advice), attempts: 1 });
      expect(told.message).toMatch(/^the proxy /);
    });
  });

  it('that answers without a tunnel over plain http is not mistaken for the server', async () => {
    await using server = await serve(answer(201));
    await using proxy = await startProxy({ to: server.origin, credentials: 'a:b' });
    const told = await upload('http://server.example', { http: proxy.url });
    expect(told).toMatchObject({ code: 'PROXY_407', advice: expect.stringMatching(/^The proxy wants/) });
  });
});

it.each([
  [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'the server refuses the TLS handshake (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED)',
    /client certificate/,
  ],
  ['CERT_REVOKED', 'its certificate is not valid (CERT_REVOKED)', untrusted],
  [
    'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
    'the TLS handshake failed (ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC)',
    /^Check the port/,
  ],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_UNTRUSTED', 'INVALID_CA'].map(
    (code) =>
      [
        code,
        `its certificate is signed by an unknown authority, or an intermediate certificate is missing (${code})`,
        untrusted,
      ] as const,
  ),
  [
    'HOSTNAME_MISMATCH',
    'its certificate is for another host (HOSTNAME_MISMATCH)',
    /^Use a host name in REGISTRY that the certificate has/,
  ],
  ...['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST'].map(
    (code) => [code, `this port does not speak TLS (${code})`, /^Check the port in REGISTRY.*write http:/] as const,
  ),
  [
    'ERR_SSL_UNSUPPORTED_PROTOCOL',
    'the server speaks only old versions of TLS (ERR_SSL_UNSUPPORTED_PROTOCOL)',
    /^Let the server speak TLS 1\.2 or newer\.$/,
  ],
  [
    'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
    'the server refuses the TLS handshake (ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE)',
    /client certificate/,
  ],
  ...['EACCES', 'EPERM'].map((code) => [code, `this machine forbids the connection (${code})`, /firewall or/] as const),
  ...['EMFILE', 'ENFILE'].map(
    (code) => [code, `too many files and connections are open (${code})`, /^Open fewer at a time/] as const,
  ),
  [
    'EADDRNOTAVAIL',
    'this machine has no free port, or no address, for the connection (EADDRNOTAVAIL)',
    /^Lower --concurrency.* raise --retries/,
  ],
])('the code %s, which is rare, is told in our words too', async (code, words, advice) => {
  const { toPipeError } = await import('../../pipe/http/to-pipe-error.ts');
  const cause = Object.assign(new Error('4073:error:SSL routines:deps/openssl\n'), { code });
  const error = toPipeError(cause, { method: 'PUT', url: 'https://x' }, 'https server');
  expect(error).toMatchObject({ message: `PUT https://x: ${words}`, code });
  expect(explain(error, destination, settings)).toMatch(advice);
});

describe('a connection that closes before any answer', () => {
  const closing =
    'The server, or a proxy or firewall on the way to it, closes the connection before the answer is complete. Run the step again; raise --retries to keep trying longer.';
  const small = 1_000_000;
  const large = 5_000_000;

  async function adviceAfter(server: TestServer, bytes: number, earlier = 0): Promise<string | undefined> {
    await using http = testClient({ policy: { retries: 0, baseMs: 1, capMs: 1, maxWaitMs: 1 } });
    const request = { method: 'PUT', url: server.url(), accept: [201] } as const;
    for (let count = 0; count < earlier; count++) await http.send({ ...request, body: bytesBody('first') }, discard);
    const error: unknown = await http
      .send({ ...request, body: patternBody(bytes) }, discard)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NetworkError);
    return explain(error, destination, settings);
  }

  describe.each([
    ['reset', reset],
    ['closed', hangUp],
  ])('%s', (_, end) => {
    it('leads to the port and the scheme if nothing has ever answered there', async () => {
      await using server = await serve(end(0));
      expect(await adviceAfter(server, small)).toBe(
        `${closing} Nothing has answered there yet: check the port in REGISTRY, and write https:// if the server speaks TLS there.`,
      );
    });

    it('leads only to patience if the server has answered before', async () => {
      await using server = await serve(answer(201), end(0));
      expect(await adviceAfter(server, small, 1)).toBe(closing);
    });

    it('leads to limits if much is sent', async () => {
      await using server = await serve(answer(201), end(0));
      expect(await adviceAfter(server, large, 1)).toBe(
        `${closing} If it always closes here, it may refuse content of this size (5.00 MB): have its limit raised.`,
      );
    });
  });

  it('leads to the port alone over TLS', async () => {
    await withServer(
      createTcpServer((socket) => socket.resetAndDestroy()),
      'https:',
      async (origin) => {
        const { advice } = await upload(origin);
        expect(advice).toBe(`${closing} Nothing has answered there yet: check the port in REGISTRY.`);
      },
    );
  });

  it('is told of a proxy that closes it', async () => {
    await withServer(
      createTcpServer((socket) => socket.resetAndDestroy()),
      'https:',
      async (https) => {
        const { advice } = await upload('https://server.example', { https });
        expect(advice).toBe(
          'The proxy, or a firewall on the way to it, closes the connection before the answer is complete. Run the step again; raise --retries to keep trying longer. Nothing has answered there yet: check the port in HTTPS_PROXY (HTTP_PROXY, ALL_PROXY).',
        );
      },
    );
  });
});

it.each(['INCOMPLETE_REQUEST', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UNKNOWN'])(
  'advises only patience if an exchange breaks off otherwise: %s',
  (code) => {
    expect(explain(new NetworkError('m', code, { peer: 'http server' }), destination, settings)).toBe(
      'The network or the server kept failing. Run the step again; raise --retries to keep trying longer.',
    );
  },
);
