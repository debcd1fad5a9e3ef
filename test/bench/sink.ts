/**
 * The server that all peers upload to, in a separate process so that its work is not counted as theirs: reads requests as fast as
 * the system delivers them, discards the bodies, and answers 201 once it has counted them. Its sockets' buffers are
 * the system's defaults. Started by `sink-process.ts`; the arguments are the milliseconds to wait before each answer, and the
 * JSON document that a GET finds once something was put, if any.
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
const stored = process.argv[3] ?? '';
let hasStored = false;
let requests = 0;
let bodyBytes = 0;
let faults: string[] = [];
let cpuAtStart = process.cpuUsage();

function serve(socket: Socket): void {
  const answer = (status: string, body = ''): void => {
    const type = body === '' ? '' : 'Content-Type: application/json\r\n';
    socket.write(`HTTP/1.1 ${status}\r\n${type}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const reader = new RequestReader({
    onExpect: () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    onRequest({ method, bodyBytes: length }) {
      requests++;
      bodyBytes += length;
      const isUpload = method === 'POST' || method === 'PUT';
      const isFound = !isUpload && stored !== '' && hasStored;
      if (isUpload) hasStored = true;
      const status = isUpload ? '201 Created' : isFound ? '200 OK' : '404 Not Found';
      const body = isFound ? stored : '';
      if (latencyMs === 0) answer(status, body);
      else setTimeout(answer, latencyMs, status, body);
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
  hasStored = false;
  faults = [];
  cpuAtStart = process.cpuUsage();
  return counts;
}

const server = createServer({ noDelay: true }, serve).listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('message', () => process.send?.(takeCounts()));
process.once('disconnect', () => process.exit());
