/** Runs the bundle, as it ships, in a process of its own, and checks the rules for every run. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { expectNoLeaks } from './leaks.ts';
import { expectPrintable } from './printed.ts';
import { peakBytesOf } from './peak-memory.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { type RemoteSandbox, startRemoteSandbox } from './sandbox/remote-sandbox.ts';
import { tokens } from './sandbox/tokens.ts';
import { optionsForProcessors } from './threads-of.ts';
import { readWritten } from './written.ts';

const bundle = join(__dirname, '..', 'dist', 'pipe.js');

export type Variables = Readonly<Record<string, string>>;

export interface Ended {
  readonly exitCode: number | null;
  /** Both streams. */
  readonly output: string;
  /** Standard error alone. */
  readonly errors: string;
  /** The peak of resident memory. */
  readonly peakBytes: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd: string;
  /** The columns of the terminal that it runs on; undefined for no terminal. */
  readonly columns?: number;
  /** The limit on open files; otherwise that of this process. */
  readonly openFiles?: number;
  /** The processors that it finds; otherwise those of the machine. */
  readonly processors?: number;
  /** What the run's servers know: the secrets that they issued, and the reports that they were sent. */
  readonly servers?: () => ServerKnowledge | Promise<ServerKnowledge>;
}

type ServerKnowledge = Pick<Sandbox, 'issued'> & { readonly reports: unknown };

/**
 * Starts the bundle without colours, with only `env` as its environment and, unless that says otherwise, with debug output,
 * in which secrets are most likely to appear. A secret in anything that it prints, writes or reports fails the test.
 */
export function startBundle(env: Variables, options: StartOptions): Running {
  const { cwd, columns, openFiles, processors, servers } = options;
  const found = processors === undefined ? [] : optionsForProcessors(processors);
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...found, bundle] as const;
  const command =
    openFiles === undefined ? node : (['sh', '-c', 'ulimit -n "$0" && exec "$@"', String(openFiles), ...node] as const);
  const [program, ...words] =
    columns === undefined
      ? command
      : (['script', '--quiet', '--return', '--command', onTerminal(command, columns), '/dev/null'] as const);
  const child = spawn(program, words, {
    cwd,
    env: { NO_COLOR: '1', DEBUG: 'true', ...env },
    stdio: [columns === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  let peakBytes = 0;
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (stream === child.stderr) errors += chunk;
    });
  // The kernel keeps the peak; polling only has to catch the last value before the process ends.
  const watch = setInterval(() => (peakBytes = Math.max(peakBytes, peakBytesOf(child.pid ?? 0))), 20);
  const ended = once(child, 'close').then(async ([exitCode]: (number | null)[]) => {
    clearInterval(watch);
    const { issued, reports } = (await servers?.()) ?? { issued: [], reports: [] };
    expectNoLeaks([output, await readWritten(env, cwd), JSON.stringify(reports)].join('\n'), env, issued);
    if (columns === undefined) expectPrintable(output, true);
    return { exitCode: exitCode ?? null, output, errors, peakBytes };
  });
  return { child, ended };
}

/** The command for util-linux's `script`, which runs a program on a terminal that has no size until `stty` sets it. */
function onTerminal(command: readonly string[], columns: number): string {
  return `stty cols ${columns} rows 24 && exec ${command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')}`;
}

export interface BundleFixture {
  readonly sandbox: RemoteSandbox;
  /** A new working directory for each test. */
  readonly directory: string;
  /** Starts the bundle with an access token, unless `env` says otherwise. */
  start(env: Variables, options?: Pick<StartOptions, 'processors'>): Running;
}

/** Sets up one sandbox, in a process of its own, for all tests of a file. */
export function useBundle(): BundleFixture {
  let sandbox: RemoteSandbox | undefined;
  let directory = '';
  const started = (): RemoteSandbox => {
    if (sandbox === undefined) throw new Error('the sandbox runs only during a test');
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
  return {
    get sandbox() {
      return started();
    },
    get directory() {
      return directory;
    },
    start: (env, options) => {
      const target = { API_URL: started().apiUrl, WORKSPACE: 'acme', REPOSITORY: 'app', TOKEN: tokens.accessToken };
      return startBundle({ ...target, ...env }, { ...options, cwd: directory, servers: () => started().state() });
    },
  };
}
