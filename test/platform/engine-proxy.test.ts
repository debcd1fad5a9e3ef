/** With a server on a socket in place of the engine, which says what it was asked. */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type EngineProxy, startEngineProxy } from './engine-proxy.ts';

const id = 'a'.repeat(64);
let directory = '';
let engine: Server;
let proxy: EngineProxy;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engine-proxy-'));
  engine = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      if (incoming.url?.includes('/containers/create')) response.writeHead(201).end(JSON.stringify({ Id: id, body }));
      else response.end(`${incoming.method} ${incoming.url} ${body}`);
    });
  });
  engine.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello, ');
    socket.pipe(socket);
  });
  const socketPath = join(directory, 'engine.sock');
  engine.listen(socketPath);
  await once(engine, 'listening');
  proxy = await startEngineProxy({ engine: { socketPath }, cloneDirectory: '/clone', cgroupParent: '/platform' });
});
afterEach(async () => {
  await proxy.close();
  engine.close();
  await rm(directory, { recursive: true });
});

async function ask(
  method: string,
  path: string,
  body = '',
): Promise<readonly [status: number | undefined, text: string]> {
  const outgoing = request({ host: '127.0.0.1', port: proxy.port, method, path, agent: false });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  return [response.statusCode, await text(response)];
}

it('hands requests on, and the containers of all of them to one cgroup', async () => {
  expect(await ask('GET', '/v1.41/info')).toEqual([200, 'GET /v1.41/info ']);
  expect(await ask('POST', '/build?t=app%3A1&q=1', 'context')).toEqual([
    200,
    'POST /build?t=app%3A1&q=1&cgroupparent=%2Fplatform context',
  ]);
  const [status, created] = await ask('POST', '/containers/create?name=x', '{"Image":"x","HostConfig":{"Memory":1}}');
  expect(status).toBe(201);
  expect(JSON.parse(JSON.parse(created).body)).toEqual({
    Image: 'x',
    HostConfig: { Memory: 1, CgroupParent: '/platform' },
  });
  expect(proxy).toMatchObject({ refusals: [], images: ['app:1'], containers: [id] });
});

it("refuses in the plugin's words, and remembers it", async () => {
  const [status, body] = await ask('POST', '/containers/create', '{"HostConfig":{"Privileged":true}}');
  expect([status, JSON.parse(body)]).toEqual([
    403,
    { message: 'authorization denied by plugin pipelines: --privileged=true is not allowed' },
  ]);
  expect(proxy.refusals).toEqual(['POST /containers/create: --privileged=true is not allowed']);
});

it("joins the client with a container's streams, until both have said everything", async () => {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write('POST /containers/x/attach HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  const [head] = await once(socket, 'data');
  socket.end('world');
  expect(`${head}${await text(socket)}`).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n(?:.+\r\n)+\r\nhello, world$/);
});
