/** Runs a program and collects its output. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Finished {
  readonly exitCode: number;
  /** Standard output and standard error, in order of arrival. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export async function runCommand(
  program: string,
  words: readonly string[],
  { cwd, env = process.env }: CommandOptions = {},
): Promise<Finished> {
  const child = spawn(program, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  const [code] = await once(child, 'close');
  return { exitCode: typeof code === 'number' ? code : -1, output };
}

/** The output of a program. Rejects if the program fails. */
export async function outputOf(program: string, words: readonly string[], options?: CommandOptions): Promise<string> {
  const { exitCode, output } = await runCommand(program, words, options);
  if (exitCode !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${exitCode}:\n${output}`);
  return output.trimEnd();
}
