import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { concatBodies, type SizedBody } from '../../pipe/io/body.ts';
import { countedBody } from '../../pipe/http/watched-body.ts';
import { createWatchdog } from '../../pipe/http/watchdog.ts';

const threeChunks: SizedBody = {
  length: 6,
  async *open() {
    for (const text of ['ab', 'cd', 'ef']) yield Buffer.from(text);
  },
};

it('bytes that an attempt sends after its end are not reported', async () => {
  const watchdog = createWatchdog(60_000, undefined);
  const sent: number[] = [];
  const body = countedBody(threeChunks, watchdog, (bytes) => sent.push(bytes));
  const chunks = body.stream[Symbol.asyncIterator]();
  await chunks.next();
  await chunks.next();
  body.end();
  while ((await chunks.next()).done !== true);
  watchdog.stop();
  expect(sent).toEqual([0, 2]);
});

it('an opening may report its own progress, while the bytes sent are still counted', async () => {
  const watchdog = createWatchdog(60_000, undefined);
  const sent: number[] = [];
  let read = 0;
  const shrinking: SizedBody = {
    length: 6,
    open: () => ({
      async *[Symbol.asyncIterator]() {
        for await (const chunk of concatBodies([threeChunks]).open()) {
          read += 100;
          yield chunk;
        }
      },
      progress: () => read,
    }),
  };
  const body = countedBody(shrinking, watchdog, (bytes) => sent.push(bytes));
  for await (const _ of body.stream);
  watchdog.stop();
  expect(sent).toEqual([0, 100, 200, 300]);
  expect(body.isSent()).toBe(true);
});

it('a large chunk is handed over, and reported, in parts', async () => {
  const watchdog = createWatchdog(60_000, undefined);
  const sent: number[] = [];
  const large: SizedBody = {
    length: 300_001,
    async *open() {
      yield randomBytes(300_001);
    },
  };
  const body = countedBody(large, watchdog, (bytes) => sent.push(bytes));
  const lengths: number[] = [];
  for await (const part of body.stream) lengths.push(part.length);
  watchdog.stop();
  expect(lengths).toEqual([131_072, 131_072, 37_857]);
  expect(sent).toEqual([0, 131_072, 262_144, 300_001]);
  expect(body.isSent()).toBe(true);
});
