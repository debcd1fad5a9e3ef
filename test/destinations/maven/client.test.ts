import { expect, it } from '@jest/globals';
import { useSandbox } from '../../run-pipe.ts';
import { jar } from './artifacts.ts';
import { expectSuccess, publish, puts, write } from './published.ts';

const fixture = useSandbox();
const path = 'com/acme/app/1.0/app-1.0.jar';

async function publishWithHeadRefused(status: number): Promise<Awaited<ReturnType<typeof publish>>> {
  await write(fixture, { 'app-1.0.jar': jar() });
  fixture.sandbox.maven.put(path, jar(), { withChecksums: false });
  const action = { kind: 'status', status } as const;
  fixture.sandbox.inject({ server: 'maven', method: 'HEAD', path: `${path}$`, times: -1, action });
  return await publish(fixture, 'app-1.0.jar');
}

it.each([400, 401, 403, 405, 501])('a file is read if HEAD is answered by %d', async (status) => {
  expectSuccess(await publishWithHeadRefused(status));
  expect(puts(fixture)).not.toContain('app-1.0.jar');
});

it.each([402, 406])('the refusal of HEAD by %d is final', async (status) => {
  const { exitCode, output } = await publishWithHeadRefused(status);
  expect([exitCode, output]).toEqual([1, expect.stringContaining(` ${status} `)]);
  expect(puts(fixture)).toEqual([]);
});
