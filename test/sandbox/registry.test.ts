/** The sandbox's container registry: as strict as the specification, as varied as real registries, and with faults on demand. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Fault, FaultAction } from './faults.ts';
import { connectTo, sendRaw } from './raw-client.ts';
import { mediaTypes } from './registry-manifest-check.ts';
import type { RegistryOptions } from './registry-options.ts';
import type { RegistryRepository } from './registry-store.ts';
import { startRemoteSandbox } from './remote-sandbox.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
import { patience } from '../patience.ts';
import { tokens } from './tokens.ts';

let sandbox: Sandbox;
let authorization: Record<string, string>;

async function start(registry: RegistryOptions = {}, options: SandboxOptions = {}): Promise<void> {
  sandbox = await startSandbox({ ...options, registry });
  authorization = {};
}

async function restart(registry: RegistryOptions, options?: SandboxOptions): Promise<void> {
  await sandbox.close();
  await start(registry, options);
}

beforeEach(() => start());
afterEach(() => sandbox.close());

const basic = (user: string, token: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`,
});
const packages = basic(tokens.packagesUser, tokens.packagesToken);
const octets = { 'content-type': 'application/octet-stream' };
const manifestTypes = { accept: Object.values(mediaTypes).join(', ') };
const digestOf = (content: string | Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const repository = (name = 'acme/app'): RegistryRepository => {
  const found = sandbox.registry.repositories.get(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

interface TokenAnswer {
  readonly token?: string;
  readonly access_token?: string;
  readonly expires_in?: number;
  readonly issued_at?: string;
}

function tokenUrl(scope: string | undefined, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    service: 'packages.sandbox.example',
    ...(scope !== undefined && { scope }),
    ...more,
  });
  return `${sandbox.authOrigin}/token?${query.toString()}`;
}

async function readJson<T>(response: Response): Promise<T> {
  const value: T = JSON.parse(await response.text());
  return value;
}

async function login(scope = 'repository:acme/app:pull,push', headers = packages): Promise<void> {
  const { token, access_token } = await readJson<TokenAnswer>(await fetch(tokenUrl(scope), { headers }));
  authorization = { authorization: `Bearer ${token ?? access_token}` };
}

interface CallInit extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly duplex?: 'half';
}

/** With the token at the registry, and without elsewhere. */
async function call(method: string, path: string, init: CallInit = {}): Promise<Response> {
  const url = new URL(path, sandbox.registryUrl);
  if (authorization['authorization'] === undefined) await login();
  const own = url.origin === sandbox.registryUrl ? authorization : {};
  return fetch(url, { method, redirect: 'manual', ...init, headers: { ...own, ...init.headers } });
}

async function errorsOf(response: Response): Promise<unknown[]> {
  const { errors } = await readJson<{ errors: { code: string; detail?: unknown }[] }>(response);
  return [response.status, ...errors.map(({ code }) => code)];
}

const bytesOf = (content: string | Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(content));

/** Resolved against the request's URL, as it is. */
const locationOf = (response: Response): string =>
  new URL(response.headers.get('location') ?? '', response.url).toString();

async function startUpload(name = 'acme/app', query = ''): Promise<Response> {
  return call('POST', `/v2/${name}/blobs/uploads/${query}`);
}

function patch(location: string, content: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return call('PATCH', location, { body: bytesOf(content), headers: { ...octets, ...headers } });
}

function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;
}

function put(location: string, digest: string, content?: string | Buffer): Promise<Response> {
  if (content === undefined) return call('PUT', withDigest(location, digest));
  return call('PUT', withDigest(location, digest), { body: bytesOf(content), headers: octets });
}

/** POST, PATCH, PUT. */
async function pushBlob(content: string | Buffer, name?: string): Promise<Response> {
  const patched = await patch(locationOf(await startUpload(name)), content);
  return put(locationOf(patched), digestOf(content));
}

function manifestOf(config: string | Buffer, layers: readonly (string | Buffer)[], family: 'oci' | 'docker' = 'oci') {
  const isOci = family === 'oci';
  const describe = (content: string | Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(content),
    size: Buffer.byteLength(content),
  });
  const layerType = isOci
    ? 'application/vnd.oci.image.layer.v1.tar+gzip'
    : 'application/vnd.docker.image.rootfs.diff.tar.gzip';
  const configType = isOci
    ? 'application/vnd.oci.image.config.v1+json'
    : 'application/vnd.docker.container.image.v1+json';
  return {
    schemaVersion: 2,
    mediaType: isOci ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    config: describe(config, configType),
    layers: layers.map((layer) => describe(layer, layerType)),
  };
}

function putManifest(
  manifest: (Readonly<Record<string, unknown>> & { readonly mediaType: string }) | string,
  reference = 'v1',
  type = typeof manifest === 'string' ? mediaTypes.ociManifest : manifest.mediaType,
): Promise<Response> {
  const body = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  return call('PUT', `/v2/acme/app/manifests/${reference}`, { body, headers: { 'content-type': type } });
}

/** Config and layers, and then the manifest. */
async function pushImage(...layers: readonly string[]): Promise<Response> {
  for (const blob of ['{}', ...layers]) await pushBlob(blob);
  return putManifest(manifestOf('{}', layers));
}

function inject(action: FaultAction, match: Omit<Fault, 'action'> = {}): void {
  sandbox.inject({ ...match, action });
}

/** The status, or how the connection failed. */
async function outcome(pending: Promise<Response>): Promise<number | string> {
  try {
    return (await pending).status;
  } catch (error) {
    if (!isNativeError(error)) return String(error);
    return isNativeError(error.cause) && 'code' in error.cause ? String(error.cause.code) : error.name;
  }
}

const lost = /ECONNRESET|EPIPE|UND_ERR_SOCKET/;

describe('pushing', () => {
  it('accepts an image', async () => {
    const started = await startUpload();
    expect([started.status, started.headers.get('range')]).toEqual([202, '0-0']);
    expect(started.headers.get('docker-upload-uuid')).toMatch(/^[0-9a-f-]{36}$/);
    const patched = await patch(locationOf(started), 'layer');
    expect([patched.status, patched.headers.get('range')]).toEqual([202, '0-4']);
    const committed = await put(locationOf(patched), digestOf('layer'));
    expect(committed.status).toBe(201);
    expect(committed.headers.get('docker-content-digest')).toBe(digestOf('layer'));
    expect(locationOf(committed)).toBe(`${sandbox.registryUrl}/v2/acme/app/blobs/${digestOf('layer')}`);
    await pushBlob('{}');

    const manifest = JSON.stringify(manifestOf('{}', ['layer']));
    const answer = await putManifest(manifest);
    expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([201, digestOf(manifest)]);
    const { blobs, manifests, tags, moves } = repository();
    expect([...blobs]).toEqual([
      [digestOf('layer'), expect.objectContaining({ size: 5, uploads: 1, mounted: false })],
      [digestOf('{}'), expect.objectContaining({ size: 2, uploads: 1, mounted: false })],
    ]);
    expect(await blobs.get(digestOf('layer'))?.content()).toEqual(Buffer.from('layer'));
    expect(manifests.get(digestOf(manifest))).toEqual({
      mediaType: mediaTypes.ociManifest,
      bytes: Buffer.from(manifest),
    });
    expect([...tags]).toEqual([['v1', digestOf(manifest)]]);
    expect(moves).toEqual([{ tag: 'v1', from: undefined, to: digestOf(manifest), at: expect.any(Number), reads: 0 }]);
    expect(sandbox.registry.dataBytes).toBe(7);
    expect(sandbox.requests.map(({ steps }) => steps.join('+'))).toEqual(
      'token start data commit start data commit manifest-put'.split(' '),
    );
    expect(sandbox.violations).toEqual([]);
  });

  it('accepts content with the PUT, and in chunks', async () => {
    expect((await put(locationOf(await startUpload()), digestOf('one'), 'one')).status).toBe(201);
    let location = locationOf(await startUpload());
    location = locationOf(await patch(location, 'abc', { 'content-range': '0-2' }));
    location = locationOf(await patch(location, 'de', { 'content-range': '3-4' }));
    const status = await call('GET', location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-4']);
    expect((await put(locationOf(status), encodeURIComponent(digestOf('abcdef')), 'f')).status).toBe(201);
    expect(await repository().blobs.get(digestOf('abcdef'))?.content()).toEqual(Buffer.from('abcdef'));
    expect(sandbox.requests.at(-1)?.steps).toEqual(['data', 'commit']);
    expect(sandbox.violations).toEqual([]);
  });

  it('keeps large blobs in files', async () => {
    const half = Buffer.alloc(9 * 1024 * 1024, 'sandbox');
    const whole = Buffer.concat([half, half]);
    const first = await patch(locationOf(await startUpload()), half);
    const second = await patch(locationOf(first), half);
    expect((await put(locationOf(second), digestOf(whole))).status).toBe(201);
    const blob = await call('GET', `/v2/acme/app/blobs/${digestOf(whole)}`);
    expect(Buffer.from(await blob.arrayBuffer()).equals(whole)).toBe(true);
  });

  it('accepts chunked encoding', async () => {
    await login();
    const { pathname, search } = new URL(locationOf(await startUpload()));
    const head = `PATCH ${pathname}${search} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization['authorization']}\r\n`;
    const type = 'Content-Type: application/octet-stream\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { text } = await sendRaw(sandbox.registryUrl, `${head}${type}3\r\none\r\n0\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1.1 202 [^]*range: 0-2\r\n/);
  });

  it('accepts an index, and rejects one whose images are missing', async () => {
    await pushImage('layer');
    const [digest, manifest] = [...repository().manifests][0] ?? [];
    const child = {
      mediaType: mediaTypes.ociManifest,
      digest,
      size: manifest?.bytes.length,
      platform: { os: 'linux', architecture: 'arm64' },
    };
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };
    expect((await putManifest(index)).status).toBe(201);
    const missing = { ...child, digest: digestOf('elsewhere') };
    const response = await putManifest({ ...index, manifests: [child, missing] });
    expect(await readJson(response)).toMatchObject({
      errors: [{ code: 'MANIFEST_UNKNOWN', detail: digestOf('elsewhere') }],
    });
    expect(response.status).toBe(404);
    expect((await putManifest({ ...index, manifests: [{ ...child, size: 5 }] })).status).toBe(400);
    expect((await putManifest({ ...index, manifests: [{ ...child, platform: {} }] })).status).toBe(400);
    expect(sandbox.violations).toEqual([expect.stringContaining('not 5'), expect.stringContaining('platform')]);
  });

  it('accepts a manifest by its digest, without a tag', async () => {
    await pushImage('layer');
    const manifest = JSON.stringify(manifestOf('{}', ['layer', 'layer']));
    expect((await putManifest(manifest, digestOf(manifest))).status).toBe(201);
    expect(repository().moves).toHaveLength(1);
    expect(await errorsOf(await putManifest(manifest, digestOf('x')))).toEqual([400, 'DIGEST_INVALID']);
    expect(sandbox.violations).toEqual([expect.stringContaining('a manifest of another digest')]);
  });

  it('compares digests', async () => {
    const location = locationOf(await patch(locationOf(await startUpload()), 'one'));
    expect(await errorsOf(await put(location, digestOf('two')))).toEqual([400, 'DIGEST_INVALID']);
    expect(await errorsOf(await put(location, digestOf('one')))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect(repository().blobs.size).toBe(0);
    expect(sandbox.violations).toEqual([]);
  });

  it('accepts only the latest Location, unchanged', async () => {
    const first = locationOf(await startUpload());
    const second = locationOf(await patch(first, 'abc'));
    expect(second).not.toBe(first);
    expect(await errorsOf(await patch(first, 'def'))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect(sandbox.violations).toEqual([]);
    for (const changed of [
      second.replace(/\?.*/, ''),
      second.replace('%2f', '%2F'),
      second.replace('_state=', '_state=x'),
    ]) {
      expect((await put(changed, digestOf('abc'))).status).toBe(404);
      expect(sandbox.violations.at(-1)).toContain('not the Location that was given');
    }
    const digestFirst = new URL(second);
    digestFirst.search = `?digest=${digestOf('abc')}&${digestFirst.search.slice(1)}`;
    expect((await call('PUT', digestFirst.toString())).status).toBe(404);
    expect((await put(second, digestOf('abc'))).status).toBe(201);
  });

  it('rejects chunks out of order', async () => {
    const first = await patch(locationOf(await startUpload()), 'abc', { 'content-range': '0-2' });
    const again = await patch(locationOf(first), 'abc', { 'content-range': '0-2' });
    expect([again.status, again.headers.get('range')]).toEqual([416, '0-2']);
    expect((await patch(locationOf(again), 'de', { 'content-range': '3-4' })).status).toBe(202);
    expect(sandbox.violations).toEqual([]);
  });

  it.each([
    ['a range with a unit', { 'content-range': 'bytes 0-2/3' }, 400, 'not start-end'],
    ['a range of another length', { 'content-range': '0-3' }, 400, 'with 3 bytes'],
    ['another type', { 'content-type': 'text/plain' }, 202, 'Content-Type is text/plain'],
  ])('notices %s', async (_, headers, status, violation) => {
    expect((await patch(locationOf(await startUpload()), 'abc', headers)).status).toBe(status);
    expect(sandbox.violations).toEqual([expect.stringContaining(violation)]);
  });

  it('mounts blobs from another repository', async () => {
    sandbox.registry.createPackage('acme/base');
    const digest = sandbox.registry.putBlob('acme/base', 'layer');
    await login();
    expect((await startUpload('acme/app', `?mount=${digest}&from=acme/base`)).status).toBe(202);
    const { token } = await readJson<TokenAnswer>(
      await fetch(`${tokenUrl('repository:acme/app:pull,push')}&scope=repository:acme/base:pull`, {
        headers: packages,
      }),
    );
    authorization = { authorization: `Bearer ${token}` };
    expect((await startUpload('acme/app', `?mount=${digestOf('other')}&from=acme/base`)).status).toBe(202);
    const mounted = await startUpload('acme/app', `?mount=${digest}&from=acme/base`);
    expect([mounted.status, mounted.headers.get('docker-content-digest')]).toEqual([201, digest]);
    expect(repository().blobs.get(digest)).toMatchObject({ uploads: 0, mounted: true });
    expect(sandbox.requests.at(-1)?.steps).toEqual(['mount', 'start']);
    expect(sandbox.violations).toEqual([]);
  });

  it('keeps repositories apart', async () => {
    sandbox.registry.createPackage('acme/other');
    const digest = sandbox.registry.putBlob('acme/other', 'layer');
    sandbox.registry.putBlob('acme/app', '{}');
    expect((await call('HEAD', `/v2/acme/app/blobs/${digest}`)).status).toBe(404);
    expect(await errorsOf(await putManifest(manifestOf('{}', ['layer'])))).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    expect(repository().tags.size).toBe(0);
  });

  it('rejects packages that do not exist', async () => {
    await login('repository:acme/new:pull,push');
    const refused = await startUpload('acme/new');
    expect(await readJson(refused)).toMatchObject({
      errors: [{ code: 'NAME_UNKNOWN', message: 'The package new does not exist in this workspace' }],
    });
    expect(refused.status).toBe(404);
    sandbox.registry.createPackage('acme/new');
    expect((await startUpload('acme/new')).status).toBe(202);
  });

  it.each([
    ['DELETE', '/v2/acme/app/manifests/v1', 405, 1],
    ['DELETE', `/v2/acme/app/blobs/${digestOf('x')}`, 405, 1],
    ['DELETE', '/v2/acme/app/blobs/uploads/x', 405, 0],
    ['GET', '/v2/acme/app/tags/list', 405, 0],
    ['GET', `/v2/acme/app/referrers/${digestOf('x')}`, 404, 0],
    ['GET', '/v2/_catalog', 404, 1],
    ['POST', '/v2/acme/app/blobs/uploads', 405, 1],
    ['POST', '/v2/Acme/app/blobs/uploads/', 400, 1],
    ['POST', '/v2/acme/deep/app/blobs/uploads/', 400, 0],
    ['HEAD', '/v2/acme/app/blobs/sha256:123', 400, 1],
    ['HEAD', '/v2/acme/app/manifests/-x', 400, 1],
    ['PUT', '/v2/acme/app/blobs/uploads/0b3ab1d5-0f3a-4b7e-8d0e-1f2a3b4c5d6e', 404, 1],
  ])('answers %s %s with %i', async (method, path, status, violations) => {
    expect((await call(method, path)).status).toBe(status);
    expect(sandbox.violations).toHaveLength(violations);
  });
});

describe('manifests', () => {
  const good = manifestOf('{}', ['layer']);
  const layer = good.layers[0];

  beforeEach(() => {
    for (const blob of ['{}', 'layer']) sandbox.registry.putBlob('acme/app', blob);
  });

  it.each([
    ['no JSON', 'x', 'not JSON'],
    ['an array', '[]', 'not a JSON object'],
    ['another version', { ...good, schemaVersion: 1 }, 'schemaVersion'],
    ['another type inside', { ...good, mediaType: mediaTypes.dockerManifest }, 'mediaType is'],
    ['an unknown field', { ...good, tag: 'x' }, 'the manifest has tag'],
    ['no config', { ...good, config: undefined }, 'config is not an object'],
    ['layers that are none', { ...good, layers: {} }, 'layers is not an array'],
    ['a short digest', { ...good, layers: [{ ...layer, digest: 'sha256:12' }] }, 'layers[0].digest'],
    ['no size', { ...good, layers: [{ ...layer, size: undefined }] }, 'layers[0].size'],
    ['a size in quotes', { ...good, layers: [{ ...layer, size: '5' }] }, 'layers[0].size'],
    ['another size', { ...good, layers: [{ ...layer, size: 6 }] }, 'has 5 bytes, not 6'],
    ['no type', { ...good, layers: [{ ...layer, mediaType: '' }] }, 'layers[0].mediaType'],
    [
      "Docker's layers in an OCI manifest",
      { ...good, layers: manifestOf('', ['layer'], 'docker').layers },
      'layers[0] is',
    ],
    ['annotations that are numbers', { ...good, annotations: { a: 1 } }, 'annotations'],
  ])('with %s are rejected', async (_, manifest, violation) => {
    const body = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
    expect(await errorsOf(await putManifest(body))).toEqual([400, 'MANIFEST_INVALID']);
    expect(sandbox.violations).toEqual([expect.stringContaining(violation)]);
    expect(repository().manifests.size).toBe(0);
  });

  it("may be Docker's, but not mixed with OCI's", async () => {
    const docker = manifestOf('{}', ['layer'], 'docker');
    expect((await putManifest(docker)).status).toBe(201);
    expect((await putManifest({ ...docker, layers: good.layers })).status).toBe(400);
    expect((await putManifest({ ...docker, config: good.config })).status).toBe(400);
    expect((await putManifest(docker, 'v1', 'application/json')).status).toBe(400);
    expect(sandbox.violations).toHaveLength(3);
  });

  it.each([
    [{}, 400, [digestOf('new'), digestOf('newer')]],
    [{ blobUnknownStatus: 404 }, 404, [digestOf('new'), digestOf('newer')]],
    [{ blobUnknownDetail: 'object' }, 400, [{ digest: digestOf('new') }, { digest: digestOf('newer') }]],
    [{ blobUnknownDetail: 'none' }, 400, [undefined, undefined]],
  ] as const)('without their blobs are refused: %j', async (options, status, details) => {
    await restart(options);
    for (const blob of ['{}', 'layer']) sandbox.registry.putBlob('acme/app', blob);
    const response = await putManifest(manifestOf('{}', ['layer', 'new', 'newer', 'new']));
    const { errors } = await readJson<{ errors: { code: string; detail?: unknown }[] }>(response);
    expect(response.status).toBe(status);
    expect(errors.map(({ code }) => code)).toEqual(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
    expect(errors.map(({ detail }) => detail)).toEqual(details);
    expect(sandbox.violations).toEqual([]);
  });

  it('may name foreign layers that are missing', async () => {
    const foreign = { ...manifestOf('{}', ['foreign']).layers[0], urls: ['https://example.com/layer'] };
    expect((await putManifest({ ...good, layers: [foreign] })).status).toBe(201);
  });

  it('are read by tag and by digest, in the formats that the client accepts', async () => {
    const { digest, manifest } = await sandbox.registry.seed('acme/app', { tags: ['v1', 'v2'] });
    for (const reference of ['v1', 'v2', digest]) {
      const response = await call('GET', `/v2/acme/app/manifests/${reference}`, { headers: manifestTypes });
      expect(Buffer.from(await response.arrayBuffer())).toEqual(manifest);
      expect(response.headers.get('content-type')).toBe(mediaTypes.ociManifest);
      expect(response.headers.get('docker-content-digest')).toBe(digest);
    }
    const head = await call('HEAD', '/v2/acme/app/manifests/v1', { headers: manifestTypes });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(manifest.length)]);
    const other = await call('GET', '/v2/acme/app/manifests/v1', { headers: { accept: mediaTypes.dockerManifest } });
    expect(await errorsOf(other)).toEqual([404, 'MANIFEST_UNKNOWN']);
    const missing = await call('GET', '/v2/acme/app/manifests/v3', { headers: manifestTypes });
    expect(await errorsOf(missing)).toEqual([404, 'MANIFEST_UNKNOWN']);
    expect([repository().moves, sandbox.violations]).toEqual([[], []]);
    expect((await call('GET', '/v2/acme/app/manifests/v1')).status).toBe(200);
    expect(sandbox.violations).toEqual([expect.stringContaining('Accept names no manifest')]);
  });

  it('have a maximum size', async () => {
    await restart({ maxManifestBytes: 100 });
    expect((await putManifest(good)).status).toBe(413);
    expect(sandbox.violations).toEqual([]);
  });
});

describe('credentials', () => {
  const challenge = (scope: string, error = ''): string =>
    `Bearer realm="${sandbox.authOrigin}/token",service="packages.sandbox.example",scope="${scope}"${error}`;

  it('are required', async () => {
    for (const [method, path, scope] of [
      ['HEAD', `/v2/acme/app/blobs/${digestOf('x')}`, 'repository:acme/app:pull'],
      ['POST', '/v2/acme/app/blobs/uploads/', 'repository:acme/app:pull,push'],
    ] as const) {
      const response = await fetch(sandbox.registryUrl + path, { method });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge(scope)]);
    }
    expect((await fetch(`${sandbox.registryUrl}/v2/`)).headers.get('www-authenticate')).not.toContain('scope');
    expect((await call('GET', '/v2/')).status).toBe(200);
    expect(sandbox.violations).toEqual([]);
  });

  const { apiUser } = tokens;
  it.each([
    ['the packages pair', packages, 200, 202],
    ['API token', basic(apiUser, tokens.apiToken), 200, 202],
    ['plain token', basic('anyone', tokens.plainToken), 200, 202],
    ['API token that only reads', basic(apiUser, tokens.readOnlyPackagesToken), 200, 403],
    ['API token without scopes for packages', basic(apiUser, tokens.writeOnlyApiToken), 200, 403],
    ['API token of another user', basic('dev', tokens.apiToken), 401, 401],
    ['access token', basic('x-token-auth', tokens.accessToken), 401, 401],
    ['none', {}, 401, 401],
  ])('%s', async (_, headers: Record<string, string>, tokenStatus, pushStatus) => {
    const response = await fetch(tokenUrl('repository:acme/app:pull,push'), { headers });
    expect(response.status).toBe(tokenStatus);
    if (response.ok) await login('repository:acme/app:pull,push', headers);
    else authorization = { authorization: 'Bearer none' };
    expect((await startUpload()).status).toBe(pushStatus);
    expect(sandbox.violations).toEqual([]);
  });

  it('allow only the requested access', async () => {
    await login('repository:acme/app:pull');
    expect((await call('HEAD', `/v2/acme/app/blobs/${digestOf('x')}`)).status).toBe(404);
    const push = await startUpload();
    expect(push.headers.get('www-authenticate')).toBe(
      challenge('repository:acme/app:pull,push', ',error="insufficient_scope"'),
    );
    await login('repository:acme/other:pull,push');
    expect((await startUpload()).status).toBe(401);
    expect(sandbox.violations).toEqual([]);
  });

  it('of the pipeline are limited to its repository', async () => {
    sandbox.registry.createPackage('acme/other', { ofOtherRepository: true });
    await login('repository:acme/other:pull,push');
    expect(await errorsOf(await startUpload('acme/other'))).toEqual([403, 'DENIED']);
    await login('repository:acme/other:pull,push', basic(apiUser, tokens.apiToken));
    expect((await startUpload('acme/other')).status).toBe(202);
    await login('repository:elsewhere/app:pull,push', basic(apiUser, tokens.apiToken));
    expect((await startUpload('elsewhere/app')).status).toBe(403);
    await restart({ denialStatus: 401 });
    await login(undefined, basic(apiUser, tokens.readOnlyPackagesToken));
    expect((await startUpload()).headers.get('www-authenticate')).toContain('insufficient_scope');
  });

  it.each([
    [{}, { token: expect.any(String), expires_in: 300, issued_at: expect.any(String) }],
    [
      { tokenField: 'access_token', tokenSeconds: 0.5 },
      { access_token: expect.any(String), expires_in: 1, issued_at: expect.any(String) },
    ],
    [
      { tokenField: 'both', tokenExpiry: false },
      { token: expect.any(String), access_token: expect.any(String), issued_at: expect.any(String) },
    ],
  ] as const)('become tokens: %j', async (options, answer) => {
    await restart(options);
    const response = await fetch(tokenUrl('repository:acme/app:pull'), { headers: packages });
    expect(await readJson(response)).toEqual(answer);
  });

  it('become tokens that expire', async () => {
    const ms = patience(300);
    await restart({ tokenSeconds: ms / 1000, tokenAgeSeconds: 3600 });
    const { issued_at = '' } = await readJson<TokenAnswer>(await fetch(tokenUrl(undefined), { headers: packages }));
    expect(Date.now() - Date.parse(issued_at)).toBeGreaterThan(3_599_000);
    expect((await startUpload()).status).toBe(202);
    await sleep(ms + 10);
    const late = await startUpload();
    expect([late.status, late.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('invalid_token'),
    ]);
    await login();
    expect((await startUpload()).status).toBe(202);
    sandbox.registry.expireTokens();
    expect((await startUpload()).status).toBe(401);
  });

  it.each([
    [
      'another service',
      () => fetch(tokenUrl('repository:acme/app:pull', { service: 'x' }), { headers: packages }),
      400,
    ],
    ['another scope', () => fetch(tokenUrl('registry:catalog:*'), { headers: packages }), 400],
    ['too much', () => fetch(tokenUrl('repository:acme/app:pull,push,delete'), { headers: packages }), 200],
    ['another method', () => fetch(tokenUrl(undefined), { method: 'POST', headers: packages }), 405],
    ['Bearer at the token server', () => fetch(tokenUrl(undefined), { headers: { authorization: 'Bearer x' } }), 401],
    ['malformed credentials', () => fetch(tokenUrl(undefined), { headers: { authorization: 'Basic x' } }), 401],
    [
      'the secret as Bearer',
      () => fetch(`${sandbox.registryUrl}/v2/`, { headers: { authorization: `Bearer ${tokens.apiToken}` } }),
      401,
    ],
  ])('notices %s', async (_, send, status) => {
    expect((await send()).status).toBe(status);
    expect(sandbox.violations).toHaveLength(1);
  });

  it.each([
    [
      'plain',
      /^Bearer realm="http[^"]+",service="packages.sandbox.example",scope="repository:acme\/app:pull,push"$/,
      401,
    ],
    [
      'odd',
      /^bEARER SCOPE = "repository:acme\/app:pull,push" , error_description="a \\"token\\", please",, Service=\S+ , rEALM="/,
      401,
    ],
    ['joined', /^Negotiate, Basic realm="Sandbox \\"packages\\", Inc.", charset="UTF-8", Bearer realm=/, 202],
    ['separate', /^Basic realm="Sandbox \\"packages\\", Inc.", charset="UTF-8", Bearer realm=/, 202],
  ] as const)('are asked for in the %s way', async (challenges, pattern, basicStatus) => {
    await restart({ challenges });
    const url = `${sandbox.registryUrl}/v2/acme/app/blobs/uploads/`;
    expect((await fetch(url, { method: 'POST' })).headers.get('www-authenticate')).toMatch(pattern);
    const head =
      'POST /v2/acme/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    const { text } = await sendRaw(sandbox.registryUrl, head);
    expect(text.match(/^www-authenticate/gim)).toHaveLength(challenges === 'separate' ? 2 : 1);
    expect((await fetch(url, { method: 'POST', headers: packages })).status).toBe(basicStatus);
    expect((await startUpload()).status).toBe(202);
    expect(sandbox.violations).toEqual([]);
  });

  it('may be Basic, or not required at all', async () => {
    await restart({ authentication: 'basic' });
    const url = `${sandbox.registryUrl}/v2/acme/app/blobs/uploads/`;
    expect((await fetch(url, { method: 'POST' })).headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    const readOnly = basic(apiUser, tokens.readOnlyPackagesToken);
    expect((await fetch(url, { method: 'POST', headers: packages })).status).toBe(202);
    expect((await fetch(url, { method: 'POST', headers: readOnly })).status).toBe(403);
    await restart({ authentication: 'none' });
    expect((await fetch(`${sandbox.registryUrl}/v2/acme/app/blobs/uploads/`, { method: 'POST' })).status).toBe(202);
    expect(sandbox.requests).toHaveLength(1);
  });

  it.each([
    ['pull', 401],
    ['push', 202],
  ] as const)('are not needed to %s', async (anonymous, pushStatus) => {
    await restart({ anonymous, authentication: 'basic' });
    const url = `${sandbox.registryUrl}/v2/acme/app/`;
    expect((await fetch(`${url}blobs/${digestOf('x')}`)).status).toBe(404);
    expect((await fetch(`${url}blobs/uploads/`, { method: 'POST' })).status).toBe(pushStatus);
    await restart({ anonymous });
    expect((await fetch(`${sandbox.registryUrl}/v2/`)).status).toBe(401);
    await login('repository:acme/app:pull', {});
    expect((await call('HEAD', `/v2/acme/app/blobs/${digestOf('x')}`)).status).toBe(404);
    await login(undefined, {});
    expect((await startUpload()).status).toBe(anonymous === 'push' ? 202 : 403);
  });
});

describe('options', () => {
  it.each([
    [
      'absolute',
      'odd',
      /^http:\/\/127\.0\.0\.1:\d+\/v2\/acme\/app\/blobs\/uploads\/[\w-]{36}\?_state=\S+&part=a%2fb:c,%20d&sealed$/,
    ],
    ['scheme-less', 'plain', /^\/\/127\.0\.0\.1:\d+\/v2\/acme\/app\/blobs\/uploads\/[\w-]{36}\?_state=[\w-]+$/],
    ['path', 'none', /^\/v2\/acme\/app\/blobs\/uploads\/[\w-]{36}\.[\w-]+$/],
    ['relative', 'odd', /^[\w-]{36}\?_state=/],
    ['other-host', 'odd', /^http:\/\/127\.0\.0\.1:\d+\/v2\//],
  ] as const)('location %s, locationQuery %s', async (location, locationQuery, pattern) => {
    await restart({ location, locationQuery });
    const started = await startUpload();
    expect(started.headers.get('location')).toMatch(pattern);
    const isElsewhere = location === 'other-host';
    expect(new URL(locationOf(started)).origin).toBe(isElsewhere ? sandbox.blobsOrigin : sandbox.registryUrl);
    const patched = await patch(locationOf(started), 'one');
    const committed = await put(locationOf(patched), digestOf('one'));
    expect(committed.status).toBe(201);
    expect(locationOf(committed)).toBe(`${sandbox.registryUrl}/v2/acme/app/blobs/${digestOf('one')}`);
    expect(sandbox.violations).toEqual([]);
  });

  it('other-host rejects credentials and other paths', async () => {
    await restart({ location: 'other-host' });
    const location = locationOf(await startUpload());
    expect((await patch(location, 'one', authorization)).status).toBe(400);
    expect(sandbox.violations).toEqual([expect.stringContaining('credentials for another origin')]);
    expect((await patch(location.replace(sandbox.blobsOrigin, sandbox.registryUrl), 'one')).status).toBe(404);
    expect(sandbox.violations.at(-1)).toContain('not the Location that was given');
    expect((await call('GET', `${sandbox.blobsOrigin}/v2/acme/app/manifests/v1`)).status).toBe(404);
    expect((await patch(location, 'one')).status).toBe(202);
  });

  it('blobRedirects: to a signed URL', async () => {
    await restart({ blobRedirects: true });
    const digest = sandbox.registry.putBlob('acme/app', 'content');
    expect((await call('HEAD', `/v2/acme/app/blobs/${digest}`)).headers.get('content-length')).toBe('7');
    const redirect = await call('GET', `/v2/acme/app/blobs/${digest}`);
    expect(redirect.status).toBe(307);
    expect(new URL(locationOf(redirect)).origin).toBe(sandbox.blobsOrigin);
    expect(await (await fetch(locationOf(redirect))).text()).toBe('content');
    expect(sandbox.violations).toEqual([]);
    expect((await fetch(locationOf(redirect), { headers: authorization })).status).toBe(400);
    expect((await fetch(locationOf(redirect).replace(/\?.*/, ''))).status).toBe(403);
    expect(sandbox.violations).toHaveLength(2);
  });

  it('staleLocations, monolithicPost, mounts, nestedNames, createsPackages', async () => {
    await restart({
      staleLocations: true,
      monolithicPost: true,
      mounts: false,
      nestedNames: true,
      createsPackages: true,
    });
    const first = locationOf(await startUpload());
    await patch(first, 'one');
    expect((await put(first, digestOf('one'))).status).toBe(201);
    const monolithic = await call('POST', `/v2/acme/app/blobs/uploads/?digest=${digestOf('two')}`, {
      body: 'two',
      headers: octets,
    });
    expect([monolithic.status, repository().blobs.get(digestOf('two'))?.size]).toEqual([201, 3]);
    await login('repository:acme/deep/app:pull,push');
    expect((await startUpload('acme/deep/app')).status).toBe(202);
    await login();
    expect((await startUpload('acme/app', `?mount=${digestOf('one')}&from=acme/app`)).status).toBe(202);
    expect(sandbox.violations).toEqual([]);
  });

  it('a POST with content is accepted only if enabled', async () => {
    const answer = await call('POST', `/v2/acme/app/blobs/uploads/?digest=${digestOf('two')}`, {
      body: 'two',
      headers: octets,
    });
    expect([answer.status, repository().blobs.size, sandbox.violations.length]).toEqual([202, 0, 0]);
    expect((await put(locationOf(answer), digestOf('two'), 'two')).status).toBe(201);
  });

  it('minChunkBytes is announced and enforced', async () => {
    await restart({ minChunkBytes: 3 });
    const started = await startUpload();
    expect(started.headers.get('oci-chunk-min-length')).toBe('3');
    const small = await patch(locationOf(await patch(locationOf(started), 'abc')), 'de');
    expect(small.status).toBe(202);
    expect(await errorsOf(await patch(locationOf(small), 'fgh'))).toEqual([400, 'SIZE_INVALID']);
    expect(sandbox.violations).toEqual([expect.stringContaining('2 bytes that was not the last')]);
    expect((await put(locationOf(small), digestOf('abcde'))).status).toBe(201);
  });

  it('maxChunkBytes, maxChunks, needsContentRange, chunkedEncoding', async () => {
    await restart({ maxChunkBytes: 3, maxChunks: 2, needsContentRange: true, chunkedEncoding: false });
    let location = locationOf(await startUpload());
    expect((await patch(location, 'abcd', { 'content-range': '0-3' })).status).toBe(413);
    expect(await errorsOf(await patch(location, 'abc'))).toEqual([400, 'RANGE_INVALID']);
    const stream = new Blob(['abc']).stream();
    const chunked = await call('PATCH', location, { body: stream, headers: octets, duplex: 'half' });
    expect(chunked.status).toBe(411);
    location = locationOf(await patch(location, 'abc', { 'content-range': '0-2' }));
    location = locationOf(await patch(location, 'def', { 'content-range': '3-5' }));
    expect(await errorsOf(await patch(location, 'g', { 'content-range': '6-6' }))).toEqual([
      400,
      'BLOB_UPLOAD_INVALID',
    ]);
    expect((await put(location, digestOf('abcdefg'), 'g')).status).toBe(201);
    expect(sandbox.violations).toEqual([]);
  });

  it.each([
    [{}, 415],
    [{ ociRefusalStatus: 400 }, 400],
  ] as const)('acceptsOci: false, %j', async (options, status) => {
    await restart({ acceptsOci: false, ...options });
    for (const blob of ['{}', 'layer']) sandbox.registry.putBlob('acme/app', blob);
    expect(await errorsOf(await putManifest(manifestOf('{}', ['layer'])))).toEqual([status, 'MANIFEST_INVALID']);
    expect((await putManifest(manifestOf('{}', ['layer'], 'docker'))).status).toBe(201);
    expect(sandbox.violations).toEqual([]);
  });

  it.each([
    [{}, [403, 'DENIED']],
    [{ immutableStatus: 409, immutableCode: 'TAG_IMMUTABLE' }, [409, 'TAG_IMMUTABLE']],
  ] as const)('immutableTags, %j', async (options, refusal) => {
    await restart({ immutableTags: 'v\\d+', ...options });
    for (const blob of ['{}', 'one', 'two']) sandbox.registry.putBlob('acme/app', blob);
    const [one, two] = [manifestOf('{}', ['one']), manifestOf('{}', ['two'])];
    for (const tag of ['v1', 'v1-rc']) expect((await putManifest(one, tag)).status).toBe(201);
    expect(await errorsOf(await putManifest(two, 'v1'))).toEqual(refusal);
    expect((await putManifest(two, 'v1-rc')).status).toBe(201);
    expect((await putManifest(one, 'v1')).status).toBe(201);
    const [first, second] = [digestOf(JSON.stringify(one)), digestOf(JSON.stringify(two))];
    expect(repository().moves.map(({ tag, from, to }) => [tag, from, to])).toEqual([
      ['v1', undefined, first],
      ['v1-rc', undefined, first],
      ['v1-rc', first, second],
      ['v1', first, first],
    ]);
    expect(sandbox.violations).toEqual([]);
  });

  it('refusesSame: identical content for an immutable tag is refused too', async () => {
    await restart({ immutableTags: 'v1', refusesSame: true });
    for (const blob of ['{}', 'one']) sandbox.registry.putBlob('acme/app', blob);
    const one = manifestOf('{}', ['one']);
    for (const tag of ['v1', 'v2', 'v2']) expect((await putManifest(one, tag)).status).toBe(201);
    expect(await errorsOf(await putManifest(one, 'v1'))).toEqual([403, 'DENIED']);
  });

  it('discardContent: blobs are counted, configs kept', async () => {
    await restart({}, { discardContent: true });
    const large = Buffer.alloc(2 * 1024 * 1024);
    const part = await patch(locationOf(await patch(locationOf(await startUpload()), large)), 'end');
    expect((await put(locationOf(part), digestOf('two parts'))).status).toBe(201);
    expect(repository().blobs.get(digestOf('two parts'))?.size).toBe(large.length + 3);
    expect((await pushBlob('{}')).status).toBe(201);
    expect((await pushBlob(large)).status).toBe(201);
    const blobs = repository().blobs;
    expect(await blobs.get(digestOf('{}'))?.content()).toEqual(Buffer.from('{}'));
    expect(blobs.get(digestOf(large))?.size).toBe(large.length);
    await expect(blobs.get(digestOf(large))?.content()).rejects.toThrow('discards');
    expect((await call('GET', `/v2/acme/app/blobs/${digestOf('{}')}`)).status).toBe(200);
  });

  it.each([
    [{ location: 'x' }, 'registry: location cannot be "x"'],
    [{ immutable: '.*' }, 'registry: unknown field immutable'],
  ])('must make sense: %j', async (options, message) => {
    await expect(startSandbox({ registry: JSON.parse(JSON.stringify(options)) })).rejects.toThrow(message);
  });
});

describe('seeds', () => {
  it.each([
    ['an image', {}, []],
    ["one of Docker's", { family: 'docker', layers: [{ content: 'a' }, { content: 'b', compression: 'none' }] }, []],
    ['one with zstd', { layers: [{ content: 'a', compression: 'zstd' }] }, []],
    ['a false diff ID', { layers: [{ content: 'a', diffId: digestOf('b') }] }, ['its diff ID is']],
    ['a missing layer', { layers: [{ content: 'a', missing: true }] }, ['is missing']],
    ['too few diff IDs', { config: { rootfs: { type: 'layers', diff_ids: [] } } }, ['1 layers, 0 diff IDs', 'diff ID']],
    ['no layers', { manifest: { layers: [] } }, ['0 layers, 1 diff IDs']],
    ['a false manifest', { manifest: { schemaVersion: 1 } }, ['schemaVersion is not 2']],
  ] as const)('%s', async (_, image, problems) => {
    const { digest, diffIds, layers } = await sandbox.registry.seed('acme/app', image);
    expect(repository().tags.get('latest')).toBe(digest);
    expect(diffIds).toHaveLength(layers.length);
    const found = await sandbox.registry.pullProblems('acme/app', 'latest');
    expect(found).toEqual(problems.map((problem) => expect.stringContaining(problem)));
  });

  it('an index, and a lost part of it', async () => {
    const image = await sandbox.registry.seed('acme/app', { tags: [] });
    const child = { mediaType: image.mediaType, digest: image.digest, size: image.manifest.length };
    const content = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };
    sandbox.registry.putManifest('acme/app', { mediaType: mediaTypes.ociIndex, content, tags: ['v1'] });
    expect(await sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
    sandbox.registry.loseBlob('acme/app', image.config.digest);
    expect(await sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([expect.stringContaining('is missing')]);
    expect(() => sandbox.registry.loseBlob('acme/app', image.config.digest)).toThrow('no blob');
    expect(() => sandbox.registry.putBlob('acme/none', '')).toThrow('no package acme/none');
    expect(await sandbox.registry.pullProblems('acme/app', 'v2')).toEqual(['no manifest v2']);
  });
});

describe('faults', () => {
  /** Pushes a blob, repeating each step until it succeeds: the statuses in order. */
  async function push(content: string | Buffer): Promise<(number | string)[]> {
    const seen: (number | string)[] = [];
    const insist = async (send: () => Promise<Response>, accept: number): Promise<Response> => {
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const pending = send();
        const status = await outcome(pending);
        seen.push(status);
        if (status === accept) return pending;
        if (status === 401) await login();
      }
      throw new Error(seen.join());
    };
    await login();
    const started = await insist(() => startUpload(), 202);
    const patched = await insist(() => patch(locationOf(started), content), 202);
    await insist(() => put(locationOf(patched), digestOf(content)), 201);
    return seen;
  }

  it.each([
    ['503 on data', { step: 'data' }, { kind: 'status', status: 503 }, [202, 503, 202, 201]],
    ['reset in a blob', { step: 'data' }, { kind: 'reset', afterBytes: 100_000 }, [202, lost, 202, 201]],
    ['FIN in a blob', { step: 'data' }, { kind: 'close', afterBytes: 1 }, [202, lost, 202, 201]],
    ['500 on commit', { step: 'commit' }, { kind: 'status', status: 500 }, [202, 202, 500, 201]],
    [
      '429 on POST',
      { step: 'start' },
      { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
      [429, 202, 202, 201],
    ],
    ['429 on data, twice', { step: 'data', times: 2 }, { kind: 'status', status: 429 }, [202, 429, 429, 202, 201]],
    ['401 on data', { step: 'data' }, { kind: 'expire-token' }, [202, 401, 202, 201]],
    ['401 on data, late', { step: 'data' }, { kind: 'expire-token', when: 'late' }, [202, 401, 202, 201]],
    ['401 on commit', { step: 'commit' }, { kind: 'expire-token' }, [202, 202, 401, 201]],
    [
      'an early 503',
      { step: 'data' },
      { kind: 'status', status: 503, when: 'early' },
      [202, expect.anything(), 202, 201],
    ],
    ['Connection: close', { times: -1 }, { kind: 'connection-close' }, [202, 202, 201]],
    ['slow', { step: 'data' }, { kind: 'trickle', bytesPerSecond: 2_000_000 }, [202, 202, 201]],
    ['late', { step: 'commit' }, { kind: 'delay', ms: 20 }, [202, 202, 201]],
  ] as const)('%s', async (_, match, action, statuses) => {
    inject(action, match);
    const seen = await push(Buffer.alloc(200_000, 'blob'));
    expect(seen).toEqual(statuses.map((status) => (status instanceof RegExp ? expect.stringMatching(status) : status)));
    expect(repository().blobs.get(digestOf(Buffer.alloc(200_000, 'blob')))?.uploads).toBe(1);
    expect(sandbox.requests.filter(({ fault }) => fault === action.kind).length).toBeGreaterThan(0);
    expect(sandbox.violations).toEqual([]);
  });

  it('answer like a registry', async () => {
    await login();
    inject({ kind: 'status', status: 429, headers: { 'retry-after': '8' } }, { step: 'start' });
    inject({ kind: 'status', status: 502 }, { step: 'manifest-put' });
    inject({ kind: 'status', status: 405 }, { method: 'PATCH' });
    const limited = await startUpload();
    expect([limited.headers.get('retry-after'), ...(await errorsOf(limited))]).toEqual(['8', 429, 'TOOMANYREQUESTS']);
    const gateway = await putManifest('{}');
    expect([gateway.status, gateway.headers.get('content-type'), await gateway.text()]).toEqual([
      502,
      'text/html',
      expect.stringContaining('<h1>502</h1>'),
    ]);
    expect(await errorsOf(await patch(locationOf(await startUpload()), 'x'))).toEqual([405, 'UNSUPPORTED']);
  });

  it('match by step, on any server', async () => {
    await restart({ location: 'other-host' });
    inject({ kind: 'status', status: 503 }, { step: 'data' });
    inject({ kind: 'status', status: 500 }, { server: 'auth', step: 'token', skip: 1 });
    expect(await push('one')).toEqual([202, 503, 202, 201]);
    expect((await fetch(tokenUrl(undefined), { headers: packages })).status).toBe(500);
    inject({ kind: 'malformed-json' }, { server: 'auth' });
    expect(await outcome(fetch(tokenUrl(undefined), { headers: packages }))).toBe(200);
  });

  it('match requests longer than a limit', async () => {
    inject({ kind: 'status', status: 413, when: 'early' }, { longerThan: 10, times: -1 });
    const location = locationOf(await startUpload());
    expect((await patch(location, 'x'.repeat(11))).status).toBe(413);
    expect((await patch(location, 'x'.repeat(10))).status).toBe(202);
  });

  it('last for a limited time', async () => {
    await login();
    const forMs = patience(250);
    inject({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, { step: 'blob-head', forMs });
    await sleep(forMs + 50);
    const head = async (): Promise<number> => (await call('HEAD', `/v2/acme/app/blobs/${digestOf('x')}`)).status;
    expect([await head(), await head()]).toEqual([429, 429]);
    await sleep(forMs + 5);
    expect(await head()).toBe(404);
  });

  it.each([403, 405, 429])('HEAD answers %i', async (status) => {
    inject({ kind: 'status', status }, { method: 'HEAD' });
    const digest = sandbox.registry.putBlob('acme/app', 'x');
    expect((await call('HEAD', `/v2/acme/app/blobs/${digest}`)).status).toBe(status);
    expect((await call('HEAD', `/v2/acme/app/blobs/${digest}`)).status).toBe(200);
  });

  it('expire-token: all tokens, with a new challenge', async () => {
    await login();
    inject({ kind: 'expire-token' }, { step: 'manifest-put' });
    for (const blob of ['{}', 'layer']) sandbox.registry.putBlob('acme/app', blob);
    expect((await fetch(`${sandbox.registryUrl}/v2/acme/app/manifests/v1`, { method: 'PUT' })).status).toBe(401);
    const refused = await putManifest(manifestOf('{}', ['layer']));
    expect(refused.headers.get('www-authenticate')).toMatch(
      /scope="repository:acme\/app:pull,push",error="invalid_token"/,
    );
    expect((await startUpload()).status).toBe(401);
    await login();
    expect((await putManifest(manifestOf('{}', ['layer']))).status).toBe(201);
  });

  it.each([
    [{}, ['layer']],
    [{ positions: [0] }, ['{}']],
    [{ positions: [0, 1] }, ['{}', 'layer']],
  ])('blob-unknown: %j, dropped or only claimed', async (positions, named) => {
    for (const blob of ['{}', 'layer']) sandbox.registry.putBlob('acme/app', blob);
    const manifest = manifestOf('{}', ['layer']);
    for (const drop of [false, true]) {
      inject({ kind: 'blob-unknown', drop, ...positions });
      const { errors } = await readJson<{ errors: unknown }>(await putManifest(manifest));
      expect(errors).toMatchObject(named.map((blob) => ({ code: 'MANIFEST_BLOB_UNKNOWN', detail: digestOf(blob) })));
      expect(repository().blobs.size).toBe(drop ? 2 - named.length : 2);
    }
    expect(await errorsOf(await putManifest(manifest))).toContain('MANIFEST_BLOB_UNKNOWN');
    for (const blob of named) sandbox.registry.putBlob('acme/app', blob);
    expect((await putManifest(manifest)).status).toBe(201);
    expect([repository().tags.size, sandbox.violations]).toEqual([1, []]);
  });

  it('location: elsewhere, once', async () => {
    inject({ kind: 'location', form: 'other-host' }, { step: 'start' });
    const started = await startUpload();
    expect(new URL(locationOf(started)).origin).toBe(sandbox.blobsOrigin);
    const patched = await patch(locationOf(started), 'x');
    expect(new URL(locationOf(patched)).origin).toBe(sandbox.blobsOrigin);
    expect((await put(locationOf(patched), digestOf('x'))).status).toBe(201);
    expect(new URL(locationOf(await startUpload())).origin).toBe(sandbox.registryUrl);
  });

  it('omit-headers, other-status', async () => {
    inject({ kind: 'omit-headers', names: ['Range'] }, { method: 'PATCH' });
    inject({ kind: 'omit-headers', names: ['Docker-Content-Digest', 'Location'] }, { step: 'manifest-put' });
    inject({ kind: 'other-status', status: 200 }, { step: 'manifest-put' });
    const patched = await patch(locationOf(await startUpload()), 'layer');
    expect([patched.status, patched.headers.get('range')]).toEqual([202, null]);
    await put(locationOf(patched), digestOf('layer'));
    const answers = [await pushImage('layer'), await pushImage('layer')];
    expect(answers.map(({ status }) => status)).toEqual([201, 200]);
    expect(answers.map(({ headers }) => headers.has('docker-content-digest'))).toEqual([false, true]);
    expect(repository().tags.size).toBe(1);
  });

  it('wrong-digest, wrong-size', async () => {
    const { digest } = await sandbox.registry.seed('acme/app');
    await login();
    inject({ kind: 'wrong-digest' }, { step: 'manifest-head' });
    inject({ kind: 'wrong-size' }, { step: 'blob-head' });
    const head = (): Promise<Response> => call('HEAD', '/v2/acme/app/manifests/latest', { headers: manifestTypes });
    const claimed = (await head()).headers.get('docker-content-digest');
    expect(claimed).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(claimed).not.toBe(digest);
    expect((await head()).headers.get('docker-content-digest')).toBe(digest);
    const blob = sandbox.registry.putBlob('acme/app', 'four');
    const size = async (): Promise<string | null> =>
      (await call('HEAD', `/v2/acme/app/blobs/${blob}`)).headers.get('content-length');
    expect([await size(), await size()]).toEqual(['5', '4']);
  });

  it('corrupt-content, replace-content, truncate-content: for manifests and configs', async () => {
    const { manifest, config, digest } = await sandbox.registry.seed('acme/app');
    const read = (path: string): Promise<Response> => call('GET', `/v2/acme/app/${path}`, { headers: manifestTypes });
    inject({ kind: 'corrupt-content' }, { step: 'blob-get' });
    inject({ kind: 'replace-content', content: '{"schemaVersion": 2}' }, { step: 'manifest-get' });
    inject({ kind: 'truncate-content', bytes: 10 }, { step: 'blob-get' });
    // Not spent on refused requests.
    expect(
      (await fetch(`${sandbox.registryUrl}/v2/acme/app/manifests/latest`, { headers: manifestTypes })).status,
    ).toBe(401);
    const replaced = await read('manifests/latest');
    expect([replaced.headers.get('docker-content-digest'), await replaced.text()]).toEqual([
      digest,
      '{"schemaVersion": 2}',
    ]);
    expect(await (await read('manifests/latest')).text()).toBe(manifest.toString());
    const corrupt = await (await read(`blobs/${config.digest}`)).arrayBuffer();
    expect(corrupt.byteLength).toBe(config.size);
    expect(digestOf(Buffer.from(corrupt))).not.toBe(config.digest);
    await expect(read(`blobs/${config.digest}`).then((response) => response.text())).rejects.toThrow('terminated');
    expect((await (await read(`blobs/${config.digest}`)).arrayBuffer()).byteLength).toBe(config.size);
  });

  it('corrupt-content: behind a redirect', async () => {
    await restart({ blobRedirects: true });
    const digest = sandbox.registry.putBlob('acme/app', 'content');
    inject({ kind: 'corrupt-content' }, { server: 'blobs' });
    const location = locationOf(await call('GET', `/v2/acme/app/blobs/${digest}`));
    expect(await (await fetch(location)).text()).not.toBe('content');
    expect(await (await fetch(location)).text()).toBe('content');
  });

  it('store-corrupt: detected by the digest', async () => {
    inject({ kind: 'store-corrupt' }, { step: 'data' });
    expect(await errorsOf(await pushBlob('layer'))).toEqual([400, 'DIGEST_INVALID']);
    expect((await pushBlob('layer')).status).toBe(201);
  });

  it('reset-keeping-data: the upload can be continued', async () => {
    inject({ kind: 'reset-keeping-data', bytes: 3 });
    const location = locationOf(await startUpload());
    expect(await outcome(patch(location, 'abcdef'))).toMatch(lost);
    const again = await patch(location, 'abcdef', { 'content-range': '0-5' });
    expect([again.status, again.headers.get('range')]).toEqual([416, '0-2']);
    const status = await call('GET', locationOf(again));
    expect(status.headers.get('range')).toBe('0-2');
    const rest = await patch(locationOf(status), 'def', { 'content-range': '3-5' });
    expect((await put(locationOf(rest), digestOf('abcdef'))).status).toBe(201);
    expect(sandbox.violations).toEqual([]);
  });

  it('reset-after-store: committed without an answer', async () => {
    inject({ kind: 'reset-after-store' }, { step: 'commit' });
    const location = locationOf(await patch(locationOf(await startUpload()), 'x'));
    expect(await outcome(put(location, digestOf('x')))).toMatch(lost);
    expect(await errorsOf(await put(location, digestOf('x')))).toEqual([404, 'BLOB_UPLOAD_UNKNOWN']);
    expect((await call('HEAD', `/v2/acme/app/blobs/${digestOf('x')}`)).status).toBe(200);
    expect(sandbox.violations).toEqual([]);
  });

  it('early-success: 202 before the body is complete', async () => {
    const location = locationOf(await startUpload());
    inject({ kind: 'early-success' }, { step: 'data' });
    const { pathname, search, host } = new URL(location);
    const head = `PATCH ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5000000\r\n\r\n`;
    const { text, ended } = await sendRaw(sandbox.registryUrl, head);
    expect([text.slice(0, 12), ended]).toEqual(['HTTP/1.1 202', 'FIN']);
    expect(text).toContain('range: 0-4999999\r\n');
    expect(text).toContain(`location: ${pathname}${search}\r\n`);
    expect((await put(location, digestOf('x'))).status).toBe(400);
  });

  it('stall: reads no further', async () => {
    const location = locationOf(await startUpload());
    inject({ kind: 'stall', afterBytes: 1000 }, { step: 'data' });
    const patience = new AbortController();
    const body = new Uint8Array(16 * 1024 * 1024);
    const pending = outcome(call('PATCH', location, { body, headers: octets, signal: patience.signal }));
    while ((sandbox.requests.at(-1)?.bytesReceived ?? 0) < 1000) await sleep(5);
    await sleep(30);
    expect(sandbox.requests.at(-1)).toMatchObject({ status: undefined, endedAt: undefined, bodyComplete: false });
    patience.abort();
    expect(await pending).toBe('AbortError');
    expect((await patch(location, 'x')).status).toBe(202);
  });

  it('a PATCH that breaks off stores nothing', async () => {
    const location = locationOf(await startUpload());
    const { pathname, search } = new URL(location);
    const socket = connectTo(sandbox.registryUrl);
    const type = 'Content-Type: application/octet-stream\r\nContent-Length: 9\r\n\r\n';
    socket.write(
      `PATCH ${pathname}${search} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization['authorization']}\r\n${type}abc`,
    );
    while (sandbox.requests.at(-1)?.bytesReceived !== 3) await sleep(5);
    socket.destroy();
    await once(socket, 'close');
    const patched = await patch(location, 'abcdef');
    expect((await put(locationOf(patched), digestOf('abcdef'))).status).toBe(201);
    expect([sandbox.registry.dataBytes, sandbox.violations]).toEqual([9, []]);
  });

  it.each([
    [{ step: 'patch', action: { kind: 'reset' } }, 'step cannot be "patch"'],
    [{ action: { kind: 'location', form: 'x' } }, 'form cannot be "x"'],
    [{ action: { kind: 'blob-unknown' } }, 'drop cannot be undefined'],
    [{ forMs: 0, action: { kind: 'reset' } }, 'forMs cannot be 0'],
  ])('must make sense: %j', (fault, message) => {
    expect(() => sandbox.inject(JSON.parse(JSON.stringify(fault)))).toThrow(message);
  });
});

describe('reset', () => {
  it('restores the initial packages', async () => {
    sandbox.registry.createPackage('acme/other');
    await pushImage('layer');
    sandbox.reset();
    expect([...sandbox.registry.repositories.keys()]).toEqual(['acme/app']);
    expect([repository().blobs.size, repository().tags.size, sandbox.registry.dataBytes]).toEqual([0, 0, 0]);
    expect((await startUpload()).status).toBe(401);
  });
});

describe('in a separate process', () => {
  it('can be inspected and controlled', async () => {
    const options = { packages: ['acme/app', 'acme/base'], authentication: 'none', location: 'path' } as const;
    const remote = await startRemoteSandbox({ registry: options });
    try {
      expect(remote.registryUrl).toBe(`http://${remote.registryHost}`);
      const { digest, layers } = await remote.registry.seed('acme/base', { tags: ['v1', 'v2'] });
      expect(await remote.registry.pullProblems('acme/base', 'v1')).toEqual([]);
      await remote.registry.createPackage('acme/new', { ofOtherRepository: true });
      const lone = await remote.registry.putBlob('acme/new', 'lone');
      await remote.inject({ step: 'start', action: { kind: 'status', status: 503 } });
      const post = (): Promise<Response> =>
        fetch(`${remote.registryUrl}/v2/acme/app/blobs/uploads/?mount=${layers[0]?.digest}&from=acme/base`, {
          method: 'POST',
        });
      expect([(await post()).status, (await post()).status]).toEqual([503, 201]);
      await remote.registry.loseBlob('acme/base', layers[0]?.digest ?? '');
      await remote.registry.expireTokens();
      const { registry, requests } = await remote.state();
      expect(requests.map(({ steps }) => steps)).toEqual([
        ['mount', 'start'],
        ['mount', 'start'],
      ]);
      expect(registry.dataBytes).toBe(0);
      expect(registry.repositories['acme/base']).toMatchObject({ tags: { v1: digest, v2: digest }, moves: [] });
      expect(registry.repositories['acme/base']?.manifests[digest]?.mediaType).toBe(mediaTypes.ociManifest);
      expect(registry.repositories['acme/app']?.blobs).toEqual({
        [layers[0]?.digest ?? '']: { size: layers[0]?.size, uploads: 0, mounted: true },
      });
      expect(registry.repositories['acme/new']?.blobs).toEqual({ [lone]: { size: 4, uploads: 0, mounted: false } });
      expect(await remote.registry.pullProblems('acme/base', 'v1')).toEqual([expect.stringContaining('is missing')]);
      await expect(remote.registry.putBlob('acme/none', '')).rejects.toThrow('no package acme/none');
    } finally {
      await remote.close();
    }
  });
});
