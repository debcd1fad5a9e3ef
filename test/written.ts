/** Reads the files that a run writes for later steps. */

import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** The text of the run's result files and output variables. */
export async function readWritten(
  env: Readonly<Record<string, string | undefined>>,
  workingDirectory: string,
): Promise<string> {
  const { BITBUCKET_PIPE_STORAGE_DIR: storage, BITBUCKET_PIPELINES_VARIABLES_PATH: variables } = env;
  const args = Object.entries(env).flatMap(([name, value = '']) => (/^EXTRA_ARGS(?:_\d+)?$/.test(name) ? [value] : []));
  const outputs = args.flatMap((arg, index) => {
    const [, path] = /^--output(?:=(.*))?$/s.exec(arg) ?? [];
    return arg.startsWith('--output') ? [path ?? args[index + 1]] : [];
  });
  const paths = [...outputs, storage && join(storage, 'result.json'), variables].filter((path) => path !== undefined);
  const texts = await Promise.all(
    paths.filter((path) => path !== '').map((path) => textOf(resolve(workingDirectory, path))),
  );
  return texts.join('\n');
}

/** Empty for what is not a file: a pipe, for example, would never end. */
async function textOf(path: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true ? await readFile(path, 'utf8').catch(() => '') : '';
}
