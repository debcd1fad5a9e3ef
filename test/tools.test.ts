import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { answer, serveOn } from './http/test-servers.ts';
import { patience } from './patience.ts';
import { useSandbox } from './run-pipe.ts';

const fixture = useSandbox();

it('a run leaves no connection open', async () => {
  await writeFile(join(fixture.directory, 'a.txt'), 'content');
  const sockets = new Set<Socket>();
  // An idle connection that is kept would stay for a minute.
  const idle = createServer({ keepAliveTimeout: 60_000 });
  await using server = await serveOn(idle, 'http:', async (exchange) => {
    sockets.add(exchange.socket);
    await answer(201)(exchange);
  });
  const { exitCode } = await fixture.runPipe({ FILENAME: 'a.txt', API_URL: server.url('/2.0').href });
  expect([exitCode, sockets.size > 0]).toEqual([0, true]);
  const end = performance.now() + patience(2_000);
  while (performance.now() < end && [...sockets].some(({ destroyed }) => !destroyed)) await delay(5);
  expect([...sockets].filter(({ destroyed }) => !destroyed).length).toBe(0);
});
