/** What the matrix needs to know of a fault: what the server does, and what is to become of the run. */

import type { Exchange } from './exchange.ts';
import type { RequestRow } from './protocol.ts';

/** A run that strikes a fault publishes all the same, perhaps with a warning that says why, or fails and says why. */
export type Expectation = 'published' | 'warned' | 'told';

/** `once`: the server is well from the next request on. */
export type Severity = 'once' | 'always';

/** What a fault can reach besides its own request. */
export interface Stage {
  /** The row that the fault strikes. */
  readonly row: RequestRow;
  /** The origin of a second server, which carries out whatever it is sent, and reports credentials. */
  readonly otherOrigin: string;
}

/** A fault of a connection, before there is a request. */
export type ConnectionFault =
  'refused' | 'unknown authority' | 'expired' | 'misnamed' | 'plain port' | 'TLS port' | 'ENOTFOUND' | 'EAI_AGAIN';

/** A column of the matrix. */
export interface Fault {
  readonly name: string;
  /** If it strikes once; undefined if that is the same as `always`, because the first time ends the run. */
  readonly once?: Expectation;
  readonly always: Expectation | ((row: RequestRow) => Expectation);
  /** What the message of a failed run has to say. */
  readonly cause: RegExp;
  /** What it does to a request: one of these two. */
  readonly strike?: (exchange: Exchange, stage: Stage) => Promise<void>;
  readonly connection?: ConnectionFault;
  /** The reason why it cannot strike this request; undefined if it can. */
  readonly spares?: (row: RequestRow) => string | undefined;
  /** The run has a --timeout of a second. */
  readonly isSlow?: boolean;
  /** The pipe runs as a process: for what depends on the bundle, on memory, or on the process. */
  readonly needsProcess?: boolean;
  /** The server is reached by https. */
  readonly isSecure?: boolean;
}

/** For faults within a request's body. */
export function sparesEmpty({ hasBody }: RequestRow): string | undefined {
  return hasBody === true ? undefined : 'the request has no body';
}

/** For faults within an answer's body. */
export function sparesHead({ method }: RequestRow): string | undefined {
  return method === 'HEAD' ? 'the answer has no body' : undefined;
}

/** For faults within the body of the right answer, which for a deletion is a 204. */
export function sparesBodiless({ method }: RequestRow): string | undefined {
  return method === 'HEAD' || method === 'DELETE' ? 'the answer has no body' : undefined;
}
