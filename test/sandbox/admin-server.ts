/** Lets other processes inspect and control a sandbox, over HTTP on a separate port. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseFault } from './faults.ts';
import { listen, originOf } from './listen.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { administerRegistry, describeRegistry, type RegistryState } from './registry-admin.ts';
import type { Sandbox } from './sandbox.ts';

/** What `GET /state` answers. */
export interface SandboxState {
  readonly downloads: readonly DownloadState[];
  readonly requests: readonly RecordedRequest[];
  readonly reports: Readonly<Record<string, unknown>>;
  readonly registry: RegistryState;
  readonly issued: readonly string[];
  readonly violations: readonly string[];
}

export interface DownloadState {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  /** ISO 8601. */
  readonly createdOn: string;
  readonly uploads: number;
  readonly fetches: number;
}

export interface AdminServer {
  readonly adminUrl: string;
  close(): Promise<void>;
}

/**
 * `GET /state`; `POST /faults` with a fault or an array of them; `POST /downloads?name=…[&createdOn=…]` with the content
 * as its body; `POST /registry/…`; `POST /reset`. Answers 204 if there is no result, and 400 with the reason as plain text.
 */
export async function startAdminServer(sandbox: Sandbox, host: string): Promise<AdminServer> {
  const server = createServer((request, response) => void administer(sandbox, request, response));
  const port = await listen(server, { host, port: 0 });
  return {
    adminUrl: originOf({ host, port }),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function administer(sandbox: Sandbox, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const state = await execute(sandbox, request);
    response.writeHead(state === undefined ? 204 : 200, { 'content-type': 'application/json' });
    response.end(state === undefined ? undefined : JSON.stringify(state));
  } catch (error) {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
  }
}

async function execute(sandbox: Sandbox, request: IncomingMessage): Promise<unknown> {
  const body = Buffer.concat(await request.toArray());
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://admin');
  const [, operation] = /^\/registry\/([^/]+)$/.exec(pathname) ?? [];
  if (operation !== undefined && request.method === 'POST') {
    return administerRegistry(sandbox.registry, operation, searchParams, body);
  }
  switch (`${request.method} ${pathname}`) {
    case 'GET /state':
      return describe(sandbox);
    case 'POST /faults':
      for (const fault of [JSON.parse(body.toString()) as unknown].flat()) sandbox.inject(parseFault(fault));
      return undefined;
    case 'POST /downloads': {
      const name = searchParams.get('name');
      const createdOn = searchParams.get('createdOn');
      if (name === null) throw new TypeError('no name');
      sandbox.put(name, body, createdOn === null ? undefined : new Date(createdOn));
      return undefined;
    }
    case 'POST /reset':
      sandbox.reset();
      return undefined;
    default:
      throw new TypeError(`unknown: ${request.method} ${pathname}`);
  }
}

function describe({ downloads, requests, reports, registry, issued, violations }: Sandbox): SandboxState {
  return {
    downloads: [...downloads.values()].map(({ name, size, sha256, createdOn, uploads, fetches }) => ({
      name,
      size,
      sha256,
      createdOn: createdOn.toISOString(),
      uploads,
      fetches,
    })),
    requests,
    reports: Object.fromEntries(reports),
    registry: describeRegistry(registry),
    issued,
    violations,
  };
}
