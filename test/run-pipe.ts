/** Runs the whole pipe in the test's process, against a sandbox, and checks the rules for every run. */

import { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { run } from '../pipe/run.ts';
import type { Environment } from '../pipe/toolkit/environment.ts';
import { expectNoLeaks } from './leaks.ts';
import { expectPrintable } from './printed.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox/sandbox.ts';
import { tokens } from './sandbox/tokens.ts';
import { readWritten } from './written.ts';

export interface Ended {
  readonly exitCode: number;
  /** All output, without colours. */
  readonly output: string;
  /** With its result files, output variables and reports. */
  readonly everything: string;
  readonly ms: number;
}

export interface Fixture {
  readonly sandbox: Sandbox;
  /** A new working directory for each test. */
  readonly directory: string;
  /**
   * Runs the pipe, with an access token and debug output, in which secrets are most likely to appear, unless `env` says
   * otherwise. A secret in anything that it prints, writes or reports fails the test.
   */
  runPipe(env: Environment, options?: RunOptions): Promise<Ended>;
  /** Runs it with options. */
  upload(filename: string, ...extraArgs: readonly string[]): Promise<Ended>;
  /** Sends a signal to the current run. */
  signal(name: 'SIGINT' | 'SIGTERM'): void;
}

export interface RunOptions {
  readonly workingDirectory?: string;
  readonly retryBaseMs?: number;
  readonly versionListUrl?: string;
  /** The test breaks the sandbox's rules on purpose. */
  readonly allowsViolations?: boolean;
}

interface Surroundings {
  readonly workingDirectory: string;
  readonly retryBaseMs: number;
  readonly versionListUrl?: string | undefined;
  readonly pipelinesProxyUrl?: string | undefined;
  readonly signals: EventEmitter;
}

/** Runs the pipe once in this process, with only `env` as its environment. Output that is not printable fails the test. */
export async function runInProcess(
  env: Environment,
  surroundings: Surroundings,
): Promise<Pick<Ended, 'exitCode' | 'output' | 'ms'>> {
  const { versionListUrl, pipelinesProxyUrl, ...others } = surroundings;
  let output = '';
  const startedAt = performance.now();
  const exitCode = await run(env, {
    ...others,
    stdout: { write: (chunk) => (output += chunk) },
    nodeVersion: process.version,
    metadataPaths: [join(__dirname, '..', 'pipe.yml')],
    ...(pipelinesProxyUrl === undefined ? {} : { pipelinesProxyUrl }),
    ...(versionListUrl === undefined ? {} : { versionListUrl }),
  });
  const ms = performance.now() - startedAt;
  expectPrintable(output);
  return { exitCode, output, ms };
}

/** Sets up a sandbox and a working directory for each test of a file. */
export function useSandbox(sandboxOptions: SandboxOptions = {}): Fixture {
  let sandbox: Sandbox | undefined;
  let directory = '';
  let signals = new EventEmitter();

  beforeEach(async () => {
    sandbox = await startSandbox(sandboxOptions);
    directory = await mkdtemp(join(tmpdir(), 'pipe-test-'));
  });
  afterEach(async () => {
    await sandbox?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const started = (): Sandbox => {
    if (sandbox === undefined) throw new Error('the sandbox runs only during a test');
    return sandbox;
  };

  async function runPipe(env: Environment, options: RunOptions = {}): Promise<Ended> {
    const { apiUrl, pipelinesProxyUrl } = started();
    const defaults: Environment = {
      API_URL: apiUrl,
      WORKSPACE: 'acme',
      REPOSITORY: 'app',
      TOKEN: tokens.accessToken,
      DEBUG: 'true',
    };
    const all = { ...defaults, ...env };
    signals = new EventEmitter();
    const { retryBaseMs = 5, workingDirectory = directory, versionListUrl } = options;
    const surroundings = { workingDirectory, retryBaseMs, versionListUrl, pipelinesProxyUrl, signals };
    const { exitCode, output: text, ms } = await runInProcess(all, surroundings);
    const written = await readWritten(all, workingDirectory);
    const everything = [text, written, JSON.stringify([...started().reports.values()])].join('\n');
    expectNoLeaks(everything, all, started().issued);
    if (options.allowsViolations !== true) expect(started().violations).toEqual([]);
    return { exitCode, output: stripVTControlCharacters(text), ms, everything };
  }

  return {
    get sandbox() {
      return started();
    },
    get directory() {
      return directory;
    },
    runPipe,
    upload: (filename, ...extraArgs) => runPipe({ FILENAME: filename, ...arrayVariables('EXTRA_ARGS', extraArgs) }),
    signal: (name) => void signals.emit(name),
  };
}

/** An array as Pipelines passes it. */
export function arrayVariables(name: string, items: readonly string[]): Environment {
  if (items.length === 0) return {};
  return Object.fromEntries([
    [`${name}_COUNT`, String(items.length)],
    ...items.map((item, index) => [`${name}_${index}`, item]),
  ]);
}
