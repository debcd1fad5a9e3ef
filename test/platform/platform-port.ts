/** The port of the proxy with which Pipelines signs requests, as a step finds it: taken, on all addresses. */

import { once } from 'node:events';
import { createServer } from 'node:http';

const port = 29_418;

export interface PlatformPort {
  /** What a step asked of it. No test should. */
  readonly requests: readonly string[];
  close(): void;
}

/** @returns undefined if another program has the port already, which is the same to the step */
export async function takePlatformPort(): Promise<PlatformPort | undefined> {
  const requests: string[] = [];
  const server = createServer((incoming, response) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    response.writeHead(403).end();
  });
  server.listen(port, '0.0.0.0');
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  return { requests, close: () => void server.close() };
}
