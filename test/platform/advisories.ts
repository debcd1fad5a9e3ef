/** An npm registry that knows no vulnerability, for `npm audit` where the real one cannot be asked. It has nothing else. */

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** @see https://docs.npmjs.com/cli/v11/commands/npm-audit "Bulk Advisory Endpoint" */
const bulkPath = '/-/npm/v1/security/advisories/bulk';

export interface Advisories {
  /** For `npm_config_registry`. */
  readonly url: string;
  /** The names of the packages that it was asked about, in each request. */
  readonly asked: readonly (readonly string[])[];
  /** Anything else that it was asked for. */
  readonly others: readonly string[];
  close(): void;
}

/** Listens on loopback. */
export async function startAdvisories(): Promise<Advisories> {
  const asked: (readonly string[])[] = [];
  const others: string[] = [];
  const server = createServer((incoming, response) => {
    const { method, url } = incoming;
    if (method !== 'POST' || url !== bulkPath) {
      others.push(`${method} ${url}`);
      response.writeHead(404).end();
      return;
    }
    readJson(incoming).then(
      (document) => {
        // Versions by name.
        asked.push(Object.keys(document as object));
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      },
      () => response.writeHead(400).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, asked, others, close: () => void server.close() };
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return JSON.parse(String(incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes));
}
