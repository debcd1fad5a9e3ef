/** Fuzzers for what servers answer: headers, documents, and whole conversations. */

import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { createDownloadsClient } from '../../../pipe/destinations/downloads/client.ts';
import {
  addBuild,
  addVersion,
  formatMetadata,
  nextBuild,
  parseMetadata,
} from '../../../pipe/destinations/maven/metadata.ts';
import { createNpmClient } from '../../../pipe/destinations/npm/client.ts';
import { fixedAuthorizer } from '../../../pipe/http/authorizer.ts';
import { parseErrorBody } from '../../../pipe/http/error-body.ts';
import { parseRetryAfterMs } from '../../../pipe/http/retry.ts';
import { createHttp } from '../../../pipe/http/send.ts';
import { parseChallenges } from '../../../pipe/oci/registry/challenge.ts';
import { run } from '../../../pipe/run.ts';
import { createSecrets } from '../../../pipe/toolkit/scrub.ts';
import { jar } from '../../destinations/maven/artifacts.ts';
import { lib, wheel, wheelName } from '../../destinations/pypi/packages.ts';
import { dockerArchive } from '../../sandbox/demo-image.ts';
import { npmTarball } from '../../sandbox/demo-package.ts';
import { listen, originOf } from '../../sandbox/listen.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { mutateBytes, mutateJson, mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { readAll } from '../read-all.ts';
import { allowRejection, FuzzFailure, type Target } from '../target.ts';

const challengeHeaders = [
  'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:acme/app:pull,push"',
  'Basic realm="a \\"b\\"", charset=UTF-8, Negotiate abc==, Digest qop="auth, auth-int" , nonce=a',
];

/** `WWW-Authenticate`. */
export function challenges(): Target {
  return {
    async attack(random) {
      const headers = [mutateText(random.pick(challengeHeaders), random), mutateText('Basic', random)];
      await allowRejection(() => parseChallenges(headers));
    },
  };
}

/** `Retry-After` and `X-RateLimit-Reset`. */
export function retryAfter(): Target {
  const values = ['120', '1.5', 'Thu, 26 Nov 2026 12:00:00 GMT', '1795694400'];
  return {
    attack(random) {
      const value = mutateText(random.pick(values), random);
      const name = random.pick(['retry-after', 'x-ratelimit-reset']);
      const status = random.pick([429, 503]);
      const waitMs = parseRetryAfterMs((each) => (each === name ? value : undefined), status, 1_795_694_300_000);
      if (waitMs !== undefined && !(Number.isFinite(waitMs) && waitMs >= 0))
        throw new FuzzFailure(`${name}: ${value} means a wait of ${waitMs} ms`);
    },
  };
}

const errors: readonly unknown[] = [
  { type: 'error', error: { message: 'a', detail: { required: ['x'], granted: ['y'] }, fields: { name: ['b', 'c'] } } },
  { errors: [{ code: 'DENIED', message: 'a', detail: { b: 'c' } }, { code: 'UNKNOWN' }] },
  { error: 'a', reason: 'b' },
  { message: 'a', errors: null },
];

/** The documents of errors. */
export function errorBodies(): Target {
  return {
    async attack(random) {
      const text = JSON.stringify(mutateJson(random.pick(errors), random)) ?? '';
      const body = random.chance(0.3) ? mutateText(random.pick([text, '<html><title>a</title>']), random) : text;
      await allowRejection(() =>
        parseErrorBody(Buffer.from(body), random.pick(['application/json', 'text/html']), String),
      );
    },
  };
}

const mavenMetadata = `<?xml version="1.0" encoding="UTF-8"?>
<metadata modelVersion="1.1.0">
  <groupId>com.acme</groupId><artifactId>app</artifactId><version>1.1-SNAPSHOT</version>
  <versioning>
    <latest>1.0</latest><release>1.0</release>
    <versions><version>0.9</version><version>1.0</version></versions>
    <lastUpdated>20261121060929</lastUpdated>
    <snapshot><timestamp>20261121.060929</timestamp><buildNumber>2</buildNumber></snapshot>
    <snapshotVersions><snapshotVersion><classifier>linux</classifier><extension>jar</extension><value>1.1-20261121.060929-2</value><updated>20261121060929</updated></snapshotVersion></snapshotVersions>
  </versioning>
  <plugins><plugin><name>Acme</name><prefix>acme</prefix><artifactId>app</artifactId></plugin></plugins>
</metadata>`;

/** Maven's metadata: what is accepted is also what is written. */
export function metadata(): Target {
  const coordinates = { groupId: 'com.acme', artifactId: 'app', version: '1.1-SNAPSHOT' };
  const date = new Date('2026-11-22T00:00:00Z');
  return {
    async attack(random) {
      const text = mutateText(mavenMetadata, random);
      const bytes = random.chance(0.2) ? mutateBytes(Buffer.from(text), random) : Buffer.from(text);
      await allowRejection(() => {
        const known = parseMetadata(bytes, 'http://host/maven-metadata.xml');
        const build = nextBuild(known, coordinates, '20261122.000000');
        for (const next of [
          addVersion(known, { ...coordinates, version: '2.0' }, { isPlugin: false, date }),
          addBuild(known, coordinates, build, [{ extension: 'jar' }]),
        ]) {
          const written = formatMetadata(next);
          const again = formatMetadata(parseMetadata(Buffer.from(written), 'it'));
          if (again !== written) throw new FuzzFailure(`${written}\nis read back as\n${again}`);
        }
      });
    },
  };
}

interface Server {
  readonly origin: string;
  /** What it answers to every request. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): void;
}

async function startServer(): Promise<Server> {
  const server = createServer((received, response) => {
    for (const stream of [received, response]) stream.on('error', () => undefined);
    state.answer(received, response);
  });
  const address = { host: '127.0.0.1', port: 0 };
  const state: Server = {
    origin: originOf({ ...address, port: await listen(server, address) }),
    answer: (_, response) => response.end(),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return state;
}

function createClient(): ReturnType<typeof createHttp> {
  return createHttp({
    authorizer: fixedAuthorizer([]),
    userAgent: 'fuzz',
    timeoutMs: 5_000,
    policy: { retries: 0, baseMs: 1, capMs: 1, maxWaitMs: 1 },
    proxies: { none: '' },
    secrets: createSecrets([]),
    log: { debug: () => undefined, warning: () => undefined, isDebug: false },
  });
}

/** A document, changed as a value or as a text. */
function changedDocument(value: unknown, random: Random): string {
  const text = JSON.stringify(random.chance(0.8) ? mutateJson(value, random) : value) ?? '';
  return random.chance(0.2) ? mutateText(text, random) : text;
}

/** Reads a document, some of which is changed, from a server. */
export async function openDocuments(
  value: unknown,
  read: (http: ReturnType<typeof createHttp>, origin: string) => Promise<unknown>,
): Promise<Target> {
  const [server, http] = [await startServer(), createClient()];
  return {
    async attack(random) {
      server.answer = (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(changedDocument(value, random));
      await allowRejection(async () => await read(http, server.origin));
    },
    async close() {
      server.close();
      await http.close();
    },
  };
}

/** Listings of Downloads. */
export async function listings(): Promise<Target> {
  const download = (name: string): unknown => ({
    name,
    size: 10,
    created_on: '2026-01-02T03:04:05.678901+00:00',
    links: { self: { href: 'http://host' } },
  });
  const page = { pagelen: 100, size: 2, page: 1, values: [download('a'), download('b')] };
  return await openDocuments(page, async (http, origin) => {
    await createDownloadsClient(http, new URL(origin), 'acme', 'app').list();
  });
}

/** The metadata of npm packages. */
export async function packuments(): Promise<Target> {
  const version = {
    name: 'app',
    version: '1.0.0',
    dist: { integrity: 'sha512-abc', shasum: 'abc', tarball: 'http://host/app.tgz', signatures: [] },
    deprecated: 'yes',
  };
  const document = { 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version }, ...version };
  return await openDocuments(document, async (http, origin) => {
    const client = createNpmClient(http, new URL(`${origin}/`));
    await allowRejection(() => client.read('app'));
    await client.readVersion('app', '1.0.0');
  });
}

const types = ['file', 'image', 'npm', 'maven', 'pypi', 'octopus'] as const;
const maxRunMs = 3_000;

/** Whole runs, against servers some of whose answers are changed on their way. */
export async function answers(directory: string): Promise<Target> {
  const sandbox = await startSandbox({
    registry: { packages: ['acme/app'], location: 'path' },
    npm: { packages: ['app'] },
  });
  const server = await startServer();
  await writeFile(join(directory, 'a.txt'), 'content');
  await writeFile(join(directory, 'app.tar'), dockerArchive('acme/app:1', { a: Buffer.from('content') }));
  await writeFile(
    join(directory, 'app.tgz'),
    npmTarball({ name: 'app', version: '1.0.0' }, { 'a.js': Buffer.from('1') }),
  );
  await writeFile(join(directory, 'app.jar'), jar({ groupId: 'com.acme', artifactId: 'app', version: '1.0' }));
  await writeFile(join(directory, wheelName(lib)), wheel());
  const base = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * index) % 251));
  await writeFile(join(directory, 'app.1.1.0.zip'), Buffer.concat([base, Buffer.from('more')]));
  const { tokens } = sandbox;
  const account = { USERNAME: tokens.apiUser, TOKEN: tokens.apiToken };
  const targetsByType = {
    file: { upstream: sandbox.apiUrl, env: { FILENAME: 'a.txt', API_URL: `${server.origin}/2.0` } },
    image: {
      upstream: sandbox.registryUrl,
      env: { IMAGE: 'acme/app:1', FILENAME: 'app.tar', REGISTRY: server.origin },
    },
    npm: { upstream: sandbox.npmUrl, env: { TYPE: 'npm', FILENAME: 'app.tgz', REGISTRY: `${server.origin}/acme/` } },
    maven: {
      upstream: sandbox.mavenUrl,
      env: { TYPE: 'maven', FILENAME: 'app.jar', REGISTRY: `${server.origin}/repository/` },
    },
    pypi: {
      upstream: sandbox.pypiUrl,
      env: { TYPE: 'pypi', FILENAME: wheelName(lib), REGISTRY: `${server.origin}/acme` },
    },
    octopus: {
      upstream: sandbox.octopusUrl,
      env: {
        TYPE: 'octopus',
        FILENAME: 'app.1.1.0.zip',
        REGISTRY: server.origin,
        TOKEN: tokens.octopusKey,
        BITBUCKET_BUILD_NUMBER: '42',
      },
    },
  };
  const optionsByType = {
    file: ['--skip-existing', '--no-clobber', '--checksums', '--verify', '--verify=content'],
    image: ['--skip-existing', '--reuse=1'],
    npm: ['--skip-existing'],
    maven: [''],
    pypi: ['--skip-existing'],
    octopus: ['--overwrite', '--space=Default'],
  };
  return {
    async attack(random) {
      const type = random.pick(types);
      const { upstream, env } = targetsByType[type];
      // Half of the runs find what an earlier one published.
      if (random.chance(0.5)) {
        sandbox.reset();
        await sandbox.octopus.seed('app.1.0.0.zip', base);
      }
      server.answer = (received, response) => void forward(received, response, new URL(upstream).origin, random);
      const option = random.chance(0.5) ? random.pick(optionsByType[type]) : '';
      const args = {
        EXTRA_ARGS_COUNT: option === '' ? '2' : '3',
        EXTRA_ARGS_0: '--retries',
        EXTRA_ARGS_1: '1',
        EXTRA_ARGS_2: option,
      };
      if (option === '') Reflect.deleteProperty(args, 'EXTRA_ARGS_2');
      const signals = new EventEmitter();
      let output = '';
      // A server may ask for a wait of minutes.
      const timer = setTimeout(() => signals.emit('SIGTERM'), maxRunMs);
      const startedAt = Date.now();
      const exitCode = await run(
        { WORKSPACE: 'acme', REPOSITORY: 'app', DEBUG: 'true', ...account, ...env, ...args },
        {
          stdout: { write: (text) => (output += text) },
          signals,
          workingDirectory: directory,
          nodeVersion: process.version,
          metadataPaths: [],
          pipelinesProxyUrl: server.origin,
          retryBaseMs: 1,
        },
      );
      clearTimeout(timer);
      if (![0, 1, 143].includes(exitCode)) throw new FuzzFailure(`exit code ${exitCode}\n${output}`);
      if (Date.now() - startedAt > 4 * maxRunMs) throw new FuzzFailure(`did not stop\n${output}`);
      const plain = stripVTControlCharacters(output);
      if (/Unexpected error/.test(plain)) throw new FuzzFailure(`crashed\n${output}`);
      const verdicts = plain.split('\n').filter((line) => /^[✔✖]/.test(line));
      if (verdicts.length !== 1) throw new FuzzFailure(`${verdicts.length} verdicts\n${output}`);
    },
    async close() {
      server.close();
      await sandbox.close();
    },
  };
}

/** Passes a request on, and changes one in eight answers. */
async function forward(
  received: IncomingMessage,
  response: ServerResponse,
  upstream: string,
  random: Random,
): Promise<void> {
  try {
    const body = await readAll(received);
    const passed = request(new URL(received.url ?? '/', upstream), {
      method: received.method,
      headers: { ...received.headers, host: received.headers.host },
    });
    passed.end(body);
    const [answer] = (await once(passed, 'response')) as [IncomingMessage];
    const { statusCode = 500, headers } = answer;
    const content = await readAll(answer);
    const changed = random.chance(1 / 8)
      ? change(statusCode, headers, content, random)
      : { statusCode, headers, content };
    response.writeHead(changed.statusCode, changed.headers);
    response.end(received.method === 'HEAD' ? undefined : changed.content);
  } catch {
    received.destroy();
  }
}

const statuses = [
  200, 201, 202, 204, 206, 301, 304, 307, 400, 401, 403, 404, 405, 406, 409, 410, 412, 416, 422, 429, 500, 502, 503,
];
const headerNames = [
  'location',
  'www-authenticate',
  'retry-after',
  'range',
  'content-type',
  'docker-content-digest',
  'etag',
  'x-request-id',
  'date',
  'oci-subject',
  'oci-chunk-min-length',
  'docker-upload-uuid',
  'link',
];
const documents: readonly unknown[] = [
  null,
  [null],
  {},
  [],
  '',
  'text',
  { values: [null] },
  { errors: [null] },
  { token: null },
  { versions: [null] },
  { error: { message: { toString: 1 }, fields: { a: { toString: 1 } } } },
];

function change(
  statusCode: number,
  received: IncomingMessage['headers'],
  content: Buffer,
  random: Random,
): { statusCode: number; headers: IncomingMessage['headers']; content: Buffer } {
  const headers = { ...received };
  delete headers['content-length'];
  delete headers['transfer-encoding'];
  const original = { statusCode, headers, content };
  return random.pick([
    () => ({ ...original, statusCode: random.pick(statuses) }),
    () => {
      const name = random.pick([...Object.keys(headers), ...headerNames]);
      const value = mutateText([headers[name] ?? 'sha256:0'].flat().join(', '), random).replaceAll(
        /[^\t\u0020-\u007E\u0080-\u00FF]/g,
        '',
      );
      return { ...original, headers: { ...headers, [name]: value } };
    },
    () => ({ ...original, headers: Object.fromEntries(Object.entries(headers).filter(() => random.chance(0.7))) }),
    () => ({
      ...original,
      content: Buffer.from(JSON.stringify(random.pick(documents))),
    }),
    () => ({ ...original, content: mutateBytes(content, random) }),
    () => ({ ...original, content: changedContent(content, random) }),
    () => ({ ...original, content: Buffer.alloc(0) }),
  ])();
}

function changedContent(content: Buffer, random: Random): Buffer {
  const text = content.toString();
  if (!/^[[{]/.test(text)) return Buffer.from(mutateText(text, random));
  return Buffer.from(JSON.stringify(mutateJson(JSON.parse(text), random)) ?? '');
}
