/** Answers whose body is not what the protocol says: another format, too much, or without an end. */

import { gzipSync } from 'node:zlib';
import type { Exchange } from './exchange.ts';
import { type Expectation, type Fault, sparesBodiless, sparesHead } from './fault.ts';
import type { RequestRow } from './protocol.ts';
import { withLength, withoutEnd } from './transfer-faults.ts';

const page = '<!DOCTYPE html><html><head><title>Sign in</title></head></html>';
const notOurs = new RegExp(
  [
    'web page|not JSON|not valid|something that is not|answered 20\\d|: 20[014] ',
    'does not have|not 201|differ|different|still shows|points to|cannot be read back|blob unknown|did not say where',
  ].join('|'),
);

/** Nothing is carried out. */
function bogus(name: string, status: number, type: string, body: Buffer | string): Fault {
  return {
    name,
    always: 'told',
    cause: notOurs,
    spares: sparesHead,
    async strike(exchange) {
      await exchange.readBody();
      await exchange.answer({ status, headers: ['content-type', type], body: Buffer.from(body) });
    },
  };
}

const mib = Buffer.alloc(1024 * 1024, '"x",');

/** @param megabytes that are sent; Infinity: without an end */
async function flood(
  exchange: Exchange,
  { status, headers = ['content-type', 'application/json'] }: { status: number; headers?: readonly string[] },
  start: string,
  megabytes: number,
): Promise<void> {
  await exchange.readBody();
  await exchange.answerHead(status, withoutEnd(headers));
  await exchange.send(`${start.length.toString(16)}\r\n${start}\r\n`);
  for (let sent = 0; sent < megabytes; sent++) {
    await exchange.send(`${mib.length.toString(16)}\r\n`);
    await exchange.send(mib);
    await exchange.send('\r\n');
  }
  await exchange.send('0\r\n\r\n');
}

/** The answer is right, but its content cannot be read as it is meant. */
const unlessRead = ({ reads, method }: RequestRow): Expectation =>
  reads === true && method !== 'HEAD' ? 'told' : 'published';

export const bodyFaults: readonly Fault[] = [
  bogus('HTML with 200', 200, 'text/html', page),
  bogus('HTML with 201', 201, 'text/html', page),
  bogus('empty 200', 200, 'application/json', ''),
  bogus('204', 204, 'application/json', ''),
  bogus('broken JSON', 200, 'application/json', '{"values":[{"name"'),
  bogus('deep JSON', 200, 'application/json', '['.repeat(100_000)),
  {
    name: '200 MB of JSON',
    always: 'told',
    cause: new RegExp(`longer than|too large|${notOurs.source}`),
    spares: sparesHead,
    needsProcess: true,
    strike: async (exchange) => await flood(exchange, { status: 200 }, '[', 200),
  },
  {
    name: 'endless answer',
    always: unlessRead,
    cause: /longer than|too large|not valid|differ/,
    spares: sparesHead,
    needsProcess: true,
    async strike(exchange) {
      const answer = await exchange.carryOut();
      // A 204 cannot have a body.
      await flood(exchange, { ...answer, status: answer.status === 204 ? 200 : answer.status }, '{"a":[', Infinity);
    },
  },
  {
    name: '50 MB error',
    always: 'told',
    cause: /: 403 /,
    spares: sparesHead,
    strike: async (exchange) => await flood(exchange, { status: 403 }, '{"error":["', 50),
  },
  {
    name: 'endless error',
    always: 'told',
    cause: /: 403 /,
    spares: sparesHead,
    strike: async (exchange) => await flood(exchange, { status: 403 }, 'No. ', Infinity),
  },
  {
    name: 'gzip',
    always: unlessRead,
    // Of a file's content, only the bytes are compared.
    cause: /gzip|differ/,
    spares: sparesBodiless,
    async strike(exchange) {
      const { status, headers, body } = await exchange.carryOut();
      const packed = gzipSync(body);
      await exchange.answer({
        status,
        headers: [...withLength(headers, packed.length), 'content-encoding', 'gzip'],
        body: packed,
      });
    },
  },
  {
    name: 'length too long',
    once: 'published',
    always: 'told',
    cause: /closed|incomplete|broke off/,
    spares: sparesBodiless,
    async strike(exchange) {
      const { status, headers, body } = await exchange.carryOut();
      await exchange.answerHead(status, withLength(headers, body.length + 1));
      await exchange.send(body);
      exchange.end();
    },
  },
  {
    name: 'length too short',
    always: unlessRead,
    cause: /not valid|not JSON|something that is not|differ|not HTTP|closed|bytes|not XML|metadata/,
    spares: sparesBodiless,
    async strike(exchange) {
      const { status, headers, body } = await exchange.carryOut();
      await exchange.answerHead(status, withLength(headers, Math.max(0, body.length - 3)));
      await exchange.send(body);
    },
  },
];
