/** Redirects: to where they may lead, and to where they may not. */

import type { Exchange } from './exchange.ts';
import type { Expectation, Fault } from './fault.ts';
import type { RequestRow } from './protocol.ts';

/** Added to the target of a redirect; removed before the request is carried out. */
export const redirectMark = 'redirected=1';

const ifFollowed = ({ follows }: RequestRow): Expectation => (follows === true ? 'published' : 'told');

/** A 302 does not repeat a body (RFC 9110, 15.4.3). */
const ifFollowedWithoutBody = (row: RequestRow): Expectation =>
  row.method === 'GET' || row.method === 'HEAD' ? ifFollowed(row) : 'told';

export function isRedirected(exchange: Exchange): boolean {
  return exchange.head.path.includes(redirectMark);
}

function marked(path: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${redirectMark}`;
}

/** Undoes `marked`. */
export function unmarked(path: string): string {
  return path.replace(new RegExp(`[?&]${redirectMark}`), '');
}

async function redirect(exchange: Exchange, status: number, location: string): Promise<void> {
  await exchange.readBody();
  await exchange.answer({ status, headers: ['location', location] });
}

export const redirectFaults: readonly Fault[] = [
  {
    name: 'redirect 307, same origin',
    always: ifFollowed,
    cause: /: 307 /,
    strike: async (exchange) => await redirect(exchange, 307, marked(exchange.head.path)),
  },
  {
    name: 'redirect 302, same origin',
    always: ifFollowedWithoutBody,
    cause: /: 302 /,
    strike: async (exchange) => await redirect(exchange, 302, marked(exchange.head.path)),
  },
  {
    name: 'redirect, other origin',
    always: ifFollowed,
    cause: /: 307 /,
    strike: async (exchange, { otherOrigin }) => await redirect(exchange, 307, otherOrigin + exchange.head.path),
  },
  {
    name: 'redirect loop',
    always: 'told',
    cause: /: 307 /,
    strike: async (exchange) => await redirect(exchange, 307, exchange.head.path),
  },
  {
    name: 'redirect to plain http',
    always: 'told',
    cause: /where everything could be read|: 307 /,
    isSecure: true,
    needsProcess: true,
    strike: async (exchange) => await redirect(exchange, 307, `http://server.example${exchange.head.path}`),
  },
  {
    name: 'redirect to file:',
    always: 'told',
    cause: /neither https nor http|: 307 /,
    strike: async (exchange) => await redirect(exchange, 307, 'file:///etc/passwd'),
  },
];
