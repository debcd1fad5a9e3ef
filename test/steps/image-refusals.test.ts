/** Many steps publish images with the same layers to registries that refuse what another step is sending, or has sent. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { layer } from '../oci/fixtures.ts';
import { noise, writeArchive, writeLayout } from '../oci/registry/images.ts';
import { tar } from '../archive/tar/tar-writer.ts';
import type { SandboxState } from '../sandbox/admin-server.ts';
import type { RegistryOptions } from '../sandbox/registry-options.ts';
import { type RemoteSandbox, startRemoteSandbox } from '../sandbox/remote-sandbox.ts';
import { imageVariables } from './image-variables.ts';
import { runSteps, stepCount } from './run-steps.ts';

let directory = '';
let sandbox: RemoteSandbox | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipe-steps-'));
});
afterEach(async () => {
  await sandbox?.close();
  await rm(directory, { recursive: true });
});

const megabyte = 1_000_000;
const shared = ['first', 'second'].map((name) => tar([{ name, content: noise(1.5 * megabyte) }]));
const sharedBytes = 2 * 1.5 * megabyte;
/** Configs, and layers of their own. */
const slackBytes = 0.1 * megabyte;

const registries: readonly (readonly [string, RegistryOptions])[] = [
  ['409 while another step sends it', { sameBlobs: 'refused-in-flight' }],
  ['404 BLOB_UPLOAD_UNKNOWN', { sameBlobs: 'unknown' }],
  ['409, it exists', { sameBlobs: 'exists', existsStatus: 409 }],
  ['400, it exists', { sameBlobs: 'exists', existsStatus: 400 }],
  ['403, it exists', { sameBlobs: 'exists', existsStatus: 403 }],
];

describe.each(registries)('a registry that answers %s', (_, registry) => {
  // With all of them, the archive would only show once more what is asked after a refusal.
  it.each(registry.sameBlobs === 'unknown' ? ([writeLayout, writeArchive] as const) : ([writeLayout] as const))(
    'gets all images: %p',
    async (write) => {
      const server = await start(registry);
      const { registryUrl, registry: state } = server;
      // Long enough for steps to meet.
      const slow = { kind: 'trickle', bytesPerSecond: 3 * megabyte } as const;
      await server.inject({ step: 'data', longerThan: megabyte, times: -1, action: slow });
      const ended = await runSteps(
        directory,
        async (step) => {
          const filename = await write(step, [...shared, layer(`of step ${step.index}`, 500)]);
          return imageVariables(registryUrl, `v${step.index}`, filename);
        },
        { servers },
      );
      expect(ended.map(({ exitCode, output }) => (exitCode === 0 ? '' : output))).toEqual(ended.map(() => ''));
      for (const index of ended.keys()) expect(await state.pullProblems('acme/app', `v${index}`)).toEqual([]);
      const { violations, registry: after } = await servers();
      expect(violations).toEqual([]);
      // Each step may send one of the two in vain. What is compressed while it is sent has a digest only after that.
      if (write === writeLayout)
        expect(after.dataBytes).toBeLessThanOrEqual(sharedBytes * (1 + stepCount / 2) + slackBytes);
    },
  );
});

describe('a registry whose tags cannot be moved', () => {
  it('gets one of the images that are published under one tag', async () => {
    const { registryUrl, registry } = await start({ immutableTags: '.*' });
    const ended = await runSteps(
      directory,
      async (step) => imageVariables(registryUrl, 'v1', await writeLayout(step, [layer(`of step ${step.index}`, 500)])),
      { servers },
    );
    expect(ended.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
    for (const { exitCode, output } of ended)
      if (exitCode !== 0) expect(output).toContain('The tag v1 already exists and is immutable');
    expect(await registry.pullProblems('acme/app', 'v1')).toEqual([]);
    expect((await servers()).registry.repositories['acme/app']?.moves).toHaveLength(1);
  });
});

async function start(registry: RegistryOptions): Promise<RemoteSandbox> {
  sandbox = await startRemoteSandbox({ registry });
  return sandbox;
}

async function servers(): Promise<SandboxState> {
  if (sandbox === undefined) throw new Error('the sandbox runs only during a test');
  return await sandbox.state();
}
