/** The bundle as a process, over plain HTTP, over TLS with a private authority, and through all kinds of proxies. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority, selfSigned } from '../http/certificates.ts';
import { type ProxyOptions, startProxy, type TestProxy } from '../http/test-proxy.ts';
import { startSocks } from '../http/test-socks.ts';
import { patienceSeconds } from '../patience.ts';
import type { Ended } from '../run-bundle.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { expectSuccess, type Origins, type Type, types, useOneOfEach } from './one-of-each.ts';
import { startTlsFront, type TlsFront } from './tls-front.ts';

const fixture = useOneOfEach();
const authority = createAuthority();
const certificate = authority.issue(['127.0.0.1', ...types.map((type) => `${type}.example`)]);
let fronts: Readonly<Record<Type, TlsFront>> | undefined;
let trust: { readonly NODE_EXTRA_CA_CERTS: string } = { NODE_EXTRA_CA_CERTS: '' };

beforeAll(async () => {
  const [file, image, npm, maven, pypi, octopus] = await Promise.all([
    startTlsFront(fixture.origins.file, certificate),
    startTlsFront(fixture.origins.image, certificate),
    startTlsFront(fixture.origins.npm, certificate),
    startTlsFront(fixture.origins.maven, certificate),
    startTlsFront(fixture.origins.pypi, certificate),
    startTlsFront(fixture.origins.octopus, certificate),
  ]);
  fronts = { file, image, npm, maven, pypi, octopus };
  trust = { NODE_EXTRA_CA_CERTS: join(fixture.directory, 'authority.pem') };
  await writeFile(trust.NODE_EXTRA_CA_CERTS, authority.cert);
});
afterAll(async () => {
  for (const front of Object.values(fronts ?? {})) await front[Symbol.asyncDispose]();
});

/** The origin with TLS for each type. */
function secureOrigins(): Origins {
  const origin = (type: Type): string => fronts?.[type].origin ?? '';
  return {
    file: origin('file'),
    image: origin('image'),
    npm: origin('npm'),
    maven: origin('maven'),
    octopus: origin('octopus'),
    pypi: origin('pypi'),
  };
}

/** A proxy that maps `https://npm.example` to the npm registry's origin with TLS, and so on; http to that without TLS. */
async function startNamingProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  return await startProxy({
    to: (host, isTunnel) => {
      const type = types.find((each) => host === `${each}.example`);
      return type === undefined ? `http://${host}` : (isTunnel ? secureOrigins() : fixture.origins)[type];
    },
    ...options,
  });
}

describe.each(types)('TYPE %s', (type) => {
  const named = `https://${type}.example`;

  it('is published over TLS with a private authority', async () => {
    expectSuccess(await fixture.upload(type, secureOrigins()[type], trust));
    expect(await fixture.problems(type)).toEqual([]);
  });

  it('is published through a tunneling proxy that requires a password', async () => {
    await using proxy = await startNamingProxy({ credentials: 'user:p@ss word' });
    const HTTPS_PROXY = proxy.url.replace('//', '//user:p%40ss%20word@');
    expectSuccess(await fixture.upload(type, named, { ...trust, HTTPS_PROXY }));
    expect(await fixture.problems(type)).toEqual([]);
    expect(proxy.seen.map(({ line }) => line)).toContain(`CONNECT ${type}.example:443`);
  });

  it('is published directly to a server on this machine, even if proxies are set', async () => {
    await using proxy = await startNamingProxy({ connects: [502] });
    const proxies = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url };
    expectSuccess(await fixture.upload(type, fixture.origins[type], proxies));
    expect(await fixture.problems(type)).toEqual([]);
    expect(proxy.seen).toEqual([]);
  });
});

describe('a proxy', () => {
  it.each<[string, ProxyOptions, (url: string) => Readonly<Record<string, string>>]>([
    ['named by ALL_PROXY', {}, (url) => ({ ALL_PROXY: url })],
    ['named without a scheme, in lower case', {}, (url) => ({ https_proxy: url.replace('http://', '') })],
    ['slow to connect', { connects: [{ afterMs: 1_500 }] }, (url) => ({ HTTPS_PROXY: url })],
    ['that fails at first', { connects: ['reset', 503, 'tunnel'] }, (url) => ({ HTTPS_PROXY: url })],
    ['that speaks TLS itself', { tls: certificate }, (url) => ({ HTTPS_PROXY: url })],
  ])('%s is used', async (_, options, env) => {
    await using proxy = await startNamingProxy(options);
    expectSuccess(await fixture.upload('file', 'https://file.example', { ...trust, ...env(proxy.url) }));
    expect(await fixture.problems('file')).toEqual([]);
    expect(proxy.seen.at(-1)?.line).toBe('CONNECT file.example:443');
  });

  it('forwards plain http in absolute form', async () => {
    await using proxy = await startNamingProxy({ credentials: 'user:word' });
    const HTTP_PROXY = proxy.url.replace('//', '//user:word@');
    expectSuccess(await fixture.upload('npm', 'http://npm.example', { HTTP_PROXY, EXTRA_ARGS: '--plain-http' }));
    expect(await fixture.problems('npm')).toEqual([]);
    expect(proxy.seen.map(({ line }) => line)).toContain('PUT http://npm.example/acme/@acme%2fapp');
  });

  it.each<[string, ProxyOptions, string]>([
    ['refuses', { connects: [403] }, 'answered 403\n'],
    ['requires a password', { credentials: 'user:word' }, 'answered 407\n'],
    ['hangs up', { connects: ['end'] }, 'closed the connection\n'],
  ])('that %s ends the run, with its reason', async (_, options, problem) => {
    await using proxy = await startNamingProxy(options);
    const { exitCode, output } = await fixture.upload('file', 'https://file.example', {
      ...trust,
      HTTPS_PROXY: proxy.url,
      EXTRA_ARGS: "['--retries', '0']",
    });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining(
        `✖ app.bin could not be uploaded: the proxy for file.example failed\n  POST https://file.example/2.0/repositories/acme/app/downloads: the proxy ${new URL(proxy.url).host} ${problem}`,
      ),
    });
    expect(output).toContain('What to do: ');
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe.each(types)('TYPE %s', (type) => {
  it('is published through a SOCKS5 proxy that requires a password', async () => {
    await using socks = await startSocks({ to: secureOrigins()[type], credentials: 'user:p@ss word' });
    const ALL_PROXY = `socks5h://user:p%40ss%20word@${socks.host}`;
    expectSuccess(await fixture.upload(type, `https://${type}.example`, { ...trust, ALL_PROXY }));
    expect(await fixture.problems(type)).toEqual([]);
    expect(new Set(socks.seen)).toEqual(new Set([`user:p@ss word@${type}.example:443`]));
  });
});

describe('a private authority', () => {
  it.each(['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'])('is trusted if %s names it', async (name) => {
    expectSuccess(await fixture.upload('file', secureOrigins().file, { [name]: trust.NODE_EXTRA_CA_CERTS }));
  });

  it('is trusted for a proxy and for the server behind it', async () => {
    await using proxy = await startNamingProxy({ tls: certificate });
    const env = { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: trust.NODE_EXTRA_CA_CERTS };
    expectSuccess(await fixture.upload('file', 'https://file.example', env));
  });

  describe('with a Node.js that can add none while it runs', () => {
    const upload = async (env: Readonly<Record<string, string>>): Promise<Ended> => {
      const preload = join(fixture.directory, 'preload.cjs');
      await writeFile(
        preload,
        "delete require('node:tls').setDefaultCACertificates; require('node:module').syncBuiltinESMExports();",
      );
      return await fixture.upload('file', secureOrigins().file, { NODE_OPTIONS: `--require=${preload}`, ...env });
    };

    it('is trusted if NODE_EXTRA_CA_CERTS names it', async () => {
      expectSuccess(await upload(trust));
    });

    it('is refused with what to do if another variable names it', async () => {
      const { exitCode, output } = await upload({ SSL_CERT_FILE: trust.NODE_EXTRA_CA_CERTS });
      expect({ exitCode, output }).toEqual({
        exitCode: 1,
        output: expect.stringMatching(
          /^✖ this Node\.js reads the certificates of authorities from NODE_EXTRA_CA_CERTS only: set that, or use Node\.js 24\.5/,
        ),
      });
    });
  });

  it.each(['NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE'])(
    'that %s names in vain is a validation error',
    async (name) => {
      const broken = join(fixture.directory, 'broken.pem');
      await writeFile(broken, authority.cert.replace(/\n[^\n]{20}/, '\n!!!!'));
      const empty = join(fixture.directory, 'empty.pem');
      await writeFile(empty, 'no certificate');
      const missing = join(fixture.directory, 'missing.pem');
      for (const [path, words] of [
        [broken, 'has a certificate that is not valid'],
        [empty, 'has no certificate in the PEM format'],
        [missing, 'cannot be read (ENOENT): name a PEM file inside the clone'],
      ] as const) {
        const { exitCode, output } = await fixture.upload('file', secureOrigins().file, { [name]: path });
        expect([exitCode, output]).toEqual([1, expect.stringContaining('✖ Validation errors:')]);
        expect(output).toContain(`${name}:\n- `);
        expect(output).toContain(words);
      }
      expect(fixture.sandbox.requests).toEqual([]);
    },
  );
});

it('a silent proxy ends the run after --timeout', async () => {
  await using proxy = await startNamingProxy({ connects: ['silent'] });
  const seconds = patienceSeconds(1);
  const { exitCode, output } = await fixture.upload('file', 'https://file.example', {
    ...trust,
    HTTPS_PROXY: proxy.url,
    EXTRA_ARGS: `['--retries', '0', '--timeout', '${seconds}']`,
  });
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringMatching(
      /^✖ app\.bin could not be uploaded: file\.example stopped answering\n {2}.*: no progress for /m,
    ),
  });
  expect(proxy.seen).toHaveLength(1);
});

it('an untrusted certificate ends the run before anything is sent', async () => {
  await using front = await startTlsFront(fixture.origins.file, selfSigned());
  const { exitCode, output } = await fixture.upload('file', front.origin, trust);
  expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining('NODE_EXTRA_CA_CERTS') });
  expect(fixture.sandbox.requests).toEqual([]);
});

it('a registry that sends uploads on to another host in plain http ends the run before it gets any', async () => {
  const sandbox = await startSandbox({ registry: { packages: ['acme/app'], authentication: 'basic' } });
  try {
    await using front = await startTlsFront(sandbox.registryUrl, certificate);
    await using proxy = await startProxy({ to: () => front.origin });
    const env = { ...trust, HTTPS_PROXY: proxy.url };
    const { exitCode, output } = await fixture.upload('image', 'https://image.example', env);
    const { origin } = new URL(sandbox.registryUrl);
    const reason = `✖ image.example is reached by https, but sends the pipe on to ${origin}, where everything could be read`;
    expect({ exitCode, output }).toEqual({ exitCode: 1, output: expect.stringContaining(reason) });
    expect(sandbox.registry.dataBytes).toBe(0);
  } finally {
    await sandbox.close();
  }
});
