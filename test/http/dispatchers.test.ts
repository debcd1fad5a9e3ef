import { createServer as createHttpsServer } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDispatchers, type Dispatchers } from '../../pipe/http/dispatchers.ts';
import type { ProxySettings } from '../../pipe/http/proxies.ts';
import { selfSigned } from './certificates.ts';
import { startProxy } from './test-proxy.ts';
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

  it('connects directly to a server that is a proxy itself', async () => {
    await using server = await serve(answer(200, 'plain'));
    await using proxy = await startProxy();
    await using through = dispatchers({ http: proxy.url });
    await through.direct.request({ origin: server.origin, path: 'http://api.example/path', method: 'GET' });
    expect([proxy.seen, server.received[0]?.target]).toEqual([[], 'http://api.example/path']);
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
