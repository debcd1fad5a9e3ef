/** Runs a `pipe:` entry of a bitbucket-pipelines.yml on this machine, as Pipelines would: `npm run pipe -- FILE.yml`. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isNativeError } from 'node:util/types';
import { parseArgs } from 'node:util';
import { chooseEntry, imageOf } from './choose-entry.ts';
import { dockerRun, formatCommand } from './docker-run.ts';
import { findPipeEntries, type PipeEntry } from './pipe-entries.ts';
import { pipeEnvironment } from './pipe-variables.ts';

const usage =
  'npm run pipe -- FILE.yml [--step NAME] [--entry N] [--image IMAGE] [--variable NAME=VALUE]...\n' +
  'The current directory serves as the clone, and the environment as that of the step.';

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`✖ ${isNativeError(error) ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

/** @returns the pipe's exit code */
function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      step: { type: 'string' },
      entry: { type: 'string' },
      image: { type: 'string' },
      variable: { type: 'string', multiple: true, default: [] },
    },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new TypeError(`Give exactly one file.\n${usage}`);
  // npm runs scripts in the project's root; INIT_CWD is the directory that it was called in.
  const directory = process.env['INIT_CWD'] ?? process.cwd();
  const pipeYml = readFileSync(join(import.meta.dirname, '..', '..', 'pipe.yml'), 'utf8');
  const written = chooseEntry(findPipeEntries(readFileSync(resolve(directory, file), 'utf8')), values);
  const entry = { ...written, variables: { ...written.variables, ...readOverrides(values.variable) } };
  const image = values.image ?? imageOf(entry.pipe, pipeYml);
  const variables = pipeEnvironment(entry, isDocker(entry) ? undefined : pipeYml, process.env);
  const { words, secrets } = dockerRun(image, directory, variables, process.env['DOCKER_HOST']);
  process.stdout.write(`${formatCommand(words)}\n`);
  const { status, error } = spawnSync('docker', words, { stdio: 'inherit', env: { ...process.env, ...secrets } });
  if (error !== undefined) throw error;
  return status ?? 1;
}

function isDocker({ pipe }: PipeEntry): boolean {
  return pipe.startsWith('docker://');
}

function readOverrides(given: readonly string[]): PipeEntry['variables'] {
  const pairs = given.map((text): [string, string] => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined)
      throw new TypeError(`--variable ${text} is not of the form NAME=VALUE.`);
    return [name, value];
  });
  return Object.fromEntries(pairs);
}
