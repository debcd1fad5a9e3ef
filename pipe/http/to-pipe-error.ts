/** Describes a failure without a complete answer: of the connection, the proxy, or the source of the request's body. */

import { NetworkError, PipeError, type RequestFacts, StalledError } from '../errors.ts';
import { describeCause, type Peer } from './network-causes.ts';
import { ProxyError } from './proxy-error.ts';

/**
 * Wraps a network failure in a PipeError. A programming error is returned unchanged, so that it is not mistaken for a
 * network failure.
 *
 * @param request the one that failed
 * @param peer who was spoken to
 */
export function toPipeError(error: unknown, request: RequestFacts, peer: Peer): unknown {
  return wrap(error, request, describeRequest(request), peer);
}

/** `app.zip: POST https://…` */
export function describeRequest({ subject, method, url }: RequestFacts): string {
  return `${subject === undefined ? '' : `${subject}: `}${method} ${url}`;
}

function wrap(error: unknown, request: RequestFacts, what: string, peer: Peer): unknown {
  if (error instanceof StalledError) return new StalledError(`${what}: ${error.message}`, { cause: error, request });
  if (error instanceof PipeError) return error;
  if (error instanceof ProxyError) {
    const whose = `${what}: the proxy ${error.proxy}`;
    if (error.proxyCode === undefined) return wrap(error.cause, request, whose, 'proxy');
    return new NetworkError(`${whose} ${error.message}`, error.proxyCode, { cause: error, peer: 'proxy', request });
  }
  // Node tries a host's addresses in turn and reports all failures together; the first is representative.
  const [first] = hasErrors(error) ? error.errors : [];
  const failure = (first ?? error) as NodeJS.ErrnoException;
  if (isProgrammingError(failure)) return error;
  const { code, words } = describeFailure(failure);
  return new NetworkError(`${what}: ${words}`, code, { cause: error, peer, request });
}

/** The code of a connection's failure, and what happened, in our words if the code is known. */
export function describeFailure(failure: NodeJS.ErrnoException): { readonly code: string; readonly words: string } {
  const code = protocolCode(failure) ?? failure.code ?? 'UNKNOWN';
  return { code, words: `${describeCause(code) ?? failure.message}${certificateNames(failure)}` };
}

/** What answered instead of HTTP/1.1; undefined if the failure is another one. undici's parser has no codes, Node's has its own. */
function protocolCode(failure: NodeJS.ErrnoException): string | undefined {
  const { name, code = '' } = failure;
  if (code === 'HPE_HEADER_OVERFLOW' || (name !== 'HTTPParserError' && !code.startsWith('HPE_'))) return undefined;
  const { data, rawPacket } = failure as { readonly data?: unknown; readonly rawPacket?: unknown };
  const start = Buffer.from(typeof data === 'string' ? data : rawPacket instanceof Uint8Array ? rawPacket : '');
  // A TLS record: an alert or a handshake (RFC 8446, 5.1).
  if ((start[0] === 0x15 || start[0] === 0x16) && start[1] === 3) return 'TLS_ANSWER';
  // A server begins with a SETTINGS frame (RFC 9113, 3.4 and 4.1), which is short.
  return start[0] === 0 && start[1] === 0 && start[3] === 4 ? 'HTTP2_ANSWER' : 'NOT_HTTP';
}

/** `: DNS:a.example, DNS:b.example`: the names in a certificate that lacks the host's; empty for other failures. */
function certificateNames(failure: Error): string {
  const { cert } = failure as { readonly cert?: { readonly subjectaltname?: unknown } };
  const names = cert?.subjectaltname;
  if (typeof names !== 'string' || names === '') return '';
  return `: ${names.length > maxNamesLength ? `${names.slice(0, maxNamesLength)}…` : names}`;
}

const maxNamesLength = 200;

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
