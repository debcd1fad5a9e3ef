/** Look-ups in an index that hangs: they only save work, so that they are not worth waiting for. */

import { expect, it } from '@jest/globals';
import { createPypiClient } from '../../../pipe/destinations/pypi/client.ts';
import type { Entry, PublishTools } from '../../../pipe/destinations/pypi/entry.ts';
import { lookUp } from '../../../pipe/destinations/pypi/look-up.ts';
import { timeLimit } from '../../../pipe/http/time-limit.ts';
import { testClient } from '../../http/test-client.ts';
import { serve, stall } from '../../http/test-servers.ts';

async function lookUpInVain(signal = new AbortController().signal) {
  await using server = await serve(stall(0));
  await using http = testClient();
  const warnings: string[] = [];
  const client = createPypiClient(http, server.url('/legacy/'));
  const tools = { client, log: { warning: (message: string) => warnings.push(message) }, signal };
  const entry = { planned: { project: 'acme-lib' }, action: 'not sent' } as unknown as Entry;
  const settings = { skipExisting: false, concurrency: 1 };
  const problems = await lookUp([entry], settings, tools as unknown as PublishTools, timeLimit(50));
  return { problems, warnings, isReadingRefused: entry.isReadingRefused, action: entry.action };
}

it('files are published without being compared first', async () => {
  expect(await lookUpInVain()).toEqual({
    problems: [],
    warnings: [
      'acme-lib: its page in the index: no complete answer within 50 ms, so acme-lib is published without comparing it first',
    ],
    isReadingRefused: true,
    action: 'not sent',
  });
});

it('a run that is stopped ends with the reason', async () => {
  await expect(lookUpInVain(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});
