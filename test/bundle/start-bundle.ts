/** Starts the bundle, which is what ships, as a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { findLeaks } from '../leaks.ts';

const bundle = join(__dirname, '..', '..', 'dist', 'pipe.js');

export interface Ended {
  readonly exitCode: number | null;
  /** Both streams. */
  readonly output: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd: string;
  /** Columns of the terminal that it runs on; unless given, it runs on none. */
  readonly columns?: number;
}

/** Whatever `env` holds under a name of a secret must not be in the output: that would fail the test. */
export function startBundle(env: Readonly<Record<string, string>>, { cwd, columns }: StartOptions): Running {
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', bundle] as const;
  const [program, ...words] =
    columns === undefined
      ? command
      : (['script', '--quiet', '--return', '--command', onTerminal(command, columns), '/dev/null'] as const);
  const child = spawn(program, words, { cwd, env, stdio: [columns === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const ended = once(child, 'close').then(([exitCode]: (number | null)[]) => {
    for (const [name, value] of Object.entries(env))
      if (/TOKEN|PASSWORD/.test(name)) expect({ name, leaks: findLeaks(output, value) }).toEqual({ name, leaks: [] });
    return { exitCode: exitCode ?? null, output };
  });
  return { child, ended };
}

/** util-linux's `script` gives a program a terminal, which has no size until it is told one. */
function onTerminal(command: readonly string[], columns: number): string {
  return `stty cols ${columns} rows 24 && exec ${command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')}`;
}
