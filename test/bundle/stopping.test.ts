/** Stops the bundle while something ignores the stop, and lets errors escape from every promise. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listen } from '../sandbox/listen.ts';
import { patience } from '../patience.ts';
import { type Ended, startBundle, type Variables } from '../run-bundle.ts';
import { types, useOneOfEach } from './one-of-each.ts';

const uploads = useOneOfEach();

/** Accepts connections, reads everything, and never answers. */
interface SilentServer {
  readonly origin: string;
  /** Resolves once something has been sent to it. */
  readonly asked: Promise<unknown>;
}

let server: Server | undefined;
let silent: SilentServer = { origin: '', asked: Promise.resolve() };

beforeEach(async () => {
  const asked = Promise.withResolvers<undefined>();
  server = createServer((socket) => {
    socket.on('error', () => undefined).on('data', () => asked.resolve(undefined));
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  silent = { origin: `http://127.0.0.1:${port}`, asked: asked.promise };
});
afterEach(async () => {
  if (server === undefined) return;
  const closed = once(server, 'close');
  server.close();
  await closed;
});

let running: ChildProcess | undefined;
// Otherwise a run that does not stop would outlive its test.
afterEach(() => void running?.kill('SIGKILL'));

/** Stops the run once `isUnderWay`, and expects the exit code in time. */
async function stop(env: Variables, isUnderWay: () => Promise<unknown>): Promise<Ended> {
  const { child, ended } = startBundle(env, { cwd: uploads.directory });
  running = child;
  await Promise.race([isUnderWay(), ended]);
  const stoppedAt = performance.now();
  child.kill('SIGTERM');
  const end = await ended;
  expect({ ...end, ms: performance.now() - stoppedAt < patience(2_000) }).toMatchObject({ exitCode: 143, ms: true });
  return end;
}

/** A module that Node.js loads before the bundle. */
async function preload(source: string): Promise<Variables> {
  const path = join(uploads.directory, 'preload.cjs');
  await writeFile(path, source);
  return { NODE_OPTIONS: `--require=${path}` };
}

describe('SIGTERM ends the run in time while', () => {
  it.each(types)('the server never answers, TYPE %s', async (type) => {
    const { output } = await stop(uploads.variables(type, silent.origin), () => silent.asked);
    expect(output).toMatch(
      /^✖ Stopped by SIGTERM\n {2}\S+: (?:NOT published|not attempted|sent, but not confirmed by the server)$/m,
    );
  });

  it('the Docker Engine never answers', async () => {
    const { FILENAME: _, ...env } = uploads.variables('image', uploads.origins.image);
    const { output } = await stop({ ...env, DOCKER_HOST: silent.origin.replace('http', 'tcp') }, () => silent.asked);
    expect(output).toContain('✖ Stopped by SIGTERM\n  nothing was published\n');
  });

  it('a proxy never answers', async () => {
    const env = { ...uploads.variables('npm', 'http://packages.example'), HTTP_PROXY: silent.origin };
    const { output } = await stop({ ...env, EXTRA_ARGS: '--plain-http' }, () => silent.asked);
    expect(output).toMatch(/^✖ Stopped by SIGTERM\n {2}@acme\/app@1\.0\.0: not attempted$/m);
  });

  it.each([
    ['runs for ever', 'for (;;);'],
    ['waits for ever', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
  ])('a thread that compresses %s', async (_, statement) => {
    const env = await preload(
      `const threads = require('node:worker_threads');
       threads.Worker = class extends threads.Worker {
         constructor(_, options) {
           super(${JSON.stringify(statement)}, { ...options, eval: true });
         }
       };`,
    );
    const { registry } = uploads.sandbox;
    const isUploading = async (): Promise<void> =>
      await until(() => registry.repositories.get('acme/app')?.blobs.size === 1);
    const { output } = await stop({ ...uploads.variables('image', uploads.origins.image), ...env }, isUploading);
    expect(output).toMatch(/^✖ Stopped by SIGTERM\n {2}/m);
    expect([...(registry.repositories.get('acme/app')?.tags.keys() ?? [])]).toEqual([]);
  });

  it('reading a file takes for ever', async () => {
    const started = join(uploads.directory, 'started');
    const env = await preload(
      `setInterval(() => undefined, 1000);
       require('node:fs/promises').readFile = () => {
         require('node:fs').writeFileSync(${JSON.stringify(started)}, '');
         return new Promise(() => undefined);
       };`,
    );
    const { output } = await stop(
      { ...uploads.variables('file', uploads.origins.file), ...env },
      async () => await until(() => existsSync(started)),
    );
    expect(output).toContain('✖ Stopped by SIGTERM\n  uploads in progress may or may not have been published\n');
  });
});

describe('a signal after the outcome was printed does not change it', () => {
  it.each([
    ['SIGTERM', 'while something is still pending', 'setInterval(() => undefined, 1000);'],
    ['SIGINT', 'while something is still pending', 'setInterval(() => undefined, 1000);'],
    // A large heap makes the end of the process long enough to be hit.
    ['SIGTERM', 'at every moment of its end', 'globalThis.kept = Array.from({ length: 300_000 }, (_, i) => ({ i }));'],
  ] as const)('%s %s', async (signal, when, source) => {
    const env = await preload(source);
    const { child, ended } = startBundle(
      { ...uploads.variables('file', uploads.origins.file), ...env },
      { cwd: uploads.directory },
    );
    running = child;
    let timer: NodeJS.Timeout | undefined;
    let printed = '';
    child.stdout?.on('data', (text: string) => {
      printed += text;
      if (!printed.includes('✔ ') || timer !== undefined) return;
      child.kill(signal);
      timer = setInterval(() => when.startsWith('at every') && child.kill(signal), 1);
    });
    const { exitCode, output } = await ended;
    clearInterval(timer);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('✔ Uploaded 1 file') });
  });
});

describe('an error outside of every promise ends the run with 1, and is told', () => {
  it.each([
    ['thrown', 'throw new Error(`escaped`)'],
    ['rejected', 'void Promise.reject(new Error(`escaped`))'],
    ['thrown, and not an error', 'throw `escaped`'],
    ['emitted', 'new (require(`node:events`))().emit(`error`, new Error(`escaped`))'],
  ])('%s, while a request is under way', async (_, statement) => {
    const env = await preload(
      `if (require('node:worker_threads').isMainThread)
         process.on('SIGUSR2', () => setImmediate(() => { ${statement}; }));`,
    );
    const { child, ended } = startBundle(
      { ...uploads.variables('file', silent.origin), ...env },
      { cwd: uploads.directory },
    );
    running = child;
    await Promise.race([silent.asked, ended]);
    child.kill('SIGUSR2');
    const { exitCode, output } = await ended;
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(
        /^✖ Unexpected error: escaped\n {2}uploads in progress may or may not have been published$/m,
      ),
    });
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
