/** What the matrix needs to know of a protocol: how to publish by it, its requests, and what is right afterwards. */

import type { Environment } from '../../../pipe/toolkit/environment.ts';
import type { Sandbox, SandboxOptions } from '../../sandbox/sandbox.ts';

/** The servers of one protocol: the one that the pipe is told of, and the one that it leads to. */
export type ServerRole = 'main' | 'side';

export interface SeenRequest {
  readonly server: ServerRole;
  readonly method: string;
  readonly path: string;
  readonly isAuthorized: boolean;
}

/** A row of the matrix. */
export interface RequestRow {
  readonly name: string;
  readonly server?: ServerRole;
  readonly method: string;
  readonly path: RegExp;
  readonly hasBody?: true;
  /** The request is this one only with credentials: the first of a conversation may have none. */
  readonly isAuthorized?: true;
  /** The pipe follows redirects. */
  readonly follows?: true;
  /** The pipe needs the content of the answer. */
  readonly reads?: true;
  /** The request is this one only once such a request has been made, such as a PUT before a reading back. */
  readonly after?: { readonly method: string; readonly path: RegExp };
  /** It is this one only before such a request. */
  readonly before?: { readonly method: string; readonly path: RegExp };
}

/** What is on the server after a run: all that it was to publish, nothing of it, or a part that nobody sees as a whole. */
export type Stored = 'all' | 'nothing' | 'part';

export interface Found {
  readonly stored: Stored;
  /** What is there and should not be: a publication that is visible but broken, or something lost. */
  readonly problems: readonly string[];
}

export interface Protocol {
  readonly name: string;
  readonly sandbox: SandboxOptions;
  readonly requests: readonly RequestRow[];
  readonly files: Readonly<Record<string, Buffer>>;
  /** The origins of both servers in the sandbox. */
  origins(sandbox: Sandbox): Readonly<Record<ServerRole, string>>;
  /** @param origin of the main server, as the pipe is to see it */
  environment(sandbox: Sandbox, origin: string): Environment;
  /** What was there before. */
  seed(sandbox: Sandbox): Promise<void> | void;
  find(sandbox: Sandbox): Promise<Found>;
}

/** Whether a request belongs to the row. @param earlier all requests before it */
export function isOfRow(row: RequestRow, request: SeenRequest, earlier: readonly SeenRequest[]): boolean {
  const has = (wanted: { readonly method: string; readonly path: RegExp }): boolean =>
    earlier.some(({ method, path }) => method === wanted.method && wanted.path.test(path));
  return (
    request.server === (row.server ?? 'main') &&
    request.method === row.method &&
    row.path.test(request.path) &&
    (row.isAuthorized === undefined || request.isAuthorized) &&
    (row.after === undefined || has(row.after)) &&
    (row.before === undefined || !has(row.before))
  );
}
