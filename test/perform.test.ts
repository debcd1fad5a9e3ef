/** What happens to a run whose results cannot be handed over. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Environment } from '../pipe/toolkit/environment.ts';
import { arrayVariables, type Ended, useSandbox } from './run-pipe.ts';
import { oneOfEachType } from './one-of-each-type.ts';
import { tokens } from './sandbox/tokens.ts';
import { until } from './until.ts';

const fixture = useSandbox();
const at = (...names: readonly string[]): string => join(fixture.directory, ...names);

async function upload(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  await writeFile(at('a.txt'), 'content');
  return await fixture.runPipe({ FILENAME: 'a.txt', ...arrayVariables('EXTRA_ARGS', args), ...env });
}

function expectWarning({ exitCode, output }: Ended, reason: RegExp): void {
  expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringMatching(reason) });
  expect(output).toMatch(/^✔ /m);
  expect(output.match(/WARNING/g)).toHaveLength(1);
  expect(fixture.sandbox.downloads.has('a.txt')).toBe(true);
}

describe('results that cannot be written at the end are a warning', () => {
  it('if the storage directory is a file; output variables are written all the same', async () => {
    await writeFile(at('storage'), '');
    const variables = {
      BITBUCKET_PIPE_STORAGE_DIR: at('storage'),
      BITBUCKET_PIPELINES_VARIABLES_PATH: at('variables'),
    };
    expectWarning(
      await upload(variables),
      /^WARNING: The result could not be written to \S+storage\/result\.json \(BITBUCKET_PIPE_STORAGE_DIR\): \S+ is not a directory/m,
    );
    expect(await readFile(at('variables'), 'utf8')).toMatch(/^UPLOAD_URL=http.*a\.txt$/m);
  });

  it('if the output variables have no file; the result is written all the same', async () => {
    await mkdir(at('variables'));
    const ended = await upload({ BITBUCKET_PIPELINES_VARIABLES_PATH: at('variables') }, '--output', 'result.json');
    expectWarning(
      ended,
      /^WARNING: The output variables \(UPLOAD_\w+, .*\) could not be written to \S+variables \(BITBUCKET_PIPELINES_VARIABLES_PATH\): EISDIR/m,
    );
    expect(JSON.parse(await readFile(at('result.json'), 'utf8'))).toMatchObject({
      type: 'file',
      items: [{ name: 'a.txt' }],
    });
  });

  it('if the directory of --output became a file during the run', async () => {
    fixture.sandbox.inject({ method: 'POST', action: { kind: 'delay', ms: 200 } });
    const running = upload({}, '--output', 'out/result.json');
    await until(() => fixture.sandbox.requests.length > 0, running);
    await rm(at('out'), { recursive: true });
    await writeFile(at('out'), '');
    expectWarning(
      await running,
      /^WARNING: The result could not be written to \S+out\/result\.json \(--output\): \S+ is not a directory/m,
    );
  });
});

describe('--output that cannot be written', () => {
  it('fails the run before anything is sent', async () => {
    await writeFile(at('out'), '');
    const { exitCode, output } = await upload({}, '--output', 'out/result.json');
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringMatching(
        /^✖ --output out\/result\.json cannot be written, and nothing was sent: \S+ is not a directory/m,
      ),
    });
    expect(fixture.sandbox.requests).toEqual([]);
  });
});

describe('--output that is also published', () => {
  it.each(oneOfEachType(fixture))(
    'fails a run of TYPE %s before anything is sent, and keeps it',
    async (type, given) => {
      const { apiUrl: API_URL, npmUrl, mavenUrl, pypiUrl, octopusUrl, registryUrl } = fixture.sandbox;
      const urls = { npm: npmUrl, maven: mavenUrl, pypi: pypiUrl, image: registryUrl, octopus: octopusUrl };
      const REGISTRY = new Map(Object.entries(urls)).get(type);
      const account = { USERNAME: tokens.packagesUser, TOKEN: tokens.packagesToken };
      const env: Environment = { TYPE: type, API_URL, REGISTRY, ...account, ...(await given()) };
      const name = env['FILENAME'] ?? '';
      const output = type === 'image' ? `${name}/index.json` : name;
      const before = await readFile(at(output));
      const ended = await fixture.runPipe({ ...env, ...arrayVariables('EXTRA_ARGS', ['--output', output]) });
      expect(ended).toMatchObject({ exitCode: 1, output: expect.stringMatching(/^✖ .*--output/m) });
      expect(await readFile(at(output))).toEqual(before);
      expect(fixture.sandbox.requests).toEqual([]);
    },
  );

  it.each([
    ['as one of the alternatives in braces', '{a,b}.txt', '--output'],
    ['by a wildcard', '*.txt', '--output'],
    ['as the file in the storage directory', 'result.json', 'BITBUCKET_PIPE_STORAGE_DIR'],
    ['as the file of the output variables', 'vars', 'BITBUCKET_PIPELINES_VARIABLES_PATH'],
  ])('is refused if it is named %s', async (_, FILENAME, name) => {
    const names = ['a.txt', 'b.txt', 'result.json', 'vars'];
    for (const each of names) await writeFile(at(each), each);
    const ended = await fixture.runPipe({
      FILENAME,
      BITBUCKET_PIPE_STORAGE_DIR: at(),
      BITBUCKET_PIPELINES_VARIABLES_PATH: at('vars'),
      ...arrayVariables('EXTRA_ARGS', name === '--output' ? ['--output', 'b.txt'] : []),
    });
    expect(ended).toMatchObject({ exitCode: 1, output: expect.stringMatching(new RegExp(`^✖ .*${name}`, 'm')) });
    for (const each of names) expect(await readFile(at(each), 'utf8')).toBe(each);
    expect(fixture.sandbox.requests).toEqual([]);
  });

  it('is left out by a wildcard if it is an earlier result', async () => {
    await writeFile(at('a.txt'), 'content');
    const run = async (): Promise<Ended> =>
      await fixture.runPipe({ FILENAME: '*', ...arrayVariables('EXTRA_ARGS', ['--output', 'result.json']) });
    for (const ended of [await run(), await run()]) expect(ended.exitCode).toBe(0);
    expect([...fixture.sandbox.downloads.keys()]).toEqual(['a.txt']);
  });
});
