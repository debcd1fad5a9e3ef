/** The commands that upload a file to the sink: the pipe's and its peers'. */

import { join } from 'node:path';
import type { Contestant } from './contest.ts';
import type { Command } from './measure.ts';
import type { Bench } from './row.ts';

/** Has the form and length of a repository access token. */
export const token = `ATCT${'x'.repeat(184)}`;

const workspace = 'bench';
const repository = 'files';

export function downloadsUrl(origin: string): string {
  return `${origin}/2.0/repositories/${workspace}/${repository}/downloads`;
}

/** The variables that a process needs, without proxies and NODE_OPTIONS. */
export function plainEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME };
}

/** @param extraArgs as in EXTRA_ARGS */
export function pipeCommand(
  bench: Bench,
  origin: string,
  filename: string,
  extraArgs: readonly string[] = [],
): Command {
  const env = {
    ...plainEnvironment(),
    API_URL: `${origin}/2.0`,
    WORKSPACE: workspace,
    REPOSITORY: repository,
    TOKEN: token,
    FILENAME: filename,
    ...(extraArgs.length > 0 ? { EXTRA_ARGS_COUNT: String(extraArgs.length) } : {}),
    ...Object.fromEntries(extraArgs.map((argument, index) => [`EXTRA_ARGS_${index}`, argument])),
  };
  return { argv: [process.execPath, bench.bundlePath], env, workingDirectory: bench.directory };
}

/** The same command, started as in the image: with a compile cache from an earlier run. */
export function withCompileCache(bench: Bench, command: Command): Command {
  return { ...command, env: { ...command.env, NODE_COMPILE_CACHE: join(bench.directory, 'compile-cache') } };
}

export function curlUpload(bench: Bench, origin: string, filename: string): Pick<Contestant, 'command' | 'missing'> {
  const { program, missing } = bench.peers.curl;
  if (program === undefined) return { command: undefined, missing };
  const argv = [program, ...curlOptions, '--form', `files=@${filename}`, downloadsUrl(origin)];
  return { command: { argv, env: plainEnvironment(), workingDirectory: bench.directory } };
}

/** Options for each request; curl ignores the user's configuration. */
export const curlOptions = [
  '--disable',
  '--silent',
  '--show-error',
  '--fail',
  '--header',
  `Authorization: Bearer ${token}`,
] as const;

export function pythonUpload(bench: Bench, origin: string, filename: string): Pick<Contestant, 'command' | 'missing'> {
  const { program, missing } = bench.peers.python;
  if (program === undefined) return { command: undefined, missing };
  return {
    command: {
      argv: [program, join(import.meta.dirname, 'peers', 'upload.py'), downloadsUrl(origin), filename],
      env: { ...plainEnvironment(), TOKEN: token },
      workingDirectory: bench.directory,
    },
  };
}
