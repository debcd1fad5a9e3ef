import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { createMavenClient } from '../../../pipe/destinations/maven/client.ts';
import { bytesBody } from '../../../pipe/io/body.ts';
import { testClient } from '../../http/test-client.ts';
import { answer, serve } from '../../http/test-servers.ts';
import { useSandbox } from '../../run-pipe.ts';
import { jar } from './artifacts.ts';
import { expectSuccess, publish, puts, write } from './published.ts';

const fixture = useSandbox();
const path = 'com/acme/app/1.0/app-1.0.jar';

async function publishWithHeadRefused(status: number): Promise<Awaited<ReturnType<typeof publish>>> {
  await write(fixture, { 'app-1.0.jar': jar() });
  fixture.sandbox.maven.put(path, jar(), { withChecksums: false });
  const action = { kind: 'status', status } as const;
  fixture.sandbox.inject({ server: 'maven', method: 'HEAD', path: `${path}$`, times: -1, action });
  return await publish(fixture, 'app-1.0.jar');
}

it.each([400, 401, 403, 405, 501])('a file is read if HEAD is answered by %d', async (status) => {
  expectSuccess(await publishWithHeadRefused(status));
  expect(puts(fixture)).not.toContain('app-1.0.jar');
});

it.each([402, 406])('the refusal of HEAD by %d is final', async (status) => {
  const { exitCode, output } = await publishWithHeadRefused(status);
  expect([exitCode, output]).toEqual([1, expect.stringContaining(` ${status} `)]);
  expect(puts(fixture)).toEqual([]);
});

it.each([200, 201, 202, 204])('a file is stored if PUT is answered by %d', async (status) => {
  await using server = await serve(answer(status));
  await using http = testClient();
  const client = createMavenClient(http, server.url());
  expect(await client.put('a.jar', 'a.jar', bytesBody('content'))).toBe(status);
  expect(server.received.map(({ method }) => method)).toEqual(['PUT']);
});

it.each([203, 205, 206])('a file is not stored if PUT is answered by %d', async (status) => {
  await using server = await serve(answer(status));
  await using http = testClient();
  const client = createMavenClient(http, server.url());
  await expect(client.put('a.jar', 'a.jar', bytesBody('content'))).rejects.toThrow(`${status}`);
});

it('a checksum that cannot be read is named', async () => {
  await using server = await serve(answer(403));
  await using http = testClient();
  const client = createMavenClient(http, server.url());
  await expect(client.readChecksum('a.jar', 'the jar', 'sha1')).rejects.toThrow('the jar.sha1');
});

const sha256 = createHash('sha256').update('content').digest('hex');
const encoded = Buffer.from(sha256, 'hex').toString('base64');

it.each([
  ['X-Checksum-Sha256', sha256],
  ['ETag', `"{SHA256{${sha256.toUpperCase()}}}"`],
  ['Repr-Digest', `sha-512=:AAAA:, sha-256=:${encoded}:`],
  ['Digest', `md5=AAAA==,SHA-256=${encoded}`],
])('a file whose digest is named in %s need not be read', async (name, value) => {
  await using server = await serve(answer(200, '', { [name]: value }));
  await using http = testClient();
  const found = await createMavenClient(http, server.url()).find('a.jar', 'a.jar');
  expect(found?.digests).toContain(sha256);
});
