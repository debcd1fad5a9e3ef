/** The bundle as a process: the same layers become the same blobs, over any line and with any concurrency. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { layerLike, text } from '../compression/samples.ts';
import { startBundle } from '../run-bundle.ts';
import { compressionThreads } from '../threads-of.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const mebibyte = 1024 * 1024;
let sandbox: Sandbox;
let directory = '';

beforeAll(async () => {
  sandbox = await startSandbox({ registry: { packages: ['acme/app'] } });
  directory = await mkdtemp(join(tmpdir(), 'pipe-compression-'));
  // What does not shrink fills the buffers of sockets, so that the line slows down what follows.
  const mixed = Buffer.concat([text(mebibyte), randomBytes(14 * mebibyte), layerLike(), text(4 * mebibyte)]);
  const archive = dockerArchive('acme/app:1', { mixed, text: text(2 * mebibyte) });
  await writeFile(join(directory, 'image.tar'), archive);
});
afterAll(async () => {
  await sandbox.close();
  await rm(directory, { recursive: true });
});

/** Pushes the image to an empty repository. @returns the digests of its blobs, and the most threads that compressed at once */
async function pushCounting(...args: readonly string[]): Promise<{ digests: string; threads: number }> {
  const { child, ended } = startBundle(
    {
      USERNAME: sandbox.tokens.apiUser,
      TOKEN: sandbox.tokens.apiToken,
      REGISTRY: sandbox.registryUrl,
      IMAGE: 'acme/app:1',
      FILENAME: 'image.tar',
      EXTRA_ARGS: JSON.stringify(args),
    },
    { cwd: directory, servers: () => sandbox, processors: 2 },
  );
  let threads = 0;
  const watch = setInterval(() => (threads = Math.max(threads, compressionThreads(child.pid ?? 0))), 10);
  const { exitCode, output } = await ended;
  clearInterval(watch);
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  const digests = [...(sandbox.registry.repositories.get('acme/app')?.blobs.keys() ?? [])].sort().join(' ');
  return { digests, threads };
}

async function push(...args: readonly string[]): Promise<string> {
  return (await pushCounting(...args)).digests;
}

it.each(['gzip', 'zstd'])('%s layers have the same digests in every run', async (format) => {
  const results = new Set<string>();
  for (const [concurrency, bytesPerSecond] of [
    ['8', undefined],
    ['1', undefined],
    ['4', 4_000_000],
  ] as const) {
    sandbox.reset();
    if (bytesPerSecond !== undefined)
      sandbox.inject({ method: 'PATCH', times: -1, action: { kind: 'trickle', bytesPerSecond } });
    results.add(await push('--no-report', '--compression', format, '--concurrency', concurrency));
  }
  // The config and two layers.
  expect([...results]).toEqual([expect.stringMatching(/^(?:sha256:\w{64} ?){3}$/)]);
});

it.each(['gzip', 'zstd'])('%s layers are compressed twice by the same threads, to the same bytes', async (format) => {
  sandbox.reset();
  const once = await push('--no-report', '--compression', format);
  sandbox.reset();
  sandbox.inject({ method: 'PATCH', times: -1, action: { kind: 'status', status: 405 } });
  // All threads that there are can be counted meanwhile.
  sandbox.inject({ method: 'PUT', times: -1, action: { kind: 'delay', ms: 100 } });
  const twice = await pushCounting('--no-report', '--compression', format);
  expect(twice.digests).toBe(once);
  expect(twice.threads).toBeLessThanOrEqual(2);
});
