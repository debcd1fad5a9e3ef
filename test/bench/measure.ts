/** Runs one command and measures it: wall time, and peak memory by the system's own accounting of the finished process. */

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Command {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** Default 0. */
  readonly exitCode?: number;
  /** Required part of the output, if the exit code alone is ambiguous. */
  readonly prints?: string;
}

export interface Measurement {
  readonly wallMs: number;
  /** Largest resident size of the process, or of any process it waited for. Undefined if it cannot be measured here. */
  readonly peakBytes: number | undefined;
}

export interface Meter {
  /** The program that measures peak memory. */
  readonly name: string;
  /** @throws Error if the command cannot be run or ends with another exit code */
  measure(command: Command): Promise<Measurement>;
}

interface Ended {
  readonly exitCode: number | null;
  readonly wallMs: number;
  /** The end of what it printed. */
  readonly output: string;
}

const maxOutputCharacters = 2_000;

/**
 * Node does not report the resources that its children used, so another program must wait for them. A wrapper's own memory
 * is a lower bound of the result (Linux counts the process before `exec`): 2 MB for time(1), 10 MB for Python. Both write
 * kilobytes; Python, which is slow to start, also writes the milliseconds.
 */
const wrappers = [
  { name: '/usr/bin/time', argv: (file: string) => ['/usr/bin/time', '-f', '%M', '-o', file] },
  {
    name: 'wait4 in Python',
    argv: (file: string) => [
      'python3',
      '-S',
      '-c',
      [
        'import os, sys, time',
        'started = time.perf_counter()',
        'child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)',
        '_, status, usage = os.wait4(child, 0)',
        'unit = 1024 if sys.platform == "darwin" else 1',
        'wall = (time.perf_counter() - started) * 1000',
        'print(usage.ru_maxrss // unit, wall, file=open(sys.argv[1], "w"))',
        'sys.exit(os.waitstatus_to_exitcode(status))',
      ].join('\n'),
      file,
    ],
  },
] as const;

/** @param scratchDirectory for the wrapper's result */
export async function createMeter(scratchDirectory: string): Promise<Meter> {
  const file = join(scratchDirectory, 'peak-kilobytes');
  for (const wrapper of wrappers) {
    const meter: Meter = {
      name: wrapper.name,
      async measure(command) {
        const { wallMs } = await runToEnd(command, wrapper.argv(file));
        const [kilobytes = Number.NaN, ownWallMs = wallMs] = await readNumbers(file);
        return { wallMs: ownWallMs, peakBytes: kilobytes > 0 ? kilobytes * 1024 : undefined };
      },
    };
    try {
      const trial = await meter.measure({ argv: ['true'], env: {}, workingDirectory: scratchDirectory });
      if (trial.peakBytes !== undefined) return meter;
    } catch {
      // Not installed, or another program of that name.
    }
  }
  return {
    name: 'nothing: neither GNU time nor Python 3 is installed',
    measure: async (command) => ({ wallMs: (await runToEnd(command)).wallMs, peakBytes: undefined }),
  };
}

// The last line: time(1) writes another one before it if the exit code is not 0.
async function readNumbers(file: string): Promise<readonly number[]> {
  const [line = ''] = (await readFile(file, 'utf8')).trim().split('\n').slice(-1);
  return line.split(' ').map(Number);
}

async function runToEnd(command: Command, wrapper: readonly string[] = []): Promise<Ended> {
  const ended = await start(command, wrapper);
  const { argv, exitCode = 0, prints = '' } = command;
  if (ended.exitCode === exitCode && ended.output.includes(prints)) return ended;
  throw new Error(`${argv.join(' ').slice(0, 200)}: exit code ${ended.exitCode}\n${ended.output}`);
}

async function start({ argv, env, workingDirectory }: Command, wrapper: readonly string[]): Promise<Ended> {
  const [program = '', ...args] = [...wrapper, ...argv];
  return await new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, args, { cwd: workingDirectory, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let wallMs = 0;
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-maxOutputCharacters);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('exit', () => {
      wallMs = performance.now() - startedAt;
    });
    child.once('close', (exitCode) => resolve({ exitCode, wallMs, output }));
  });
}
