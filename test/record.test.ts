/** The result of every kind of run, checked by the schema that ships with the pipe. */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { resultHead } from '../pipe/toolkit/results.ts';
import type { Environment } from '../pipe/toolkit/environment.ts';
import { types } from '../pipe/settings/variables.ts';
import { resultProblems, resultSchema } from './result-schema.ts';
import { arrayVariables, type Ended, type RunOptions, useSandbox } from './run-pipe.ts';
import { oneOfEachType } from './one-of-each-type.ts';
import { tokens } from './sandbox/tokens.ts';
import { until } from './until.ts';

const fixture = useSandbox({ registry: { packages: ['acme/app'] }, npm: { packages: ['@acme/lib'] } });
const at = (name: string): string => join(fixture.directory, name);

interface Result {
  readonly type?: string;
  readonly items: readonly { readonly action: string }[];
  readonly error?: string;
}

/** Runs the pipe after an earlier run to the same file. @returns the valid result */
async function run(env: Environment, args: readonly string[] = [], options: RunOptions = {}): Promise<[Ended, Result]> {
  await writeFile(at('result.json'), JSON.stringify({ ...resultHead, items: [], seconds: 1, type: 'earlier' }));
  const ended = await fixture.runPipe(
    { ...env, ...arrayVariables('EXTRA_ARGS', ['--output', 'result.json', ...args]) },
    options,
  );
  return [ended, await readResult()];
}

const actionsOf = ({ items }: Result): readonly string[] => [...new Set(items.map(({ action }) => action))];

async function readResult(): Promise<Result> {
  const text = await readFile(at('result.json'), 'utf8');
  expect({ text, problems: resultProblems(text) }).toEqual({ text, problems: [] });
  return JSON.parse(text);
}

it('the schema knows every TYPE and every action', () => {
  expect(resultSchema.properties.type.enum).toEqual(types);
});

describe('the schema refuses', () => {
  const item = { name: 'a', url: 'https://x/a', size: 1, action: 'uploaded' };
  const valid = { ...resultHead, type: 'file', items: [item], seconds: 1 };

  it.each([
    ['another version', { ...valid, schemaVersion: 2 }],
    ['another TYPE', { ...valid, type: 'files' }],
    ['a success without a TYPE', { ...valid, type: undefined }],
    ['an item without an action', { ...valid, items: [{ ...item, action: undefined }] }],
    ['a success of which something failed', { ...valid, items: [{ ...item, action: 'failed' }] }],
    ['an unknown field', { ...valid, more: 1 }],
    ['a digest that is none', { ...valid, items: [{ ...item, digest: 'latest' }] }],
  ])('%s', (_, result) => {
    expect(resultProblems(JSON.stringify(valid))).toEqual([]);
    expect(resultProblems(JSON.stringify(result))).not.toEqual([]);
  });
});

describe.each(oneOfEachType(fixture))('the result of TYPE %s is valid', (type, given) => {
  let env: Environment = {};
  const server = (
    { file: 'api', image: 'registry', npm: 'npm', maven: 'maven', pypi: 'pypi', octopus: 'octopus' } as const
  )[type];
  const method = type === 'file' || type === 'pypi' || type === 'octopus' ? 'POST' : 'PUT';

  beforeEach(async () => {
    const { apiUrl: API_URL, npmUrl, mavenUrl, pypiUrl, octopusUrl, registryUrl } = fixture.sandbox;
    const REGISTRY = {
      file: undefined,
      npm: npmUrl,
      maven: mavenUrl,
      pypi: pypiUrl,
      image: registryUrl,
      octopus: octopusUrl,
    }[type];
    const account =
      type === 'file'
        ? {}
        : type === 'octopus'
          ? { TOKEN: tokens.octopusKey }
          : { USERNAME: tokens.packagesUser, TOKEN: tokens.packagesToken };
    env = { TYPE: type, API_URL, REGISTRY, ...account, ...(await given()) };
  });

  it('if it succeeds, and if everything is there already', async () => {
    const [first, result] = await run(env);
    expect({ output: first.output, type: result.type, actions: actionsOf(result) }).toMatchObject({
      type,
      actions: ['uploaded'],
    });
    const [second, again] = await run(env, type === 'maven' || type === 'octopus' ? [] : ['--skip-existing']);
    expect({ output: second.output, actions: actionsOf(again) }).toMatchObject({ actions: ['skipped'] });
    expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
  });

  it('if it is a dry run', async () => {
    const [{ exitCode }, result] = await run(env, ['--dry-run']);
    expect({ exitCode, result }).toMatchObject({ exitCode: 0, result: { type, dryRun: true, items: [] } });
    expect(result.error).toBeUndefined();
  });

  it('if the server refuses it half-way', async () => {
    fixture.sandbox.inject({ server, method, times: Infinity, action: { kind: 'status', status: 400 } });
    const [{ exitCode }, result] = await run(env, ['--retries', '0']);
    expect({ exitCode, result }).toMatchObject({
      exitCode: 1,
      result: { type, error: expect.stringContaining('400') },
    });
    expect(result.items[0]).toMatchObject({ action: 'failed' });
  });

  it('if there is nothing to publish', async () => {
    const [{ exitCode }, result] = await run({ ...env, FILENAME: 'missing' });
    expect({ exitCode, result }).toMatchObject({
      exitCode: 1,
      result: { type, items: [], error: expect.stringContaining('missing') },
    });
  });

  it('if the variables are not valid', async () => {
    const [{ exitCode }, result] = await run({ ...env, DEBUG: 'maybe' });
    expect({ exitCode, result }).toMatchObject({
      exitCode: 1,
      result: { items: [], error: expect.stringMatching(/^Validation errors:\nDEBUG:\n/) },
    });
    expect(result).not.toHaveProperty('type');
  });

  it('if it is stopped', async () => {
    fixture.sandbox.inject({ server, method, times: Infinity, action: { kind: 'stall' } });
    const running = run(env);
    await until(() => fixture.sandbox.requests.some((request) => request.method === method), running);
    // Until it ends, it says that it has not.
    expect(await readResult()).toMatchObject({ items: [], error: expect.stringContaining('has not ended') });
    fixture.signal('SIGTERM');
    const [{ exitCode }, result] = await running;
    expect({ exitCode, result }).toMatchObject({
      exitCode: 143,
      result: { type, error: 'Stopped by SIGTERM' },
    });
    expect(result.items.length).toBeGreaterThan(0);
  });
});

it('the result of a run of an unknown TYPE is valid', async () => {
  const [, result] = await run({ TYPE: 'files', FILENAME: 'a.txt' });
  expect(result.error).toContain('unallowed value files');
});

it.each(['$OUT', '${OUT}/result.json'])('--output %s, which was not expanded, names no file', async (path) => {
  const { exitCode, output } = await fixture.runPipe({ FILENAME: 'a.zip', EXTRA_ARGS: `--output=${path}` });
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: expect.stringContaining("EXTRA_ARGS:\n- 'contains $OUT, which was not expanded"),
  });
  expect((await readdir(fixture.directory)).filter((name) => name.includes('OUT'))).toEqual([]);
});

it('a result that is also named as input is neither published nor lost', async () => {
  await writeFile(at('a.txt'), 'content');
  const [first] = await run({ FILENAME: 'a.txt' });
  expect(first.exitCode).toBe(0);
  const before = await readFile(at('result.json'), 'utf8');
  for (const FILENAME of ['result.json', "['a.txt', './result.json']", 'a.txt result.json']) {
    const { exitCode, output } = await fixture.runPipe({ FILENAME, EXTRA_ARGS: '--output=result.json' });
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining(
        '✖ --output result.json cannot be written, and nothing was sent: it is also to be published',
      ),
    });
    expect(await readFile(at('result.json'), 'utf8')).toBe(before);
  }
});
