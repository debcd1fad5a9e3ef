/** Imitates an old registry, which supports only some media types of manifests, in front of a real one. */

import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OldRegistry {
  /** Host and port. */
  readonly host: string;
  /** Media types that it has refused. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

export interface Refusing {
  /** Media types of manifests. */
  readonly types: RegExp;
  readonly status: number;
  readonly code: string;
}

/** @param target host and port of the registry behind it */
export async function startOldRegistry(target: string, { types, status, code }: Refusing): Promise<OldRegistry> {
  const refused: string[] = [];
  const refuse = async (incoming: IncomingMessage, answer: ServerResponse, mediaType: string): Promise<void> => {
    refused.push(mediaType);
    await once(incoming.resume(), 'end');
    const errors = [{ code, message: 'manifest invalid', detail: {} }];
    answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
  };
  const forward = (incoming: IncomingMessage, answer: ServerResponse): void => {
    // The unchanged Host header makes the registry send later requests of an upload here, too.
    const { method, headers, url: path } = incoming;
    const onward = request(`http://${target}`, { method, headers, path }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    onward.on('error', (error) => answer.destroy(error));
    incoming.pipe(onward);
  };
  const server = createServer((incoming, answer) => {
    const { 'content-type': mediaType = '' } = incoming.headers;
    const isManifest = incoming.method === 'PUT' && /\/manifests\//.test(incoming.url ?? '');
    if (isManifest && types.test(mediaType)) void refuse(incoming, answer, mediaType);
    else forward(incoming, answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    refused,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
