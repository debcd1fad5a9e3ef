/** What the client makes of each answer of a registry, step by step. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRegistryClient, type RegistryClient } from '../../../pipe/oci/registry/client.ts';
import type { Document } from '../../../pipe/oci/image.ts';
import { bytesBody } from '../../../pipe/io/body.ts';
import { type TestClient, testClient } from '../../http/test-client.ts';
import { answer, type Reaction, serve, type TestServer } from '../../http/test-servers.ts';
import { json, ociTypes, sha256 } from '../fixtures.ts';

const bytes = json({ schemaVersion: 2 });
const document: Document = { mediaType: ociTypes.manifest, digest: sha256(bytes), bytes };
const { digest } = document;
const other = sha256('other');
const page = answer(200, '<!DOCTYPE html><title>Sign in</title>', { 'content-type': 'text/html' });
const json2xx = { 'content-type': 'application/json' };

let http: TestClient;
let server: TestServer | undefined;

beforeEach(() => {
  http = testClient();
});
afterEach(async () => {
  await http.close();
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

async function clientOf(...reactions: readonly [Reaction, ...Reaction[]]): Promise<RegistryClient> {
  server = await serve(...reactions);
  return createRegistryClient(http, new URL(server.origin), 'acme/app');
}

const requests = (): readonly string[] => (server?.received ?? []).map(({ method, target }) => `${method} ${target}`);
const manifests = '/v2/acme/app/manifests';
const found = (more: Readonly<Record<string, string>> = {}): Reaction =>
  answer(200, bytes.toString(), { 'content-type': `${ociTypes.manifest}; charset=utf-8`, ...more });

describe('a manifest is read', () => {
  it.each([
    ['under its tag', 'v1', {}],
    ['under its digest', digest, {}],
    ['with its digest', 'v1', { 'docker-content-digest': digest }],
    ['with a digest of another algorithm', 'v1', { 'docker-content-digest': 'sha512:ab' }],
  ])('%s', async (_, reference, headers) => {
    const client = await clientOf(found(headers));
    expect(await client.readManifest(reference)).toEqual(document);
    expect(requests()).toEqual([`GET ${manifests}/${reference}`]);
    expect(server?.received[0]?.headers.accept).toContain(ociTypes.index);
  });

  it('of the types that are asked for', async () => {
    const client = await clientOf(found());
    await client.readManifest('v1', ['one', 'two']);
    expect(server?.received[0]?.headers.accept).toBe('one, two');
  });

  it.each([
    ['another digest', 'v1', { 'docker-content-digest': other }],
    ['another content', other, {}],
  ])('but not with %s', async (_, reference, headers) => {
    const client = await clientOf(found(headers));
    await expect(client.readManifest(reference)).rejects.toThrow(
      `returned a different manifest for ${reference}: ${digest}`,
    );
  });

  it.each([400, 403, 404, 405])('as if it did not exist, if %i is answered', async (status) => {
    expect(await (await clientOf(answer(status))).readManifest('v1')).toBeUndefined();
  });

  it.each([401, 410, 500])('but not if %i is answered', async (status) => {
    await expect((await clientOf(answer(status))).readManifest('v1')).rejects.toMatchObject({ refusal: { status } });
  });
});

describe('a manifest is missing', () => {
  it.each([
    [200, false],
    [400, false],
    [403, false],
    [404, true],
    [405, false],
  ])('if %i is answered: %s', async (status, isMissing) => {
    const client = await clientOf(answer(status));
    expect(await client.lacksManifest('v1')).toBe(isMissing);
    expect(requests()).toEqual([`HEAD ${manifests}/v1`]);
  });

  it.each([429, 500, 501, 503])('or unknown, if %i is answered', async (status) => {
    await expect((await clientOf(answer(status))).lacksManifest('v1')).rejects.toMatchObject({ refusal: { status } });
  });
});

describe('a manifest is stored', () => {
  const put = `PUT ${manifests}/${digest}`;
  const head = `HEAD ${manifests}/${digest}`;
  const get = `GET ${manifests}/${digest}`;

  it.each<[string, readonly [Reaction, ...Reaction[]], readonly string[], boolean]>([
    ['by 201', [answer(201)], [put], false],
    ['by 201, as a referrer', [answer(201, '', { 'oci-subject': other })], [put], true],
    ['by 201, with its digest', [answer(201, '', { 'docker-content-digest': digest })], [put], false],
    ['by 202, if it is there', [answer(202), answer(200)], [put, head], false],
    [
      'by 204, if it is there after the second time',
      [answer(204), answer(404), answer(204), answer(200)],
      [put, head, put, head],
      false,
    ],
    ['by 202 and then 201', [answer(202), answer(404), answer(201)], [put, head, put], false],
    ['by a web page, if it is there', [page, found()], [put, get], false],
  ])('%s', async (_, reactions, expected, isListed) => {
    const client = await clientOf(...reactions);
    expect(await client.putManifest(digest, document)).toEqual({ isConfirmed: true, isListed });
    expect(requests()).toEqual(expected);
    expect(server?.received[0]?.headers['content-type']).toBe(ociTypes.manifest);
  });

  it.each<[string, readonly [Reaction, ...Reaction[]], string]>([
    ['if it is not there after the second time', [answer(202), answer(404)], 'but does not have it'],
    ['under another digest', [answer(201, '', { 'docker-content-digest': other })], `as ${other}, not ${digest}`],
    ['by a web page, if it is not there', [page, answer(404)], 'a web page, "Sign in"'],
    ['by a refusal', [answer(400, '{"errors":[{"code":"MANIFEST_INVALID"}]}', json2xx)], '400'],
  ])('but not %s', async (_, reactions, message) => {
    const [first, ...rest] = reactions;
    const repeated: readonly Reaction[] = rest.length === 1 ? [...rest, first, ...rest] : rest;
    const client = await clientOf(first, ...repeated);
    await expect(client.putManifest(digest, document)).rejects.toThrow(message);
  });

  it.each([
    [201, true],
    [202, false],
    [204, false],
  ])('under a tag by %i, and confirmed: %s', async (status, isConfirmed) => {
    const client = await clientOf(answer(status));
    expect(await client.putManifest('v1', document)).toEqual({ isConfirmed, isListed: false });
    expect(requests()).toEqual([`PUT ${manifests}/v1`]);
  });

  it('the second time, if the registry could not read a blob that is being stored', async () => {
    const invalid = answer(400, '{"errors":[{"code":"DIGEST_INVALID"}]}', json2xx);
    const client = await clientOf(invalid, answer(201));
    expect(await client.putManifest(digest, document)).toEqual({ isConfirmed: true, isListed: false });
  });
});

describe('a blob', () => {
  const blob = 'content';
  const blobDigest = sha256(blob);
  const url = `/v2/acme/app/blobs/${blobDigest}`;
  const sized = answer(200, '', { 'content-length': '7' });

  it.each<[string, Reaction, number | undefined, string]>([
    ['is there', sized, 7, 'there'],
    ['is not there', answer(404), undefined, 'missing'],
    ['may not be looked for', answer(403), undefined, 'unclear'],
    ['cannot be looked for', answer(405), undefined, 'unclear'],
    ['is a web page', answer(200, '', { 'content-length': '7', 'content-type': 'text/html' }), undefined, 'unclear'],
    [
      'has no size',
      ({ response }) => response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(),
      undefined,
      'unclear',
    ],
  ])('%s', async (_, reaction, size, peeked) => {
    const client = await clientOf(reaction);
    expect([await client.blobSize(blobDigest), await client.peekBlob(blobDigest)]).toEqual([size, peeked]);
    expect(requests()).toEqual([`HEAD ${url}`, `HEAD ${url}`]);
  });

  it.each([401, 429, 500, 501])('is unclear if %i is answered, and only a peek accepts that, once', async (status) => {
    const client = await clientOf(answer(status));
    expect(await client.peekBlob(blobDigest)).toBe('unclear');
    expect(requests()).toHaveLength(1);
    await expect(client.blobSize(blobDigest)).rejects.toMatchObject({ refusal: { status } });
  });

  it('is read, and compared with its digest', async () => {
    const client = await clientOf(answer(200, blob), answer(200, 'other'));
    expect((await client.readBlob(blobDigest, 7)).toString()).toBe(blob);
    await expect(client.readBlob(blobDigest, 7)).rejects.toThrow(
      `returned different content for the blob ${blobDigest}`,
    );
  });

  it('may be a web page', async () => {
    const html = '<!DOCTYPE html><title>Report</title>';
    const client = await clientOf(answer(200, html, { 'content-type': 'text/html' }));
    expect((await client.readBlob(sha256(html), 100)).toString()).toBe(html);
  });

  it.each([200, 201, 202, 204])(
    'is stored by %i, at the address that the registry gave, byte for byte',
    async (status) => {
      const started = answer(202, '', { location: '/upload?_state=a%2Bb=', 'oci-chunk-min-length': '5' });
      const client = await clientOf(started, answer(202, '', { location: '/next' }), answer(status));
      const session = await client.startUpload('layer 1');
      expect([session.location.href, session.minChunkBytes]).toEqual([`${server?.origin}/upload?_state=a%2Bb=`, 5]);
      const next = await client.patchBlob('layer 1', session, bytesBody(blob), 3);
      await client.commitBlob('layer 1', next, blobDigest);
      await client.putBlob('layer 1', session, blobDigest, bytesBody(blob));
      expect(requests()).toEqual([
        'POST /v2/acme/app/blobs/uploads/',
        'PATCH /upload?_state=a%2Bb=',
        `PUT /next?digest=${blobDigest}`,
        `PUT /upload?_state=a%2Bb=&digest=${blobDigest}`,
      ]);
      expect(server?.received[1]?.headers).toMatchObject({
        'content-range': '3-9',
        'content-type': 'application/octet-stream',
      });
    },
  );

  it.each(['', 'http://'])('cannot be stored at %j', async (location) => {
    const client = await clientOf(answer(202, '', location === '' ? {} : { location }));
    await expect(client.startUpload('layer 1')).rejects.toThrow('did not say where to continue the upload');
  });

  it.each([
    ['-1', undefined],
    ['x', undefined],
    ['1e3', undefined],
    ['9'.repeat(13), undefined],
    ['9'.repeat(12), 999_999_999_999],
  ])('is stored in chunks of at least %s bytes: %p', async (stated, expected) => {
    const client = await clientOf(answer(202, '', { location: '/upload', 'oci-chunk-min-length': stated }));
    expect((await client.startUpload('layer 1')).minChunkBytes).toBe(expected);
  });

  const mounting = `POST /v2/acme/app/blobs/uploads/?mount=${blobDigest}&from=acme/base`;

  it.each<[string, readonly [Reaction, ...Reaction[]], boolean, readonly string[]]>([
    ['mounted', [answer(201)], true, []],
    ['mounted later, if there are too many requests', [answer(429), answer(201)], true, [mounting]],
    [
      'not mounted, if an upload is opened instead, which is given up',
      [answer(202, '', { location: '/upload' }), answer(204)],
      false,
      ['DELETE /upload'],
    ],
    ['not mounted, if an upload is opened nowhere', [answer(202)], false, []],
    ['not mounted, if that is refused', [answer(403)], false, []],
    ['not mounted, if the registry fails', [answer(500)], false, []],
  ])('is %s', async (_, reactions, isMounted, more) => {
    const client = await clientOf(...reactions);
    expect(await client.mountBlob(blobDigest, 'acme/base')).toBe(isMounted);
    expect(requests()).toEqual([mounting, ...more]);
  });

  it.each([200, 202, 204, 404, 405, 500])('is given up, and %i is no failure', async (status) => {
    const client = await clientOf(answer(202, '', { location: '/upload' }), answer(status));
    await client.cancelUpload(await client.startUpload('layer 1'));
    expect(requests()).toEqual(['POST /v2/acme/app/blobs/uploads/', 'DELETE /upload']);
  });
});
