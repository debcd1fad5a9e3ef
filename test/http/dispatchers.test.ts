import { createServer as createHttpsServer } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDispatchers, type Dispatchers } from '../../pipe/http/dispatchers.ts';
import type { ProxySettings } from '../../pipe/http/proxies.ts';
import { selfSigned } from './certificates.ts';
import { startProxy } from './test-proxy.ts';
import { startSocks } from './test-socks.ts';
import { answer, serve, serveOn, stall, type TestServer } from './test-servers.ts';

const certificate = selfSigned(['127.0.0.1', 'server.example']);
const usualCertificates = getCACertificates('default');

beforeAll(() => setDefaultCACertificates([...usualCertificates, certificate.cert]));
afterAll(() => setDefaultCACertificates(usualCertificates));

async function serveTls(): Promise<TestServer> {
  return await serveOn(createHttpsServer(certificate), 'https:', answer(200, 'secure'));
}

function dispatchers(proxies: Partial<ProxySettings>): Dispatchers & AsyncDisposable {
  const created = createDispatchers({ none: '', ...proxies }, 1_000);
  return { ...created, [Symbol.asyncDispose]: () => created.destroy() };
}

/** The server's address with a host name that only the proxy can resolve. */
function named(server: TestServer, path = '/'): URL {
  const url = server.url(path);
  url.hostname = 'server.example';
  return url;
}

async function get(through: Dispatchers, url: URL): Promise<string> {
  const headers = { authorization: 'Bearer token' };
  const response = await through
    .forUrl(url)
    .request({ origin: url.origin, path: url.pathname, method: 'GET', headers });
  return await response.body.text();
}

describe('without a proxy', () => {
  it('reaches http and https servers', async () => {
    await using plain = await serve(answer(200, 'plain'));
    await using secure = await serveTls();
    await using direct = dispatchers({});
    expect([await get(direct, plain.url()), await get(direct, secure.url())]).toEqual(['plain', 'secure']);
  });
});

describe('through a proxy', () => {
  it("sends http in absolute form, and the proxy's password to the proxy only", async () => {
    await using server = await serve(answer(200, 'plain'));
    await using proxy = await startProxy({ to: server.origin });
    await using through = dispatchers({ http: proxy.url.replace('//', '//user:p%40ss@') });
    expect(await get(through, named(server, '/path'))).toBe('plain');
    expect(proxy.seen).toMatchObject([
      {
        line: `GET ${named(server, '/path').href}`,
        headers: { 'proxy-authorization': `Basic ${Buffer.from('user:p@ss').toString('base64')}` },
      },
    ]);
  });

  it('tunnels https, so that the proxy sees only the host', async () => {
    await using server = await serveTls();
    await using proxy = await startProxy({ to: server.origin });
    await using through = dispatchers({ https: proxy.url.replace('//', '//user:p%40ss@') });
    expect(await get(through, named(server, '/path'))).toBe('secure');
    expect(proxy.seen).toMatchObject([
      {
        line: `CONNECT ${named(server).host}`,
        headers: { 'proxy-authorization': `Basic ${Buffer.from('user:p@ss').toString('base64')}` },
      },
    ]);
    expect(proxy.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(server.received).toMatchObject([{ target: '/path', headers: { authorization: 'Bearer token' } }]);
    expect(server.received[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('uses a separate proxy for each scheme', async () => {
    await using plain = await serve(answer(200, 'plain'));
    await using secure = await serveTls();
    await using proxy = await startProxy({ to: plain.origin });
    await using onlyHttps = dispatchers({ https: proxy.url });
    await expect(get(onlyHttps, named(plain))).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await using onlyHttp = dispatchers({ http: proxy.url });
    await expect(get(onlyHttp, named(secure))).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(proxy.seen).toEqual([]);
  });

  it('bypasses it for loopback addresses, so that it sees none of their credentials', async () => {
    await using plain = await serve(answer(200, 'plain'));
    await using secure = await serveTls();
    await using proxy = await startProxy();
    await using around = dispatchers({ http: proxy.url, https: proxy.url });
    const localhost = plain.url();
    localhost.hostname = 'localhost';
    expect([await get(around, plain.url()), await get(around, localhost), await get(around, secure.url())]).toEqual([
      'plain',
      'plain',
      'secure',
    ]);
    expect(proxy.seen).toEqual([]);
  });

  it.each(['server.example', '*', 'a.example, .example ,b.test'])('bypasses it if NO_PROXY is %j', async (none) => {
    await using proxy = await startProxy();
    await using around = dispatchers({ http: proxy.url, https: proxy.url, none });
    for (const url of ['http://server.example/', 'https://server.example/'])
      await expect(get(around, new URL(url))).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(proxy.seen).toEqual([]);
  });

  it.each(['', 'server', 'erver.example', 'server.example:1'])('uses it if NO_PROXY is %j', async (none) => {
    await using server = await serve(answer(200, 'plain'));
    await using proxy = await startProxy({ to: server.origin });
    await using through = dispatchers({ http: proxy.url, none });
    await get(through, named(server));
    expect(proxy.seen).toHaveLength(1);
  });

  it.each([200, 201, 204])('accepts %i as the answer to CONNECT', async (status) => {
    await using server = await serveTls();
    await using proxy = await startProxy({ to: server.origin, connects: [{ status }] });
    await using through = dispatchers({ https: proxy.url });
    expect(await get(through, named(server))).toBe('secure');
  });

  it.each([
    [403, 'PROXY_403'],
    [407, 'PROXY_407'],
    [502, 'PROXY_502'],
  ])('names the proxy that answers %i', async (status, proxyCode) => {
    await using proxy = await startProxy({ connects: [status] });
    await using through = dispatchers({ https: proxy.url });
    await expect(get(through, new URL('https://server.example'))).rejects.toMatchObject({
      name: 'ProxyError',
      proxy: new URL(proxy.url).host,
      message: `answered ${status}`,
      proxyCode,
    });
  });

  it('does not take a 407 to plain http for the answer of the server', async () => {
    await using proxy = await startProxy({ credentials: 'user:word' });
    await using through = dispatchers({ http: proxy.url });
    await expect(get(through, new URL('http://server.example/'))).rejects.toMatchObject({
      name: 'ProxyError',
      proxyCode: 'PROXY_407',
    });
  });

  it('names a proxy that is not there, with the reason', async () => {
    const { url, ...proxy } = await startProxy();
    await proxy[Symbol.asyncDispose]();
    await using through = dispatchers({ http: url, https: url });
    for (const server of ['http://server.example', 'https://server.example'])
      await expect(get(through, new URL(server))).rejects.toMatchObject({
        name: 'ProxyError',
        proxy: new URL(url).host,
        cause: { code: 'ECONNREFUSED' },
      });
  });

  it('gives up on a proxy that never answers, and can try again', async () => {
    await using server = await serveTls();
    await using proxy = await startProxy({ to: server.origin, connects: ['silent', 'tunnel'] });
    await using through = dispatchers({ https: proxy.url });
    await expect(get(through, named(server))).rejects.toMatchObject({
      proxyCode: 'PROXY_TIMEOUT',
      message: expect.stringContaining('did not answer within 1 s'),
    });
    expect(await get(through, named(server))).toBe('secure');
  });

  it('destroy closes a connection that the proxy has not passed on yet', async () => {
    await using proxy = await startProxy({ connects: ['silent'] });
    const through = createDispatchers({ none: '', https: proxy.url }, 60_000);
    const failure = expect(get(through, new URL('https://server.example'))).rejects.toThrow();
    while (proxy.seen.length === 0) await new Promise(setImmediate);
    await through.destroy();
    await failure;
    while (proxy.connections() > 0) await new Promise(setImmediate);
  });

  it('connects directly to a server that is a proxy itself', async () => {
    await using server = await serve(answer(200, 'plain'));
    await using proxy = await startProxy();
    await using through = dispatchers({ http: proxy.url });
    await through.direct.request({ origin: server.origin, path: 'http://api.example/path', method: 'GET' });
    expect([proxy.seen, server.received[0]?.target]).toEqual([[], 'http://api.example/path']);
  });
});

describe('through a SOCKS5 proxy', () => {
  it.each<[string, string, object]>([
    ['without a password', '', {}],
    ['with a password', 'user:p%40ss@', { credentials: 'user:p@ss' }],
    ['with a password that it does not ask for', 'user:word@', {}],
    ['that answers byte by byte', 'user:word@', { credentials: 'user:word', isSlow: true }],
    ['that names its own address', '', { bound: 'name', isSlow: true }],
    ['that has an IPv6 address', '', { bound: 'ipv6' }],
  ])('%s, http and https servers are reached, and it resolves their names', async (_, user, options) => {
    await using plain = await serve(answer(200, 'plain'));
    await using secure = await serveTls();
    await using plainSocks = await startSocks({ ...options, to: plain.origin });
    await using secureSocks = await startSocks({ ...options, to: secure.origin });
    await using through = dispatchers({
      http: `socks5://${user}${plainSocks.host}`,
      https: `socks5://${user}${secureSocks.host}`,
    });
    expect(await get(through, named(plain, '/path'))).toBe('plain');
    expect(await get(through, named(secure))).toBe('secure');
    expect(plain.received).toMatchObject([{ target: '/path', headers: { host: named(plain).host } }]);
    const asked = 'credentials' in options ? `${String(options.credentials)}@` : '';
    expect(plainSocks.seen).toEqual([`${asked}${named(plain).host}`]);
    expect(secureSocks.seen).toEqual([`${asked}${named(secure).host}`]);
  });

  it.each([
    ['http://192.0.2.1', 'c0000201:80'],
    ['https://[2001:db8::1:2]:444', '20010db8000000000000000000010002:444'],
    ['http://[::ffff:192.0.2.1]', '00000000000000000000ffffc0000201:80'],
  ])('an address is passed on as it is: %s', async (url, seen) => {
    await using socks = await startSocks({ reply: 4 });
    await using through = dispatchers({ http: `socks5://${socks.host}`, https: `socks5://${socks.host}` });
    await expect(get(through, new URL(url))).rejects.toMatchObject({
      proxy: socks.host,
      message: 'cannot reach the host',
      proxyCode: 'PROXY_502',
    });
    expect(socks.seen).toEqual([seen]);
  });

  it.each<[string, object, object]>([
    ['fails', { reply: 1 }, { message: 'failed', proxyCode: 'PROXY_502' }],
    ['does not allow it', { reply: 2 }, { message: 'does not allow this connection', proxyCode: 'PROXY_403' }],
    ['has no route', { reply: 3 }, { message: 'cannot reach the network of the host', proxyCode: 'PROXY_502' }],
    ['does not reach the host', { reply: 4 }, { message: 'cannot reach the host', proxyCode: 'PROXY_502' }],
    ['is refused by the host', { reply: 5 }, { message: 'was refused by the host', proxyCode: 'PROXY_502' }],
    ['waits in vain', { reply: 6 }, { message: 'cannot reach the host in time', proxyCode: 'PROXY_504' }],
    ['cannot connect', { reply: 7 }, { message: 'does not support connections', proxyCode: 'PROXY_501' }],
    ['has no IPv6', { reply: 8 }, { message: 'does not support this type of address', proxyCode: 'PROXY_501' }],
    ['answers what nobody knows', { reply: 99 }, { message: 'answered with the error 99', proxyCode: 'PROXY_SOCKS' }],
    ['requires another password', { credentials: 'user:other' }, { proxyCode: 'PROXY_407' }],
    ['is not a SOCKS proxy', { says: 'HTTP/1.1 400 Bad Request' }, { message: 'does not speak SOCKS5' }],
    ['closes the connection', { says: '' }, { proxyCode: 'PROXY_CLOSED' }],
    ['closes the connection in the middle', { says: '\u0005' }, { proxyCode: 'PROXY_CLOSED' }],
  ])('that %s is named', async (_, options, failure) => {
    await using socks = await startSocks(options);
    await using through = dispatchers({ http: `socks5://user:word@${socks.host}` });
    await expect(get(through, new URL('http://server.example'))).rejects.toMatchObject({
      name: 'ProxyError',
      proxy: socks.host,
      ...failure,
    });
  });
});

it('destroy closes connections in use', async () => {
  await using server = await serve(stall(0));
  const direct = createDispatchers({ none: '' }, 1_000);
  const pending = get(direct, server.url());
  const failure = expect(pending).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
  while (server.received.length === 0) await new Promise(setImmediate);
  await direct.destroy();
  await failure;
});
