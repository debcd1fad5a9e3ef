import { expect, it } from '@jest/globals';
import { StalledError } from '../../pipe/errors.ts';
import { discard } from '../../pipe/http/answer.ts';
import type { Http } from '../../pipe/http/send.ts';
import { timeLimit } from '../../pipe/http/time-limit.ts';
import { testClient } from './test-client.ts';
import { answer, serve, stall } from './test-servers.ts';

async function get(http: Http, url: URL, limit: AbortSignal): Promise<unknown> {
  return await http.send({ method: 'GET', url, accept: [200], limit }, discard).catch((error: unknown) => error);
}

it('ends a request that gets no answer, and is not retried', async () => {
  await using server = await serve(stall(0));
  await using http = testClient();
  const error = await get(http, server.url(), timeLimit(50));
  expect(error).toBeInstanceOf(StalledError);
  expect((error as Error).message).toBe('no complete answer within 50 ms');
  // On a busy machine, it may not have arrived by then.
  expect(http.lines.filter((line) => line.startsWith('debug: > GET '))).toHaveLength(1);
});

it('ends the wait before the next attempt', async () => {
  await using server = await serve(answer(503, '', { 'retry-after': '50' }));
  await using http = testClient();
  expect(await get(http, server.url(), timeLimit(50))).toBeInstanceOf(StalledError);
});

it('does not matter if the answer comes in time', async () => {
  await using server = await serve(answer(503), answer(200));
  await using http = testClient();
  expect(await get(http, server.url(), timeLimit(600_000))).toBeUndefined();
});

it('does not hide that the run is stopped', async () => {
  await using server = await serve(stall(0));
  const controller = new AbortController();
  await using http = testClient({ signal: controller.signal });
  const ending = get(http, server.url(), timeLimit(600_000));
  controller.abort(new Error('stopped'));
  expect(await ending).toEqual(new Error('stopped'));
});
