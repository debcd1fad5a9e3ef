/**
 * A proxy in front of a registry that counts the bytes sent to it, in a separate process. It forwards all bytes unchanged.
 * To clients, each port that it opens is a different registry, with the same content. Started by
 * `registry-process.ts`; the one argument is the registry's port.
 */

import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { Line, type LineSpeed } from './line.ts';
import { RequestReader } from './request-reader.ts';
import type { SinkCounts } from './sink.ts';

const registryPort = Number(process.argv[2]);
let requests = 0;
let bodyBytes = 0;
let cpuAtStart = process.cpuUsage();

/** The two directions of a line that all connections of a port share. */
interface Ways {
  readonly up: Line;
  readonly down: Line;
}

function serve(client: Socket, ways: Ways | undefined): void {
  const registry = connect({ port: registryPort, host: '127.0.0.1', noDelay: true });
  const reader = new RequestReader({
    // The registry closes the connection.
    onExpect: () => undefined,
    onRequest({ bodyBytes: length }) {
      requests++;
      bodyBytes += length;
    },
  });
  client.on('error', () => registry.destroy());
  registry.on('error', () => client.destroy());
  if (ways !== undefined) {
    ways.up.connect(client, registry, (chunk) => reader.read(chunk));
    ways.down.connect(registry, client);
    return;
  }
  client.on('data', (chunk: Buffer) => {
    reader.read(chunk);
    if (!registry.write(chunk)) client.pause();
  });
  registry.on('drain', () => client.resume());
  registry.pipe(client);
  client.on('end', () => registry.end());
}

function takeCounts(): SinkCounts {
  const { user, system } = process.cpuUsage(cpuAtStart);
  const counts = { requests, bodyBytes, faults: [], cpuMs: (user + system) / 1000 };
  requests = bodyBytes = 0;
  cpuAtStart = process.cpuUsage();
  return counts;
}

/** `take`: report the counts; otherwise: open another port, behind a line of this speed, if given. */
process.on('message', (message: 'take' | { readonly speed?: LineSpeed }) => {
  if (message === 'take') {
    process.send?.(takeCounts());
    return;
  }
  const { speed } = message;
  const ways = speed && {
    up: new Line(speed.upBytesPerSecond, speed.delayMs),
    down: new Line(Number.POSITIVE_INFINITY, speed.delayMs),
  };
  const server = createServer({ noDelay: true }, (client) => serve(client, ways)).listen(0, '127.0.0.1', () => {
    process.send?.({ port: (server.address() as AddressInfo).port });
  });
});
process.once('disconnect', () => process.exit());
