import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { confirmOwn } from '../../../pipe/destinations/downloads/confirm-own.ts';
import { createDownloadsClient } from '../../../pipe/destinations/downloads/client.ts';
import { measure } from '../../../pipe/io/hashes.ts';
import { bytesBody } from '../../../pipe/io/body.ts';
import { testClient } from '../../http/test-client.ts';
import { answer, serve } from '../../http/test-servers.ts';

it('waits as long as the longest upload took, and longer, before it reads the uploads back', async () => {
  await using server = await serve(answer(200, 'content'));
  await using http = testClient();
  const client = createDownloadsClient(http, server.url('/2.0'), 'acme', 'app');
  const { sha256 } = await measure(bytesBody('content').open());
  const waits: (readonly [ms: number, requests: number])[] = [];
  const uploads = [300, 700].map((ms, index) => ({
    item: { name: `${index}.txt`, size: 7, url: '', sha256, action: 'uploaded' as const },
    ms,
    settle: () => expect('settled').toBe('confirmed'),
  }));
  const sleep = async (ms: number): Promise<void> => {
    await delay(50);
    waits.push([ms, server.received.length]);
  };
  const patience = { baseMs: 100, limitMs: 5_000, sleep };
  const log = { warning: (message: string) => expect(message).toBe('none') };
  await confirmOwn(uploads, 0, { existing: 'fail', concurrency: 2 }, { client, log, patience });
  expect(waits).toEqual([[expect.any(Number), 0]]);
  expect(waits[0]?.[0]).toBeGreaterThanOrEqual(100 + 700);
  expect(waits[0]?.[0]).toBeLessThanOrEqual(300 + 700);
  expect(server.received).toHaveLength(2);
});
