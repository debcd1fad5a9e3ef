import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, it } from '@jest/globals';
import { jar } from '../destinations/maven/artifacts.ts';
import { answer, type Exchange, readBody, serve, type TestServer } from '../http/test-servers.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { npmTarball } from '../sandbox/demo-package.ts';
import { tokens } from '../sandbox/tokens.ts';
import type { Variables } from '../run-bundle.ts';
import { filled, useHostile } from './hostile.ts';

const fixture = useHostile();

/** Answers the requests whose method and path match, and 404 to all others. */
type Routes = Readonly<Record<string, (exchange: Exchange) => unknown>>;

async function runAgainst(
  routes: Routes,
  envFor: (server: TestServer) => Variables,
  expected: { readonly exitCode: number; readonly output: RegExp },
): Promise<void> {
  await using server = await serve(async (exchange) => {
    const { method, target } = exchange.received;
    const route = Object.entries(routes).find(([pattern]) =>
      new RegExp(`^(?:${pattern})$`).test(`${method} ${target}`),
    );
    await (route?.[1] ?? answer(404))(exchange);
  });
  await fixture.run(envFor(server), expected);
}

const MB = 1e6;

describe('a listing of downloads', () => {
  const env = ({ origin }: TestServer): Variables => ({
    TOKEN: tokens.accessToken,
    WORKSPACE: 'acme',
    REPOSITORY: 'app',
    API_URL: `${origin}/2.0`,
    FILENAME: 'app.bin',
    EXTRA_ARGS: "['--skip-existing', '--retries', '0']",
  });
  beforeEach(async () => {
    await writeFile(join(fixture.directory, 'app.bin'), 'content');
  });

  it('whose next page never ends', async () => {
    let pages = 0;
    const page = ({ response }: Exchange): void => {
      pages++;
      const values = Array.from({ length: 100 }, (_, index) => ({
        name: `app-${pages}-${index}-${'x'.repeat(200)}.zip`,
        size: 1000,
        created_on: '2026-01-02T03:04:05.678901+00:00',
      }));
      response.end(JSON.stringify({ values, next: `http://127.0.0.1/2.0/?page=${pages}&${'y'.repeat(8000)}` }));
    };
    await runAgainst({ 'GET .*': page }, env, {
      exitCode: 1,
      output: /the listing of .* is too long: the limit is \d+ downloads/,
    });
  });

  it.each([
    ['many small values', () => filled(15 * MB, '{"values":[],"more":[', (index) => `{"${index}":[]}`, ']}')],
    [
      'many downloads',
      () =>
        filled(
          15 * MB,
          '{"values":[',
          (index) => `{"name":"${index}","size":1,"created_on":"2026-01-02T03:04:05Z"}`,
          ']}',
        ),
    ],
  ])('with a page of 15 MB: %s', async (_, page) => {
    await runAgainst({ 'GET .*': answer(200, page()) }, env, { exitCode: 1, output: /longer than \d+ bytes/ });
  });

  it('with a page of many values', async () => {
    const page = filled(1.9 * MB, '{"values":[],"more":[', (index) => `{"${index.toString(36)}":[]}`, ']}');
    await runAgainst({ 'GET .*': answer(200, page) }, env, { exitCode: 1, output: /has more than \d+ values/ });
  });
});

/** Describes packages by this document, if there is one, and stores the only version of each. */
function npmRoutes(packument: string | undefined, confirmation: string): Routes {
  const published = new Set<string>();
  return {
    'GET .*': (exchange) => {
      const [name = '', isVersion] = exchange.received.target.slice(1).split('/');
      if (packument !== undefined && isVersion === undefined) return answer(200, packument)(exchange);
      if (!published.has(name)) return answer(404)(exchange);
      const all = { name: 'x', version: '1.0.0', versions: { '1.0.0': {} }, 'dist-tags': { latest: '1.0.0' } };
      return answer(200, JSON.stringify(all))(exchange);
    },
    'PUT .*': (exchange) => {
      published.add(exchange.received.target.slice(1));
      return answer(201, confirmation)(exchange);
    },
  };
}

describe('an npm registry', () => {
  const env = ({ origin }: TestServer): Variables => ({
    TYPE: 'npm',
    REGISTRY: `${origin}/`,
    USERNAME: tokens.packagesUser,
    TOKEN: tokens.packagesToken,
    FILENAME: '*.tgz',
    EXTRA_ARGS: "['--retries', '0']",
  });
  beforeEach(async () => {
    for (let index = 0; index < 4; index++)
      await writeFile(
        join(fixture.directory, `app-${index}.tgz`),
        npmTarball({ name: `@acme/app-${index}`, version: '1.0.0' }, { data: Buffer.from('content') }),
      );
  });

  it.each([
    [
      '600,000 versions',
      () => filled(15 * MB, '{"name":"x","versions":{', (index) => `"1.0.${index}":{"dist":{}}`, '}}'),
    ],
    [
      'long versions',
      () =>
        filled(15 * MB, '{"name":"x","versions":{', (index) => `"1.0.${index}":{"readme":"${'é'.repeat(2000)}"}`, '}}'),
    ],
    [
      'as many versions as are read',
      () => filled(1 * MB, '{"name":"x","versions":{', (index) => `"1.0.${index}":{"dist":{}}`, '}}'),
    ],
  ])('with packages of %s', async (_, packument) => {
    await runAgainst(npmRoutes(packument(), '{"ok":true}'), env, { exitCode: 0, output: /too large to read[^]*✔/ });
  });

  it('with a version of 15 MB', async () => {
    const large = filled(15 * MB, '{"name":"x","versions":{', (index) => `"1.0.${index}":{"dist":{}}`, '}}');
    await runAgainst({ 'GET .*': answer(200, large) }, env, { exitCode: 1, output: /longer than \d+ bytes/ });
  });

  it('with an answer of 15 MB to an upload', async () => {
    const large = filled(15 * MB, '{"ok":true,"versions":{', (index) => `"1.0.${index}":{"dist":{}}`, '}}');
    await runAgainst(npmRoutes(undefined, large), env, { exitCode: 0, output: /✔/ });
  });
});

describe('a Maven repository with metadata', () => {
  const env = ({ origin }: TestServer): Variables => ({
    TYPE: 'maven',
    REGISTRY: `${origin}/`,
    USERNAME: 'user',
    TOKEN: 'password-of-maven',
    FILENAME: 'app.jar',
    EXTRA_ARGS: "['--retries', '0']",
  });
  beforeEach(async () => {
    await writeFile(join(fixture.directory, 'app.jar'), jar());
  });
  const head = '<metadata><groupId>com.acme</groupId><artifactId>app</artifactId><versioning><versions>';
  const tail = '</versions></versioning></metadata>';
  const repeat = (text: string, bytes: number): string => text.repeat(bytes / text.length);

  it.each([
    ['elements', `${head}${repeat('<version>1.0.0</version>', 3.9 * MB)}${tail}`],
    ['empty elements', `${head}${repeat('<v/>', 3.9 * MB)}${tail}`],
    ['characters of several bytes', `${head}<version>${repeat('😀', 1.9 * MB)}</version>${tail}`],
  ])('of too many %s', async (_, metadata) => {
    await runAgainst({ 'GET .*/maven-metadata.xml': answer(200, metadata) }, env, {
      exitCode: 1,
      output: /maven-metadata\.xml .*it has more than \d+/,
    });
  });
});

describe('a container registry', () => {
  const env = ({ origin }: TestServer): Variables => ({
    IMAGE: 'acme/app:1.0',
    REGISTRY: origin,
    USERNAME: 'user',
    TOKEN: 'password-of-registry',
    FILENAME: 'image.tar',
    EXTRA_ARGS: "['--retries', '0', '--reuse', 'a', '--reuse', 'b', '--reuse', 'c', '--reuse', 'd']",
  });
  beforeEach(async () => {
    await writeFile(
      join(fixture.directory, 'image.tar'),
      dockerArchive('acme/app:1.0', { data: Buffer.alloc(9e6, 'data') }),
    );
  });

  it('that asks for huge chunks', async () => {
    const start = ({ response }: Exchange): void => {
      response
        .writeHead(202, { location: '/v2/acme/app/blobs/uploads/1', 'oci-chunk-min-length': '999999999999' })
        .end();
    };
    await runAgainst({ 'POST .*': start, 'P(?:UT|ATCH) .*': answer(413) }, env, {
      exitCode: 1,
      output: /chunks of at least/,
    });
  });

  it('that issues a token of 1 MB', async () => {
    await runAgainst(
      {
        'GET /token.*': answer(200, JSON.stringify({ token: 'x'.repeat(1e6) })),
        '.*': (exchange) =>
          answer(401, '', { 'www-authenticate': `Bearer realm="http://${exchange.request.headers.host}/token"` })(
            exchange,
          ),
      },
      env,
      { exitCode: 1, output: /longer than/ },
    );
  });

  it('whose published manifests and configs are large', async () => {
    const config = Buffer.from(
      filled(3.9 * MB, '{"rootfs":{"diff_ids":[]},"more":[', (index) => `{"${index.toString(36)}":{}}`, ']}'),
    );
    const digest = (bytes: Buffer | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const descriptor = {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digest(config),
      size: config.length,
    };
    const manifest = filled(
      3.9 * MB,
      `{"schemaVersion":2,"config":${JSON.stringify(descriptor)},"layers":[`,
      (index) =>
        `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"${digest(String(index))}","size":1}`,
      ']}',
    );
    const start = ({ response }: Exchange): void => {
      response.writeHead(202, { location: '/v2/acme/app/blobs/uploads/1' }).end();
    };
    let put: Buffer | undefined;
    await runAgainst(
      {
        'GET .*/manifests/1.0': (exchange) =>
          put === undefined
            ? answer(404)(exchange)
            : answer(200, put.toString(), { 'content-type': 'application/vnd.oci.image.manifest.v1+json' })(exchange),
        'GET .*/manifests/.*': answer(200, manifest, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }),
        'GET .*/blobs/.*': (exchange) => exchange.response.end(config),
        'POST .*': start,
        'PATCH .*': async (exchange) => {
          await readBody(exchange);
          start(exchange);
        },
        'PUT .*/manifests/.*': async (exchange) => {
          await readBody(exchange);
          put = exchange.received.body;
          exchange.response.writeHead(201).end();
        },
        'PUT .*': answer(201),
      },
      env,
      { exitCode: 0, output: /not reused/ },
    );
  });
});
