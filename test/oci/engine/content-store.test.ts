import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { PipeError } from '../../../pipe/errors.ts';
import { type ContentOptions, type ContentStore, openContentStore } from '../../../pipe/oci/engine/content-store.ts';
import { patience } from '../../patience.ts';
import { listen } from '../../sandbox/listen.ts';
import { readAll, sha256 } from '../fixtures.ts';
import { type ContentFault, type FakeContent, serveContent } from './fake-content.ts';

const [large, small, empty] = [randomBytes(3_000_000), Buffer.from('small'), Buffer.alloc(0)];
const servers: { server: Server; store: ContentStore; sockets: readonly Socket[] }[] = [];
afterEach(() => {
  for (const { server, store, sockets } of servers.splice(0)) {
    store.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

async function storeWith(
  content: Partial<FakeContent> = {},
  options: Partial<ContentOptions> = {},
): Promise<ContentStore & { readonly socket: Socket }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    serveContent(socket, { blobs: [large, small, empty], ...content });
  });
  const socket = connect(await listen(server, { host: '127.0.0.1', port: 0 }), '127.0.0.1');
  await once(socket, 'connect');
  const store = await openContentStore(socket, { name: 'the engine', timeoutMs: patience(20_000), ...options });
  servers.push({ server, store, sockets });
  return { ...store, socket };
}

it('has the sizes of blobs', async () => {
  const store = await storeWith();
  const sizes = [large, small, empty, Buffer.from('other')].map((blob) => store.sizeOf(sha256(blob)));
  expect(await Promise.all(sizes)).toEqual([3_000_000, 5, 0, undefined]);
});

it('reads blobs, several at the same time, and again', async () => {
  const store = await storeWith();
  const read = async (blob: Buffer): Promise<boolean> =>
    (await readAll(store.read(sha256(blob), blob.length))).equals(blob);
  expect(await Promise.all([large, small, empty, large].map(read))).toEqual([true, true, true, true]);
  expect(await read(large)).toBe(true);
});

it('asks only for the bytes that are wanted', async () => {
  const calls: string[] = [];
  const store = await storeWith({ calls });
  expect(await readAll(store.read(sha256(large), 512))).toEqual(large.subarray(0, 512));
  expect(calls).toEqual([`Read ${sha256(large)} 512`]);
});

it('goes on after a read that was abandoned', async () => {
  const store = await storeWith();
  for await (const chunk of store.read(sha256(large), large.length)) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
  expect(await store.sizeOf(sha256(small))).toBe(5);
});

describe('fails if the engine', () => {
  it.each<[ContentFault, RegExp]>([
    ['cut', /^sha256:\w+ could not be read from the engine: /],
    ['short', /only 1500000 of 3000000 bytes came$/],
    ['other offset', /it sent other bytes than were asked for$/],
    ['too much', /it sent other bytes than were asked for$/],
    ['compressed', /a message is compressed$/],
    ['huge message', /its answer has a message of 2130706432 bytes$/],
    ['malformed', /a message is malformed$/],
    ['HTTP 502', /./],
    ['refused', /it answered not allowed: ask \(gRPC status 7\)$/],
    ['status missing', /it answered nothing \(gRPC status missing\)$/],
  ])('answers with: %s', async (fault, message) => {
    const store = await storeWith({ fault });
    const error = await readAll(store.read(sha256(large), large.length)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PipeError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^sha256:\w+ could not be read from the engine: ./);
  });

  it('sends nothing for too long', async () => {
    const store = await storeWith({ fault: 'stall' }, { timeoutMs: 200 });
    await expect(readAll(store.read(sha256(large), large.length))).rejects.toThrow(/: it sent nothing for 200 ms$/);
  });
});

it('waits for a reader that is slow, however long that takes', async () => {
  const store = await storeWith({}, { timeoutMs: patience(200) });
  let length = 0;
  for await (const chunk of store.read(sha256(large), large.length)) {
    if (length === 0) await new Promise((resolve) => setTimeout(resolve, patience(300)));
    length += chunk.length;
  }
  expect(length).toBe(large.length);
});

it('ends with the reason of an abort', async () => {
  const abort = new AbortController();
  const store = await storeWith({ fault: 'stall' }, { signal: abort.signal });
  const reading = readAll(store.read(sha256(large), large.length));
  setTimeout(() => abort.abort(new Error('stopped')), 50);
  await expect(reading).rejects.toThrow('stopped');
});

it('fails once the connection has ended', async () => {
  const store = await storeWith();
  store.socket.destroy();
  await once(store.socket, 'close');
  await expect(store.sizeOf(sha256(small))).rejects.toBeInstanceOf(PipeError);
  await expect(readAll(store.read(sha256(small), 5))).rejects.toThrow(/ could not be read from the engine: /);
});

it('closes its connection', async () => {
  const store = await storeWith();
  const { socket } = store;
  store.close();
  if (!socket.destroyed) await once(socket, 'close');
  expect(socket.destroyed).toBe(true);
});
