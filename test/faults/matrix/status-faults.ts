/** Refusals, with and without a time to wait. */

import type { Expectation, Fault } from './fault.ts';

/** What to retry, and what not: RFC 9110, 15.5 and 15.6, and the README. A server that is full (507) may not be for long: RFC 4918, 11.5. */
const statuses: Readonly<Record<'permanent' | 'transient', readonly number[]>> = {
  permanent: [400, 401, 402, 403, 404, 405, 406, 409, 412, 413, 415, 416, 422],
  transient: [408, 425, 429, 500, 502, 503, 504, 507, 520],
};

function refusal(status: number, once: Expectation | undefined): Fault {
  return {
    name: String(status),
    ...(once === undefined ? {} : { once }),
    always: 'told',
    cause: new RegExp(`: ${status} `),
    async strike(exchange) {
      await exchange.readBody();
      const body = Buffer.from(`The server says ${status}`);
      await exchange.answer({ status, headers: ['content-type', 'text/plain'], body });
    },
  };
}

/** Gateways and registries refuse what they have just stored. */
function storedAll(status: number): Fault {
  return {
    name: `stored, but ${status}`,
    always: 'published',
    cause: new RegExp(`: ${status} `),
    spares: ({ method, hasBody }) =>
      method === 'PUT' || (method === 'POST' && hasBody === true) ? undefined : 'the request stores nothing',
    async strike(exchange) {
      await exchange.carryOut();
      await exchange.answer({ status, headers: ['content-type', 'text/plain'], body: Buffer.from('No') });
    },
  };
}

/** @param value of Retry-After */
function limited(name: string, once: Expectation | undefined, value: () => string): Fault {
  return {
    name: `Retry-After: ${name}`,
    ...(once === undefined ? {} : { once }),
    always: 'told',
    cause: /: 429 /,
    async strike(exchange) {
      await exchange.readBody();
      await exchange.answer({ status: 429, headers: ['retry-after', value()] });
    },
  };
}

export const statusFaults: readonly Fault[] = [
  ...[
    ...statuses.permanent.map((status) => refusal(status, undefined)),
    ...statuses.transient.map((status) => refusal(status, 'published')),
  ].sort((a, b) => Number(a.name) - Number(b.name)),
  ...[400, 403, 405, 409, 412, 422].map(storedAll),
  limited('0', 'published', () => '0'),
  limited('a date', 'published', () => new Date(Date.now() + 1000).toUTCString()),
  limited('an hour', undefined, () => '3600'),
  limited('not valid', 'published', () => 'soon'),
];
