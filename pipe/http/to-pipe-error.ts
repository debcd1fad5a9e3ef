/** Says in words what failed if no whole answer came: the connection, the proxy, or the source of what was to be sent. */

import { NetworkError, PipeError, StalledError } from '../errors.ts';

/**
 * A failure of the network as one of ours; a mistake of our own stays what it is, so that nobody goes looking for it in
 * the network.
 *
 * @param what was to be done: `app.zip: POST https://…`
 */
export function toPipeError(error: unknown, what: string): unknown {
  if (error instanceof StalledError) return new StalledError(`${what}: ${error.message}`, { cause: error });
  if (error instanceof PipeError) return error;
  // Node tries a host's addresses in turn and reports all failures together; the first one speaks for them.
  const [first] = hasErrors(error) ? error.errors : [];
  const failure = (first ?? error) as NodeJS.ErrnoException;
  const { code, message } = failure;
  const proxyStatus = proxyRefusal.exec(message)?.slice(1).find(Boolean);
  if (proxyStatus !== undefined)
    return new NetworkError(`${what}: the proxy answered ${proxyStatus}`, `PROXY_${proxyStatus}`, { cause: error });
  if (isOwnMistake(failure)) return error;
  return new NetworkError(`${what}: ${describeCode(code) ?? message}`, code ?? 'UNKNOWN', { cause: error });
}

/** undici says only in words that a proxy refused to connect, or wants a password. */
const proxyRefusal = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/;

/** By name: in another realm, as that of a test, classes differ. */
const ownMistakes: ReadonlySet<string> = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** The network's failures have a code, but for some of undici's parser; its "invalid argument" means what we asked for. */
function isOwnMistake({ name, code = '' }: NodeJS.ErrnoException): boolean {
  if (ownMistakes.has(name)) return true;
  return code === '' ? name !== 'HTTPParserError' : code === 'ERR_ASSERTION' || code.startsWith('UND_ERR_INVALID');
}

function hasErrors(error: unknown): error is { readonly errors: readonly unknown[] } {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
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
