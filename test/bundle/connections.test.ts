/** The bundle as a process, against servers that close and break connections in various ways. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { close, hangUp, listen, type Reaction, readBody, reset, serve } from '../http/test-servers.ts';
import { type Ended, startBundle } from '../run-bundle.ts';

const contents = Array.from({ length: 4 }, () => randomBytes(50_000));
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipe-connections-'));
  for (const [index, content] of contents.entries()) await writeFile(join(directory, `${index}.bin`), content);
});
afterAll(async () => await rm(directory, { recursive: true }));

/** Uploads four files, one after another. */
async function upload(origin: string): Promise<Ended> {
  const target = { API_URL: `${origin}/2.0`, WORKSPACE: 'acme', REPOSITORY: 'app', TOKEN: 'ATCTT3xtoken' };
  const env = { ...target, FILENAME: '*.bin', EXTRA_ARGS: "['--concurrency', '1', '--timeout', '10']" };
  return await startBundle(env, { cwd: directory }).ended;
}

const success = { exitCode: 0, output: expect.stringMatching(/^✔ Uploaded 4 files/m) };

/** How many bodies contain the whole file. */
function count(bodies: readonly Buffer[], content: Buffer): number {
  return bodies.filter((body) => body.includes(content)).length;
}

/** Answers, and closes the connection after `ms` without announcing it. */
function closeAfter(ms: number): Reaction {
  return async (exchange) => {
    await readBody(exchange);
    exchange.response.writeHead(201, { 'content-length': 0 }).end();
    setTimeout(() => exchange.socket.end(), ms);
  };
}

it.each([0, 1, 5])('survives connections that are closed %d ms after an answer', async (ms) => {
  await using server = await serve(closeAfter(ms));
  expect(await upload(server.origin)).toMatchObject(success);
  const bodies = server.received.filter(({ isComplete }) => isComplete).map(({ body }) => body);
  for (const content of contents) expect(count(bodies, content)).toBeGreaterThanOrEqual(1);
});

it('does not reuse connections whose answers announce that they close', async () => {
  await using server = await serve(async (exchange) => {
    await readBody(exchange);
    exchange.response.writeHead(201, { connection: 'close' }).end('{}');
  });
  expect(await upload(server.origin)).toMatchObject(success);
  expect([server.connections, server.received.length]).toEqual([4, 4]);
});

it('reconnects if a connection breaks in the middle of a file, and each file arrives complete, once', async () => {
  await using server = await serve(reset(10_000), hangUp(20_000), async (exchange) => {
    await readBody(exchange);
    exchange.response.writeHead(201).end();
  });
  expect(await upload(server.origin)).toMatchObject(success);
  const bodies = server.received.filter(({ isComplete }) => isComplete).map(({ body }) => body);
  expect(contents.map((content) => count(bodies, content))).toEqual([1, 1, 1, 1]);
});

it.each(['before it reads the body', 'after it has read the body'])('reads over a 100 Continue %s', async (when) => {
  await using server = await serve(async (exchange) => {
    if (when.startsWith('before')) exchange.response.writeContinue();
    await readBody(exchange);
    exchange.response.writeContinue();
    exchange.response.writeProcessing();
    exchange.response.writeHead(201).end();
  });
  expect(await upload(server.origin)).toMatchObject(success);
  expect(server.received).toHaveLength(4);
});

it('uploads to an HTTP/1.0 server', async () => {
  const bodies: Buffer[] = [];
  const server = createTcpServer((socket) => {
    const chunks: Buffer[] = [];
    socket
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        const request = Buffer.concat(chunks);
        const bodyAt = request.indexOf('\r\n\r\n') + 4;
        const [, length = '0'] = /^content-length: (\d+)$/im.exec(request.toString('latin1', 0, bodyAt)) ?? [];
        if (bodyAt < 4 || request.length < bodyAt + Number(length)) return;
        bodies.push(request.subarray(bodyAt));
        socket.end('HTTP/1.0 201 Created\r\nContent-Type: application/json\r\n\r\n{}');
      });
  });
  expect(await upload(await listen(server))).toMatchObject(success);
  await close(server);
  expect(contents.map((content) => count(bodies, content))).toEqual([1, 1, 1, 1]);
});
