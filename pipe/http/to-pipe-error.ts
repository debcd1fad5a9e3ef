/** Describes a failure without a complete answer: of the connection, the proxy, or the source of the request's body. */

import { NetworkError, PipeError, StalledError } from '../errors.ts';
import { ProxyError } from './proxy-error.ts';

/**
 * Wraps a network failure in a PipeError. A programming error is returned unchanged, so that it is not mistaken for a
 * network failure.
 *
 * @param what the request: `app.zip: POST https://…`
 */
export function toPipeError(error: unknown, what: string): unknown {
  if (error instanceof StalledError) return new StalledError(`${what}: ${error.message}`, { cause: error });
  if (error instanceof PipeError) return error;
  if (error instanceof ProxyError) {
    const whose = `${what}: the proxy ${error.proxy}`;
    if (error.proxyCode === undefined) return toPipeError(error.cause, whose);
    return new NetworkError(`${whose} ${error.message}`, error.proxyCode, { cause: error });
  }
  // Node tries a host's addresses in turn and reports all failures together; the first is representative.
  const [first] = hasErrors(error) ? error.errors : [];
  const failure = (first ?? error) as NodeJS.ErrnoException;
  const { code, message } = failure;
  if (isProgrammingError(failure)) return error;
  return new NetworkError(`${what}: ${describeCode(code) ?? message}`, code ?? 'UNKNOWN', { cause: error });
}

/** By name, because classes differ between realms, as in tests. */
const programmingErrors: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** Network failures have a code, except some from undici's parser; undici's "invalid argument" is a mistake in our request. */
function isProgrammingError({ name, code = '' }: NodeJS.ErrnoException): boolean {
  if (programmingErrors.has(name)) return true;
  return code === '' ? name !== 'HTTPParserError' : code === 'ERR_ASSERTION' || code.startsWith('UND_ERR_INVALID');
}

function hasErrors(error: unknown): error is { readonly errors: readonly unknown[] } {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

/** Wraps an error thrown by a body's source, which is never a network failure, whatever its code. */
export function sourceError(error: unknown, subject: string | undefined): PipeError {
  if (error instanceof PipeError) return error;
  const prefix = subject === undefined ? '' : `${subject}: `;
  const message = error instanceof Error ? error.message : String(error);
  return new PipeError(`${prefix}the content to send cannot be read: ${message}`, { cause: error });
}

const descriptions: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the server',
  EPIPE: 'connection closed by the server',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  ETIMEDOUT: 'connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'connection timed out',
  UND_ERR_SOCKET: 'connection closed by the server',
};

function describeCode(code: string | undefined): string | undefined {
  return code === undefined || descriptions[code] === undefined ? undefined : `${descriptions[code]} (${code})`;
}
