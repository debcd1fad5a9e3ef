/** Look-ups in an index that hangs: they only save work, so that they are not worth waiting for. */

import { expect, it } from '@jest/globals';
import { createPypiClient } from '../../../pipe/destinations/pypi/client.ts';
import type { Entry, PublishTools } from '../../../pipe/destinations/pypi/entry.ts';
import { lookUp } from '../../../pipe/destinations/pypi/look-up.ts';
import { timeLimit } from '../../../pipe/http/time-limit.ts';
import { testClient } from '../../http/test-client.ts';
import { patience } from '../../patience.ts';
import { serve, stall } from '../../http/test-servers.ts';

interface LookUpOptions {
  readonly signal?: AbortSignal | undefined;
  readonly skipExisting?: boolean;
  readonly limitMs?: number;
}

async function lookUpInVain(signal?: AbortSignal) {
  await using server = await serve(stall(0));
  return await lookUpIn(server.url('/legacy/'), { signal, limitMs: 50 });
}

async function lookUpIn(
  registry: URL,
  { signal = new AbortController().signal, skipExisting = false, limitMs = patience(30_000) }: LookUpOptions = {},
) {
  await using http = testClient();
  const warnings: string[] = [];
  const client = createPypiClient(http, registry);
  const tools = { client, log: { warning: (message: string) => warnings.push(message) }, signal };
  const entry = { planned: { project: 'acme-lib' }, action: 'not sent' } as unknown as Entry;
  const settings = { skipExisting, concurrency: 1 };
  const problems = await lookUp([entry], settings, tools as unknown as PublishTools, timeLimit(limitMs));
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

it.each([
  ['{}', 'application/json', 'its meta.api-version is not 1'],
  ['', 'text/html', 'it has no file, and nothing that such a page begins with'],
])('a page that is not a page of an index is named as such: %j', async (body, type, reason) => {
  await using server = await serve(({ response }) => response.writeHead(200, { 'content-type': type }).end(body));
  const notPage = `${server.url('/legacy/').origin}/simple/acme-lib/ answered 200 with something that is not a page of a Python index: ${reason}`;
  expect(await lookUpIn(server.url('/legacy/'))).toMatchObject({
    problems: [],
    warnings: [`${notPage}, so acme-lib is published without comparing it first`],
    isReadingRefused: true,
  });
  expect(await lookUpIn(server.url('/legacy/'), { skipExisting: true })).toMatchObject({
    problems: [
      `${notPage}, but --skip-existing needs to read what is already published. Set REGISTRY to an index that can be read, or leave --skip-existing out`,
    ],
    warnings: [],
  });
});

it('a run that is stopped ends with the reason', async () => {
  await expect(lookUpInVain(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});
