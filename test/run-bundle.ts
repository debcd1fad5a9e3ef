/** Runs the bundle as a process of its own, against a sandbox that is one too, and measures what memory it takes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { findLeaks } from './leaks.ts';
import { type RemoteSandbox, startRemoteSandbox } from './sandbox/remote-sandbox.ts';
import { tokens } from './sandbox/tokens.ts';

// What ships: the bundle, as a process of its own.
const bundle = join(__dirname, '..', 'dist', 'pipe.js');

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly output: string;
    readonly peakMegabytes: number;
  }>;
}

export interface BundleBench {
  readonly sandbox: RemoteSandbox;
  /** A working directory of its own for each test. */
  readonly directory: string;
  start(env: Readonly<Record<string, string>>): Running;
}

/** Sets up one sandbox for all tests of a file. */
export function useBundle(): BundleBench {
  let sandbox: RemoteSandbox | undefined;
  let directory = '';
  const started = (): RemoteSandbox => {
    if (sandbox === undefined) throw new Error('the sandbox is only there within a test');
    return sandbox;
  };
  beforeAll(async () => {
    sandbox = await startRemoteSandbox({ maxFileBytes: 8 * 1024 ** 3, discardContent: true });
  });
  beforeEach(async () => {
    await started().reset();
    directory = await mkdtemp(join(tmpdir(), 'pipe-main-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });
  afterAll(async () => {
    await sandbox?.close();
  });
  const bench: BundleBench = {
    get sandbox() {
      return started();
    },
    get directory() {
      return directory;
    },
    start: (env) => startBundle(bench, env),
  };
  return bench;
}

function startBundle(bench: BundleBench, env: Readonly<Record<string, string>>): Running {
  const defaults = {
    API_URL: bench.sandbox.apiUrl,
    WORKSPACE: 'acme',
    REPOSITORY: 'app',
    TOKEN: tokens.accessToken,
    NO_COLOR: '1',
  };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bundle], {
    cwd: bench.directory,
    env: { ...defaults, ...env },
  });
  let output = '';
  let peakMegabytes = 0;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  // The kernel keeps the peak; asking often only has to catch the last value before the end.
  const watch = setInterval(() => {
    try {
      const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      peakMegabytes = Math.max(peakMegabytes, Number(kilobytes) / 1024);
    } catch {
      // Ended between two looks.
    }
  }, 20);
  const ended = once(child, 'close').then(([exitCode]: (number | null)[]) => {
    clearInterval(watch);
    expect(findLeaks(output, tokens.accessToken)).toEqual([]);
    return { exitCode: exitCode ?? null, output, peakMegabytes };
  });
  return { child, ended };
}
