/** Publishes Maven artifacts to the sandbox, and what a test expects of its repository. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from '@jest/globals';
import { arrayVariables, type Ended, type Fixture, type RunOptions } from '../../run-pipe.ts';
import { tokens } from '../../sandbox/tokens.ts';

export type More = Readonly<Record<string, string | undefined>>;

export async function write(fixture: Fixture, files: Readonly<Record<string, Buffer | string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(fixture.directory, path)), { recursive: true });
    await writeFile(join(fixture.directory, path), content);
  }
}

export async function publish(
  fixture: Fixture,
  filename: string,
  args: readonly string[] = [],
  more: More = {},
  options: RunOptions = {},
): Promise<Ended> {
  return await fixture.runPipe(
    {
      TYPE: 'maven',
      REGISTRY: fixture.sandbox.mavenUrl,
      USERNAME: tokens.apiUser,
      TOKEN: tokens.apiToken,
      FILENAME: filename,
      DEBUG: 'true',
      ...arrayVariables('EXTRA_ARGS', ['--output', 'result.json', ...args]),
      ...more,
    },
    options,
  );
}

export function expectSuccess({ exitCode, output }: Ended): void {
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
}

/** The paths in the repository, without the checksum files, which must be complete. Signatures have none. */
export function stored(fixture: Fixture): readonly string[] {
  const all = [...fixture.sandbox.maven.files.keys()];
  const files = all.filter((path) => !/\.(?:md5|sha1|sha256|sha512)$/.test(path));
  const expected = files.flatMap((path) => [
    path,
    ...(path.endsWith('.asc') ? [] : ['md5', 'sha1', 'sha256', 'sha512']).map((kind) => `${path}.${kind}`),
  ]);
  expect(all.sort()).toEqual(expected.sort());
  return files;
}

/** The names of the files that were put, in this order. */
export const puts = (fixture: Fixture): readonly string[] =>
  fixture.sandbox.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path.replace(/^.*\//, ''));
