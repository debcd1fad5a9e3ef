/** A registry that is reached over TLS, and names an address for tokens that is not. */

import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { createAuthority } from '../http/certificates.ts';
import { startProxy } from '../http/test-proxy.ts';
import { close, listen } from '../http/test-servers.ts';
import { type Ended, startBundle } from '../run-bundle.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';

const account = { USERNAME: 'someone', TOKEN: 'a-password-of-some-length' };
const authority = createAuthority();
const requests: string[] = [];
let realm = '';
let directory = '';
let origin = '';
let tokenOrigin = '';

const registry = createTlsServer(
  authority.issue(['127.0.0.1', 'registry.example']),
  ({ method, url, headers }, answer) => {
    requests.push(`${method} ${url} ${headers.authorization ?? 'without credentials'}`);
    answer.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="registry"` }).end('{}');
  },
);
const tokens: RequestListener = ({ url }, answer) => {
  requests.push(`token ${url}`);
  answer.end('{}');
};
const tokenServer = createServer(tokens);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'realm-'));
  await writeFile(join(directory, 'authority.pem'), authority.cert);
  await writeFile(join(directory, 'image.tar'), dockerArchive('acme/app:1', { data: Buffer.alloc(1000, 'data') }));
  origin = await listen(registry, 'https:');
  tokenOrigin = await listen(tokenServer, 'http:');
});
afterEach(() => {
  requests.length = 0;
});
afterAll(async () => {
  await close(registry);
  await close(tokenServer);
  await rm(directory, { recursive: true });
});

async function push(env: Readonly<Record<string, string>>): Promise<Ended> {
  const image = { TYPE: 'image', IMAGE: 'acme/app:1', FILENAME: 'image.tar', DEBUG: 'true' };
  const trust = { NODE_EXTRA_CA_CERTS: join(directory, 'authority.pem') };
  return await startBundle({ ...image, ...account, ...trust, ...env }, { cwd: directory }).ended;
}

it.each(['http://auth.example/token', 'http://127.0.0.1.example/token', 'http://registry.example.evil.example/token'])(
  'gets no password for %s',
  async (named) => {
    realm = named;
    await using proxy = await startProxy({
      to: (host) => (host.startsWith('registry.example') ? origin : tokenOrigin),
    });
    const proxies = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url };
    const { exitCode, output } = await push({ REGISTRY: 'https://registry.example', ...proxies });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining(
        `✖ registry.example is reached by https, but sends the pipe on to http://${new URL(named).host}, where everything could be read on the way`,
      ),
    });
    expect(requests.filter((request) => !request.endsWith(' without credentials'))).toEqual([]);
    expect(proxy.seen.filter(({ line }) => !line.startsWith('CONNECT registry.example'))).toEqual([]);
  },
);

it.each(['ftp://auth.example/token', '/token', 'token server', ''])('gets no password for %j', async (named) => {
  realm = named;
  const { exitCode, output } = await push({ REGISTRY: origin });
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringContaining('its challenge has no valid realm'),
  });
  expect(requests.filter((request) => !request.endsWith(' without credentials'))).toEqual([]);
});
