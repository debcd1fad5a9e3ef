/** Where a Docker Engine listens. */

import { connect, type Socket } from 'node:net';

export type EngineAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** @param dockerHost DOCKER_HOST: `unix:///var/run/docker.sock` (the default) or `tcp://host:port` */
export function engineAddress(dockerHost: string | undefined): EngineAddress {
  const url = new URL(dockerHost || 'unix:///var/run/docker.sock');
  if (url.protocol === 'tcp:') return { host: url.hostname, port: Number(url.port) };
  return { socketPath: url.pathname };
}

export function connectToEngine(dockerHost: string | undefined): Socket {
  const address = engineAddress(dockerHost);
  return 'socketPath' in address ? connect(address.socketPath) : connect(address);
}
