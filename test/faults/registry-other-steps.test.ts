/** Blobs that another step sends at the same time: the registry refuses them, or has them before they are sent. */

import { describe, expect, it } from '@jest/globals';
import { type Ended, type Fixture, useSandbox } from '../run-pipe.ts';
import type { FaultAction } from '../sandbox/faults.ts';
import { tar } from '../archive/tar/tar-writer.ts';
import { gzipImage, imageEnvironment, noise, writeLayout } from '../oci/registry/images.ts';
import { until } from '../until.ts';

const contents = [tar([{ name: 'shared', content: noise(6_000_000) }])];
const [blob = Buffer.alloc(0)] = gzipImage(contents).layers.map(({ bytes }) => bytes);

async function push(fixture: Fixture, ...args: readonly string[]): Promise<Ended> {
  return await fixture.runPipe(imageEnvironment(fixture, await writeLayout(fixture, contents), ...args));
}

/** Stores the layer as another step does, once the condition is met. */
async function storeOnce(fixture: Fixture, condition: () => boolean, running: Promise<Ended>): Promise<Ended> {
  await until(condition, running);
  fixture.sandbox.registry.putBlob('acme/app', blob);
  return await running;
}

function sentBodies({ sandbox }: Fixture): number {
  return sandbox.requests.filter(({ steps, bytesReceived }) => steps.includes('data') && bytesReceived > 100_000)
    .length;
}

async function expectPublished(fixture: Fixture, { exitCode, output }: Ended): Promise<void> {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  expect(output).toMatch(/layer 1 of 1: already in the registry/);
}

const errorBody = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] });
const refusals: readonly (readonly [string, FaultAction])[] = [
  ['409', { kind: 'status', status: 409 }],
  ['412', { kind: 'status', status: 412 }],
  ['404', { kind: 'status', status: 404, body: errorBody('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry') }],
  ['400 in words', { kind: 'status', status: 400, body: errorBody('BLOB_UPLOAD_INVALID', 'blob already exists') }],
  ['403 in words', { kind: 'status', status: 403, body: errorBody('DENIED', 'an existing blob cannot be replaced') }],
];

describe('a registry that refuses a blob which another step is sending', () => {
  const fixture = useSandbox();

  it.each(refusals)('is asked for it until it is there: %s', async (_, action) => {
    const { sandbox } = fixture;
    sandbox.inject({ step: 'data', longerThan: 100_000, times: -1, action });
    const isAsked = (): boolean => {
      const refused = sandbox.requests.findIndex(({ fault }) => fault === 'status');
      return (
        refused >= 0 && sandbox.requests.slice(refused).filter(({ steps }) => steps.includes('blob-head')).length > 2
      );
    };
    const ended = await storeOnce(fixture, isAsked, push(fixture));
    await expectPublished(fixture, ended);
    expect(sentBodies(fixture)).toBeLessThanOrEqual(2);
    expect(sandbox.requests.filter(({ method }) => method === 'PATCH')).toEqual([]);
  });

  it.each(refusals)('gets it again if it never appears, and fails in the end: %s', async (_, action) => {
    fixture.sandbox.inject({ step: 'data', longerThan: 100_000, times: -1, action });
    const { exitCode, output } = await push(fixture);
    expect({ exitCode, output: exitCode === 1 ? '' : output }).toEqual({ exitCode: 1, output: '' });
    // A few times by each method.
    expect(sentBodies(fixture)).toBeGreaterThan(2);
    expect(sentBodies(fixture)).toBeLessThan(10);
  });

  it('accepts it from us if the other step does not complete it', async () => {
    fixture.sandbox.inject({ step: 'data', longerThan: 100_000, times: 2, action: { kind: 'status', status: 409 } });
    const { exitCode } = await push(fixture);
    expect(exitCode).toBe(0);
    expect(await fixture.sandbox.registry.pullProblems('acme/app', 'v1')).toEqual([]);
  });

  it('is not asked for long if the refusal means something else', async () => {
    const { sandbox } = fixture;
    const body = errorBody('DENIED', 'the repository does not exist');
    sandbox.inject({ step: 'data', longerThan: 100_000, times: -1, action: { kind: 'status', status: 403, body } });
    const { exitCode } = await push(fixture);
    expect(exitCode).toBe(1);
    expect(sentBodies(fixture)).toBe(1);
  });
});

describe('a blob that another step completes first', () => {
  const fixture = useSandbox();

  it('is not sent to its end', async () => {
    const { sandbox } = fixture;
    sandbox.inject({ step: 'data', longerThan: 100_000, action: { kind: 'trickle', bytesPerSecond: 1_000_000 } });
    const isUnderWay = (): boolean => sandbox.requests.some(({ bytesReceived }) => bytesReceived > 100_000);
    const ended = await storeOnce(fixture, isUnderWay, push(fixture));
    await expectPublished(fixture, ended);
    expect(sandbox.requests.find(({ bytesReceived }) => bytesReceived > 100_000)?.bodyComplete).toBe(false);
    expect(sandbox.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  it('is still compared with the image: its bytes may be those of another layer', async () => {
    const { sandbox } = fixture;
    const file = await writeLayout(fixture, contents, 'wrong', {
      rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] },
    });
    sandbox.inject({ step: 'data', longerThan: 100_000, action: { kind: 'trickle', bytesPerSecond: 1_000_000 } });
    const isUnderWay = (): boolean => sandbox.requests.some(({ bytesReceived }) => bytesReceived > 100_000);
    const running = fixture.runPipe(imageEnvironment(fixture, file));
    const { exitCode, output } = await storeOnce(fixture, isUnderWay, running);
    expect(exitCode).toBe(1);
    expect(output).toContain('is not the layer that the config lists in its place');
  });
});
