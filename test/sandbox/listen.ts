/** Starts an HTTP server, and returns its port. */
import { once } from 'node:events';
import type { Server } from 'node:net';

export interface Address {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
}

/** The port. */
export async function listen(server: Server, { host, port }: Address): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP port');
  return address.port;
}

export function originOf({ host, port }: Address): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
