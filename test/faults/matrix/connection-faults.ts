/** Faults before there is a request: no name, no connection, no TLS. */

import type { Fault } from './fault.ts';

export const connectionFaults: readonly Fault[] = [
  { name: 'refused', connection: 'refused', once: 'published', always: 'told', cause: /connection refused/ },
  {
    name: 'TLS: unknown authority',
    connection: 'unknown authority',
    always: 'told',
    cause: /certificate/,
    isSecure: true,
    needsProcess: true,
  },
  {
    name: 'TLS: expired',
    connection: 'expired',
    always: 'told',
    cause: /certificate.*expired/s,
    isSecure: true,
    needsProcess: true,
  },
  {
    name: 'TLS: misnamed',
    connection: 'misnamed',
    always: 'told',
    cause: /certificate is for another host/,
    isSecure: true,
    needsProcess: true,
  },
  {
    name: 'https to a plain port',
    connection: 'plain port',
    always: 'told',
    cause: /does not speak TLS|plain http/i,
    isSecure: true,
    needsProcess: true,
  },
  {
    name: 'http to a TLS port',
    connection: 'TLS port',
    always: 'told',
    cause: /not HTTP|TLS|https/,
    needsProcess: true,
  },
  {
    name: 'DNS: no such name',
    connection: 'ENOTFOUND',
    always: 'told',
    cause: /host name not found/,
    needsProcess: true,
  },
  {
    name: 'DNS: no answer',
    connection: 'EAI_AGAIN',
    once: 'published',
    always: 'told',
    cause: /could not be looked up/,
    needsProcess: true,
  },
];
