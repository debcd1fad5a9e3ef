/** Faults while a request or its answer is in transit: connections that break off, or that nothing more arrives by. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from './exchange.ts';
import { type Fault, sparesBodiless, sparesEmpty, sparesHead } from './fault.ts';

const dripMs = 100;

/** Sends the beginning of an answer, then a byte now and then, and never its end. */
async function drip(exchange: Exchange, status: number, headers: readonly string[]): Promise<void> {
  await exchange.answerHead(status, withoutEnd(headers));
  for (;;) {
    await exchange.send('1\r\nx\r\n');
    await sleep(dripMs);
  }
}

const isTransient = { once: 'published', always: 'told' } as const;

export const transferFaults: readonly Fault[] = [
  {
    name: 'reset before the body',
    ...isTransient,
    cause: /reset|closed/,
    strike: async (exchange) => exchange.reset(),
  },
  {
    name: 'reset in the body',
    ...isTransient,
    cause: /reset|closed/,
    spares: sparesEmpty,
    async strike(exchange) {
      await exchange.readPart(10);
      exchange.reset();
    },
  },
  {
    name: 'reset after the body',
    ...isTransient,
    cause: /reset|closed/,
    async strike(exchange) {
      await exchange.readBody();
      exchange.reset();
    },
  },
  {
    name: 'answer lost',
    ...isTransient,
    cause: /reset|closed/,
    async strike(exchange) {
      await exchange.carryOut();
      exchange.reset();
    },
  },
  {
    name: 'half-closed',
    ...isTransient,
    cause: /closed/,
    needsProcess: true,
    async strike(exchange) {
      exchange.end();
      await exchange.readBody();
      await exchange.closed();
    },
  },
  {
    name: 'half-closed in the answer',
    ...isTransient,
    cause: /closed|incomplete|broke off/,
    spares: sparesBodiless,
    async strike(exchange) {
      const { status, headers, body } = await exchange.carryOut();
      await exchange.answerHead(status, withLength(headers, body.length + 100));
      await exchange.send(body);
      exchange.end();
      await exchange.closed();
    },
  },
  {
    name: 'silent',
    ...isTransient,
    cause: /no progress/,
    isSlow: true,
    strike: async (exchange) => await exchange.stall(),
  },
  {
    name: 'silent in the answer',
    ...isTransient,
    cause: /no progress|not complete/,
    isSlow: true,
    spares: sparesBodiless,
    async strike(exchange) {
      const { status, headers, body } = await exchange.carryOut();
      await exchange.answerHead(status, withLength(headers, body.length + 100));
      await exchange.send(body);
      await exchange.stall();
    },
  },
  {
    name: 'dripping answer',
    ...isTransient,
    cause: /not complete/,
    isSlow: true,
    needsProcess: true,
    spares: sparesHead,
    async strike(exchange) {
      const { status, headers } = await exchange.carryOut();
      // A 204 cannot have a body.
      await drip(exchange, status === 204 ? 200 : status, headers);
    },
  },
  {
    name: 'dripping refusal',
    always: 'told',
    cause: /403/,
    isSlow: true,
    needsProcess: true,
    spares: sparesHead,
    async strike(exchange) {
      await exchange.readBody();
      await drip(exchange, 403, ['content-type', 'text/plain']);
    },
  },
  {
    name: 'slow reader',
    always: 'published',
    cause: /never/,
    async strike(exchange) {
      await sleep(20);
      const body = await exchange.readBody(5);
      await exchange.answer(await exchange.carryOut(body));
    },
  },
  {
    name: 'slow answer',
    always: 'published',
    cause: /never/,
    async strike(exchange) {
      const { status, headers, body } = await exchange.carryOut();
      await exchange.answerHead(status, withLength(headers, body.length));
      if (exchange.head.method === 'HEAD') return;
      for (const piece of [body.subarray(0, 1), body.subarray(1)]) {
        await sleep(20);
        await exchange.send(piece);
      }
    },
  },
];

export function withLength(headers: readonly string[], length: number): readonly string[] {
  return [...withoutLength(headers), 'content-length', String(length)];
}

/** For a body in chunks. */
export function withoutEnd(headers: readonly string[]): readonly string[] {
  return [...withoutLength(headers), 'transfer-encoding', 'chunked'];
}

function withoutLength(headers: readonly string[]): readonly string[] {
  return headers.filter((_, index) => {
    const name = headers[index - (index % 2)]?.toLowerCase();
    return name !== 'content-length' && name !== 'transfer-encoding';
  });
}
