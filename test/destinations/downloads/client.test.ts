import { describe, expect, it } from '@jest/globals';
import { createDownloadsClient, type DownloadsClient } from '../../../pipe/destinations/downloads/client.ts';
import { UnexpectedAnswerError } from '../../../pipe/errors.ts';
import { readBytes } from '../../../pipe/http/answer.ts';
import { type TestClient, testClient } from '../../http/test-client.ts';
import { answer, breakOff, serve, type TestServer } from '../../http/test-servers.ts';

const client = (http: TestClient, server: TestServer): DownloadsClient =>
  createDownloadsClient(http, server.url('/2.0'), 'acme', 'app');

const listed = (name: string, createdOn: string): object => ({ name, size: 1, created_on: createdOn });

describe('the listing', () => {
  it('keeps microseconds', async () => {
    const times = ['00:00:01.000001+00:00', '00:00:01.000002Z', '00:00:01Z', '01:00:01.5+01:00'];
    const values = times.map((time) => listed(time, `1970-01-01T${time}`));
    await using server = await serve(answer(200, JSON.stringify({ values })));
    await using http = testClient();
    const downloads = await client(http, server).list();
    expect(downloads.map(({ createdUs }) => createdUs)).toEqual([1_000_001, 1_000_002, 1_000_000, 1_500_000]);
  });

  it.each([
    ['null', 'it is not an object'],
    ['[]', 'it is not an object'],
    ['"values"', 'it is not an object'],
    ['{}', 'values is missing'],
    ['{"values":{}}', 'values is not a list'],
    ['{"values":[null]}', 'values[0] is not an object'],
    ['{"values":[["a"]]}', 'values[0] is not an object'],
    [
      `{"values":[${JSON.stringify(listed('a', '2026-01-01T00:00:00Z'))},{"name":"b"}]}`,
      'values[1] has no name, size or date',
    ],
    ['{"values":[{"name":"a","size":"1","created_on":"2026-01-01T00:00:00Z"}]}', 'values[0] has no name, size or date'],
    ['{"values":[{"name":"a","size":1,"created_on":null}]}', 'values[0] has no name, size or date'],
    [
      '{"values":[{"name":"a","size":1,"created_on":{"toString":1,"valueOf":1}}]}',
      'values[0] has no name, size or date',
    ],
    ['secret', "it is not valid JSON: Unexpected token 's'"],
    ['['.repeat(101) + ']'.repeat(101), 'it is nested more than 100 levels deep'],
  ])('fails with a clear message if the server sends %s', async (text, problem) => {
    await using server = await serve(answer(200, text));
    await using http = testClient();
    const listing = client(http, server).list();
    await expect(listing).rejects.toThrow(UnexpectedAnswerError);
    await expect(listing).rejects.toThrow(
      `${server.origin}/2.0/repositories/acme/app/downloads?pagelen=100 answered 200 with something that is not a listing of downloads: ${problem}`,
    );
    await expect(listing).rejects.not.toThrow('secret');
  });

  it('has each name once, with its newest upload, even if pages shift while it is read', async () => {
    const [old, recent] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
    const next = 'https://api.bitbucket.org/2.0/x?page=2';
    await using server = await serve(
      answer(200, JSON.stringify({ values: [listed('a', old), listed('b', recent)], next })),
      answer(200, JSON.stringify({ values: [listed('a', recent), listed('b', old), listed('c', old)] })),
    );
    await using http = testClient();
    const downloads = await client(http, server).list();
    expect(downloads.map(({ name, createdUs }) => [name, createdUs / 1000])).toEqual([
      ['a', Date.parse(recent)],
      ['b', Date.parse(recent)],
      ['c', Date.parse(old)],
    ]);
  });
});

it.each([[200, true], ...[301, 302, 303, 307, 308].map((status) => [status, true] as const), [404, false]] as const)(
  'a download whose URL answers %i exists: %s',
  async (status, exists) => {
    await using server = await serve(answer(status, 'x'.repeat(1000), { location: '/elsewhere' }));
    await using http = testClient();
    expect(await client(http, server).exists('a b.zip')).toBe(exists);
    expect(server.received.map(({ method, target }) => [method, target])).toEqual([
      ['GET', '/2.0/repositories/acme/app/downloads/a%20b.zip'],
    ]);
  },
);

it('a download may be a web page', async () => {
  const page = '<!DOCTYPE html><html><head><title>Report</title></head></html>';
  const found = answer(200, page, { 'content-type': 'text/html' });
  await using server = await serve(found, found);
  await using http = testClient();
  const downloads = client(http, server);
  expect(await downloads.exists('report.html')).toBe(true);
  expect(await downloads.read('report.html', async (read) => (await readBytes(read, 1000)).toString())).toBe(page);
});

it.each([
  [204, 'unused', true],
  [404, 'unused', false],
  [200, 404, true],
])(
  'a deletion that is answered by %i, after which the download answers %s, is one: %s',
  async (status, then, isOne) => {
    await using server = await serve(answer(status), answer(Number(then)));
    await using http = testClient();
    expect(await client(http, server).remove('a.zip')).toBe(isOne);
    expect(server.received).toHaveLength(then === 'unused' ? 1 : 2);
  },
);

it('a deletion that is answered by 200 and does not happen is a failure', async () => {
  await using server = await serve(answer(200), answer(302, '', { location: '/elsewhere' }));
  await using http = testClient();
  await expect(client(http, server).remove('a.zip')).rejects.toThrow(
    'a.zip: the server answered 200 to its deletion, not 204, and it is still there',
  );
});

it('a deletion whose answer breaks off is asked for again', async () => {
  await using server = await serve(breakOff('reset'), answer(204));
  await using http = testClient();
  expect(await client(http, server).remove('a.zip')).toBe(true);
  expect(server.received).toHaveLength(2);
});

it('deletions share connections, however much the server says about each', async () => {
  await using server = await serve(answer(404, 'no such file '.repeat(40_000)));
  await using http = testClient();
  for (let count = 0; count < 12; count++) expect(await client(http, server).remove('a.zip')).toBe(false);
  expect(server.received).toHaveLength(12);
  // The next request may be sent before the last connection is known to be free.
  expect(server.connections).toBeLessThanOrEqual(4);
});
