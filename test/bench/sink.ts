/**
 * The server that all peers upload to, in a separate process so that its work is not counted as theirs: reads requests as fast as
 * the system delivers them, discards the bodies, and answers 201 once it has counted them. Its sockets' buffers are
 * the system's defaults. Started by `sink-process.ts`; the one argument is the milliseconds to wait before each answer.
 */

import { createServer, type AddressInfo, type Socket } from 'node:net';
import { RequestReader } from './request-reader.ts';

/** The counts since they were last taken. */
export interface SinkCounts {
  readonly requests: number;
  readonly bodyBytes: number;
  /** Processor time that this process used. */
  readonly cpuMs: number;
  /** Requests that broke off or were not HTTP. */
  readonly faults: readonly string[];
}

const latencyMs = Number(process.argv[2] ?? 0);
let requests = 0;
let bodyBytes = 0;
let faults: string[] = [];
let cpuAtStart = process.cpuUsage();

function serve(socket: Socket): void {
  const answer = (status: string): void => {
    socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
  };
  const reader = new RequestReader({
    onExpect: () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    onRequest({ method, bodyBytes: length }) {
      requests++;
      bodyBytes += length;
      const status = method === 'POST' || method === 'PUT' ? '201 Created' : '404 Not Found';
      if (latencyMs === 0) answer(status);
      else setTimeout(answer, latencyMs, status);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.read(chunk);
    } catch (error) {
      faults.push((error as Error).message);
      socket.destroy();
    }
  });
  // A client that has its answer may disconnect in any way.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (reader.isBusy) faults.push('a request broke off');
  });
}

function takeCounts(): SinkCounts {
  const { user, system } = process.cpuUsage(cpuAtStart);
  const counts = { requests, bodyBytes, faults, cpuMs: (user + system) / 1000 };
  requests = bodyBytes = 0;
  faults = [];
  cpuAtStart = process.cpuUsage();
  return counts;
}

const server = createServer({ noDelay: true }, serve).listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('message', () => process.send?.(takeCounts()));
process.once('disconnect', () => process.exit());
