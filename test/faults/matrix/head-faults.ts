/** Answers whose head is wrong: too long, contradictory, or not HTTP. */

import type { Fault } from './fault.ts';

const line = `x-filler: ${'x'.repeat(1000)}\r\n`;

export const headFaults: readonly Fault[] = [
  {
    name: 'endless headers',
    always: 'told',
    cause: /header/i,
    async strike(exchange) {
      await exchange.readBody();
      await exchange.send('HTTP/1.1 200 OK\r\n');
      for (;;) await exchange.send(line);
    },
  },
  {
    name: 'C1 bytes in headers',
    always: 'told',
    cause: /: 403 /,
    async strike(exchange) {
      await exchange.readBody();
      await exchange.answer({
        status: 403,
        headers: ['x-request-id', '1\u009B2J\u0085 2', 'content-type', 'a\u009Bb'],
      });
    },
  },
  {
    name: 'two lengths',
    always: 'told',
    cause: /not as long as its headers say/,
    async strike(exchange) {
      const { status } = await exchange.carryOut();
      await exchange.answerHead(status === 204 ? 200 : status, ['content-length', '3', 'content-length', '4']);
      await exchange.send('abcd');
    },
  },
  {
    name: 'not HTTP',
    always: 'told',
    cause: /not HTTP|does not speak HTTP|not valid HTTP/i,
    async strike(exchange) {
      await exchange.readBody();
      await exchange.send('SSH-2.0-OpenSSH_9.2\r\n');
      await exchange.stall();
    },
  },
  {
    name: '1xx',
    always: 'published',
    cause: /never/,
    // Only the bundle reads over a 100 (ci-scripts/build.mjs).
    needsProcess: true,
    async strike(exchange) {
      const body = await exchange.readBody();
      for (const status of [100, 102, 103]) await exchange.answerHead(status);
      await exchange.answer(await exchange.carryOut(body));
    },
  },
  {
    name: '101',
    always: 'told',
    cause: /101|not HTTP|closed|upgrade/i,
    async strike(exchange) {
      await exchange.readBody();
      await exchange.answerHead(101, ['connection', 'upgrade', 'upgrade', 'websocket']);
      await exchange.stall();
    },
  },
];
