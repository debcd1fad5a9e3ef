/** Says in words what failed where no whole answer came: the connection, the proxy, or the source of what was to be sent. */

import { NetworkError, PipeError, StalledError } from '../errors.ts';

/** @param what was to be done: `app.zip: POST https://…` */
export function toPipeError(error: unknown, what: string): PipeError {
  if (error instanceof StalledError) return new StalledError(`${what}: ${error.message}`, { cause: error });
  if (error instanceof PipeError) return error;
  // Node tries a host's addresses in turn and reports all failures together; the first one speaks for them.
  const failure = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  const { code, message } = failure as NodeJS.ErrnoException;
  // undici says only in words that a proxy refused to connect.
  const proxyStatus = /^Proxy response \((\d{3})\)/.exec(message)?.[1];
  if (proxyStatus !== undefined)
    return new NetworkError(`${what}: the proxy answered ${proxyStatus}`, `PROXY_${proxyStatus}`, { cause: error });
  return new NetworkError(`${what}: ${describeCode(code) ?? message}`, code ?? 'UNKNOWN', { cause: error });
}

/** What a body's source threw: never the network's failure, whatever its code. */
export function sourceError(error: unknown, subject: string | undefined): PipeError {
  if (error instanceof PipeError) return error;
  const prefix = subject === undefined ? '' : `${subject}: `;
  const message = error instanceof Error ? error.message : String(error);
  return new PipeError(`${prefix}what is to be sent cannot be read: ${message}`, { cause: error });
}

const descriptions: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the server',
  EPIPE: 'connection closed by the server',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
  UND_ERR_PRX_CONN: 'connection closed by the proxy',
  UND_ERR_SOCKET: 'connection closed by the server',
};

function describeCode(code: string | undefined): string | undefined {
  return code === undefined || descriptions[code] === undefined ? undefined : `${descriptions[code]} (${code})`;
}
