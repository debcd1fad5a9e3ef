import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { npmTarball } from '../sandbox/demo-package.ts';
import { dockerArchive } from '../sandbox/demo-image.ts';
import { serve } from '../http/test-servers.ts';
import { type Ended, runNode, useStep } from './run-pipe.ts';

// Only ends tests that hang: they take seconds, or a minute on a busy machine.
jest.setTimeout(300_000);

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const step = useStep({ maxFileBytes: 9 * GiB, discardContent: true, registry: { authentication: 'basic' } });

const limited = { dockerOptions: ['--memory=256m', '--memory-swap=256m'], measuresMemory: true };
/** Half of the container's memory. */
const maxBytes = 128 * MiB;

function expectSuccess({ exitCode, output, peakBytes, isOutOfMemory }: Ended): void {
  // The end, because the beginning may be long.
  expect({ exitCode, output: output.slice(-5000), isOutOfMemory }).toEqual({
    exitCode: 0,
    output: expect.stringContaining('✔ '),
    isOutOfMemory: false,
  });
  // Any running process has this much: the measurement itself must have worked.
  expect(peakBytes).toBeGreaterThan(20e6);
  expect(peakBytes).toBeLessThanOrEqual(maxBytes);
}

/** Makes a file longer without taking space on the disk. */
async function extend(path: string, bytes: number): Promise<void> {
  const file = await open(join(step.clone, 'module', path), 'a');
  await file.truncate(bytes);
  await file.close();
}

describe('in a container of 256 MB', () => {
  it('publishes a file of 8 GiB', async () => {
    await step.write('module/huge.bin', '');
    await extend('huge.bin', 8 * GiB);
    expectSuccess(await step.runPipe({ FILENAME: 'huge.bin' }, limited));
    const { downloads } = await step.sandbox.state();
    expect(downloads.map(({ name, size }) => [name, size])).toEqual([['huge.bin', 8 * GiB]]);
  });

  it.each([[], ['--concurrency', '16']])('publishes 10,000 files, with %j', async (...options: readonly string[]) => {
    await step.write('module/dist/0.txt', '0');
    for (let index = 1; index < 10_000; index++)
      await writeFile(join(step.clone, `module/dist/${index}.txt`), String(index));
    const env = { FILENAME: 'dist/*', EXTRA_ARGS: JSON.stringify(options) };
    expectSuccess(await step.runPipe(env, limited));
    expect((await step.sandbox.state()).downloads.length).toBe(10_000);
  });

  it.each([16, 64])('publishes large files, %d at a time', async (concurrency) => {
    for (let index = 0; index < 2 * concurrency; index++) {
      await step.write(`module/dist/${index}.bin`, '');
      await extend(`dist/${index}.bin`, 16 * MiB);
    }
    const env = { FILENAME: 'dist/*', EXTRA_ARGS: `['--concurrency', '${concurrency}']` };
    expectSuccess(await step.runPipe(env, limited));
    expect((await step.sandbox.state()).downloads.length).toBe(2 * concurrency);
  });

  it('publishes an image of 300 layers', async () => {
    const files = Array.from({ length: 300 }, (_, index) => [`${index}.txt`, Buffer.alloc(50_000, `layer ${index} `)]);
    await step.write('module/image.tar', dockerArchive('acme/app:1.0', Object.fromEntries(files)));
    const env = {
      IMAGE: 'acme/app:1.0',
      FILENAME: 'image.tar',
      REGISTRY: step.sandbox.registryUrl,
      USERNAME: step.sandbox.tokens.apiUser,
      TOKEN: step.sandbox.tokens.apiToken,
    };
    expectSuccess(await step.runPipe(env, limited));
    expect(await step.sandbox.registry.pullProblems('acme/app', '1.0')).toEqual([]);
  });

  /** Longer than the longest string and buffer of Node.js; 3 GiB take a minute, so they are for hands. */
  const tarballBytes = process.env['FULL_SIZE'] === 'true' ? 3 * GiB : 600 * MiB;

  it(`publishes an npm package of ${tarballBytes / MiB} MiB`, async () => {
    await step.write(
      'module/app.tgz',
      npmTarball({ name: '@acme/app', version: '1.0.0' }, { 'app.js': Buffer.from('app') }),
    );
    await extend('app.tgz', tarballBytes);
    let receivedBytes = 0;
    await using registry = await serve(async ({ request, response }) => {
      if (request.method === 'PUT') {
        for await (const chunk of request) receivedBytes += (chunk as Buffer).length;
        response.writeHead(201).end('{"ok":true}');
      } else if (receivedBytes === 0) response.writeHead(404).end();
      else response.end('{"name":"@acme/app","versions":{"1.0.0":{}},"dist-tags":{"latest":"1.0.0"}}');
    });
    const { apiUser, apiToken } = step.sandbox.tokens;
    const env = {
      TYPE: 'npm',
      FILENAME: 'app.tgz',
      REGISTRY: `${registry.origin}/`,
      USERNAME: apiUser,
      TOKEN: apiToken,
    };
    expectSuccess(await step.runPipe(env, limited));
    expect(receivedBytes).toBeGreaterThan((tarballBytes * 4) / 3);
  });
});

it('publishes 300 files with 64 open files at most', async () => {
  for (let index = 0; index < 300; index++) await step.write(`module/dist/${index}.txt`, String(index));
  const env = { FILENAME: 'dist/*', EXTRA_ARGS: "['--checksums=each', '--verify', '--concurrency', '8']" };
  expectSuccess(await step.runPipe(env, { dockerOptions: ['--ulimit=nofile=64:64'], measuresMemory: true }));
});

it('publishes although results cannot be written to a full disk', async () => {
  for (let index = 0; index < 50; index++) await step.write(`module/dist/${index}.txt`, String(index));
  // One page, which holds the output variables, but not the results.
  const options = ['--tmpfs=/full:size=4k,mode=777'];
  const env = {
    FILENAME: 'dist/*',
    BITBUCKET_PIPE_STORAGE_DIR: '/full/storage',
    BITBUCKET_PIPELINES_VARIABLES_PATH: '/full/variables',
  };
  const { exitCode, output } = await step.runPipe(env, { dockerOptions: options });
  expect({ exitCode, output: output.slice(-2000) }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ ') });
  expect(output).toMatch(/WARNING: .*(?:ENOSPC|no space left)/);
  expect((await step.sandbox.state()).downloads.length).toBe(50);
});

it('has a /tmp for all users, with nothing in it', async () => {
  const program =
    "const fs = require('node:fs'); console.log(fs.statSync('/tmp').mode.toString(8), fs.readdirSync('/tmp'))";
  expect((await runNode(program)).trim()).toBe('41777 []');
});
