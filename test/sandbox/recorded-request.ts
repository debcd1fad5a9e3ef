/** The record of a request, and the context that the servers of one sandbox share. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FaultAction, FaultList, ServerName } from './faults.ts';
import type { RegistryStep } from './registry-steps.ts';

/** A request and its outcome, completed while it is in progress. Times by performance.now(). */
export interface RecordedRequest {
  readonly server: ServerName;
  readonly method: string;
  /** Includes the query; an absolute URL at the proxy. */
  readonly path: string;
  /** At the registry's servers: the steps that it belongs to. */
  readonly steps: readonly RegistryStep[];
  readonly headers: IncomingHttpHeaders;
  /** Equal for the requests that shared a connection. */
  readonly connection: number;
  readonly requestId: string;
  /** Undefined until answered. */
  readonly status: number | undefined;
  /** Bytes of the body. */
  readonly bytesReceived: number;
  readonly bodyComplete: boolean;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** The connection ended before the whole answer was sent. */
  readonly aborted: boolean;
  /** The kind of the fault that was applied. */
  readonly fault: FaultAction['kind'] | undefined;
}

/** A step of an exchange, in the order in which they happen. */
export interface SandboxEvent {
  /**
   * `arrived`: its headers. `received`: some bytes of its body. `carried out`: everything but the answer. `answered`: the
   * answer was handed to the system.
   */
  readonly step: 'arrived' | 'received' | 'carried out' | 'answered';
  /** Of the body, for `received`. */
  readonly bytes: number;
}

export interface ServerContext {
  readonly faults: FaultList;
  readonly requests: RecordedRequest[];
  readonly violations: string[];
  readonly latencyMs: number;
  /** Called synchronously. */
  readonly observe: (event: SandboxEvent) => void;
  /** Aborted when the sandbox closes. */
  readonly closing: AbortSignal;
}
