/** What is kept of every request, and what the servers of one sandbox share. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FaultAction, FaultList, ServerName } from './faults.ts';
import type { RegistryStep } from './registry-steps.ts';

/** A request as it arrived, and what became of it; completed while it is under way. Times by performance.now(). */
export interface RecordedRequest {
  readonly server: ServerName;
  readonly method: string;
  /** With the query; an absolute URL at the proxy. */
  readonly path: string;
  /** At the registry's servers: what it is for. */
  readonly steps: readonly RegistryStep[];
  readonly headers: IncomingHttpHeaders;
  /** Equal for the requests that shared a connection. */
  readonly connection: number;
  readonly requestId: string;
  /** Undefined until answered. */
  readonly status: number | undefined;
  /** Of the body. */
  readonly bytesReceived: number;
  readonly bodyComplete: boolean;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** The connection ended before a whole answer had gone out. */
  readonly aborted: boolean;
  /** The kind of the fault that was applied. */
  readonly fault: FaultAction['kind'] | undefined;
}

export interface ServerContext {
  readonly faults: FaultList;
  readonly requests: RecordedRequest[];
  readonly violations: string[];
  readonly latencyMs: number;
  /** Aborted when the sandbox closes. */
  readonly closing: AbortSignal;
}
