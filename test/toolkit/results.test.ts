import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  beginResults,
  ownFiles,
  type ResultFields,
  resultHead,
  type Results,
  wantsResult,
} from '../../pipe/toolkit/results.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';
import { asNobody } from '../oci/as-nobody.ts';
import { resultProblems } from '../result-schema.ts';

const scrub = createSecrets(['hunter22']).scrub;

let root: string;
let at: (...names: readonly string[]) => string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'results-'));
  at = (...names) => join(root, ...names);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

it.each([
  [{}, undefined, false],
  [{ BITBUCKET_PIPE_STORAGE_DIR: '' }, undefined, false],
  [{ BITBUCKET_PIPE_STORAGE_DIR: '/pipes' }, undefined, true],
  [{}, 'result.json', true],
])('with %j and --output %s, a result is wanted: %p', (env, outputPath, isWanted) => {
  expect(wantsResult(env, outputPath)).toBe(isWanted);
});

const fields = { type: 'file', items: [{ name: 'ü "x"' }], seconds: 1 } as const;
const textOf = (result: object): string => `${JSON.stringify({ ...resultHead, ...result }, undefined, 2)}\n`;

/** An earlier result, as version 0.1.0 wrote it. */
const oldResult = `${JSON.stringify({ type: 'npm', items: [], seconds: 1 }, undefined, 2)}\n`;

interface Given {
  readonly env?: Environment;
  readonly inputs?: readonly string[];
}

async function begin(outputPath: string | undefined, { env = {}, inputs = [] }: Given = {}): Promise<Results> {
  return await beginResults(env, { outputPath, inputs, workingDirectory: root, scrub });
}

async function writeTo(path: string, result: ResultFields = fields): Promise<readonly string[]> {
  const results = await begin(path);
  expect(results.problem).toBeUndefined();
  return await results.write(result);
}

describe('from the beginning of a run', () => {
  it.each([
    ['nothing', undefined],
    ['a result', textOf(fields)],
    ['a result in one line', JSON.stringify({ ...resultHead, ...fields })],
    ['a result of version 0.1.0', oldResult],
  ])('%s is replaced by a result that says that the run has not ended', async (_, before) => {
    await mkdir(at('pipes'));
    if (before !== undefined) for (const path of [at('r.json'), at('pipes/result.json')]) await writeFile(path, before);
    const { problem } = await begin('r.json', { env: { BITBUCKET_PIPE_STORAGE_DIR: at('pipes') } });
    expect(problem).toBeUndefined();
    for (const path of [at('r.json'), at('pipes/result.json')]) {
      const text = await readFile(path, 'utf8');
      expect(JSON.parse(text)).toMatchObject({ items: [], error: expect.stringContaining('has not ended') });
      expect(resultProblems(text)).toEqual([]);
    }
  });

  it.each([
    ['text', 'content'],
    ['a package.json', '{\n  "type": "module",\n  "name": "app"\n}\n'],
    ['another result file', '{"schemaVersion":1,"pipe":"other","items":[]}'],
    ['nothing', ''],
    ['a space', ' '],
    ['what only begins like a result', `${textOf(fields).slice(0, -3)}, "notes": [`],
    ['a result and more', `${textOf(fields)}my notes\n`],
    ['a result without items', JSON.stringify({ ...resultHead, seconds: 1 })],
    ['a result of version 0.1.0 without its duration', '{"type":"npm","items":[]}'],
    ['a result of more than 16 MiB', textOf({ ...fields, error: 'x'.repeat(2 ** 24) })],
  ])('%s is left as it is, and is a problem', async (_, before) => {
    await mkdir(at('pipes'));
    for (const path of [at('r.json'), at('pipes/result.json')]) await writeFile(path, before);
    const results = await begin('r.json', { env: { BITBUCKET_PIPE_STORAGE_DIR: at('pipes') } });
    expect(results.problem?.message).toBe('there is a file that is not a result of this pipe, and it is left as it is');
    expect(await results.write(fields)).toEqual([
      `The result could not be written to ${at('pipes/result.json')} (BITBUCKET_PIPE_STORAGE_DIR): there is a file that is not a result of this pipe, and it is left as it is`,
    ]);
    for (const path of [at('r.json'), at('pipes/result.json')]) expect(await readFile(path, 'utf8')).toBe(before);
  });

  it.each(['r.json', './r.json', 'sub/../r.json'])('a result that is also input, as %s, is kept', async (input) => {
    await writeFile(at('r.json'), oldResult);
    const results = await begin('r.json', { inputs: [input] });
    expect(results.problem?.message).toBe('it is also to be published');
    expect(await results.write(fields)).toEqual([]);
    expect(await readFile(at('r.json'), 'utf8')).toBe(oldResult);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a directory', async () => await mkdir(at('r.json')), 'it is a directory'],
    ['in a directory that is a file', async () => await writeFile(at('dir'), ''), '/.*/dir is not a directory'],
  ])('%s is a problem', async (_, prepare, message) => {
    await prepare();
    const { problem } = await begin(message.includes('dir is not') ? 'dir/r.json' : 'r.json');
    expect(problem?.message).toMatch(new RegExp(`^${message}`));
  });

  it.each<[string, string | undefined]>([
    ['that leads nowhere', undefined],
    ['to a result', oldResult],
    ['to another file', 'content'],
  ])('a symbolic link %s is left as it is, and is a problem', async (_, before) => {
    await symlink('target.json', at('r.json'));
    if (before !== undefined) await writeFile(at('target.json'), before);
    const results = await begin('r.json');
    expect(results.problem?.message).toBe('it is a symbolic link, which is not followed and is left as it is');
    expect(await results.write(fields)).toEqual([]);
    expect((await lstat(at('r.json'))).isSymbolicLink()).toBe(true);
    expect(await readFile(at('target.json'), 'utf8').catch(() => undefined)).toBe(before);
  });

  it('a result that cannot be read is left as it is, and is a problem', async () => {
    await writeFile(at('r.json'), oldResult);
    await chmod(root, 0o777);
    await chmod(at('r.json'), 0o200);
    await asNobody(async () => {
      const results = await begin('r.json');
      expect(results.problem?.message).toMatch(/^it cannot be read, and is left as it is: EACCES/);
    });
    await chmod(at('r.json'), 0o600);
    expect(await readFile(at('r.json'), 'utf8')).toBe(oldResult);
  });

  it('a full disk is a warning that says what to do', async () => {
    const [warning] = await (await begin('/dev/full')).write(fields);
    expect(warning).toMatch(
      /^The result could not be written to \/dev\/full \(--output\): ENOSPC.*\. Make room on the disk/,
    );
  });

  it('a result that is also input by way of a link is kept', async () => {
    await writeFile(at('r.json'), oldResult);
    await symlink('.', at('link'));
    expect((await begin('r.json', { inputs: ['link/r.json'] })).problem?.message).toBe('it is also to be published');
  });

  it('a device is written to only at the end', async () => {
    await symlink('/dev/null', at('link'));
    const results = await begin('link');
    expect(results.problem).toBeUndefined();
    expect(await results.write(fields)).toEqual([]);
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(true);
    expect(await readdir(root)).toEqual(['link']);
  });
});

describe('whether a file may be left out because the run writes it itself', () => {
  it.each<[string, () => Promise<unknown>, boolean]>([
    ['nothing', async () => await Promise.resolve(), true],
    ['a result', async () => await writeFile(at('r.json'), textOf(fields)), true],
    ['another file', async () => await writeFile(at('r.json'), 'content'), false],
    ['what cannot be opened', async () => await symlink('r.json', at('r.json')), false],
  ])('%s', async (_, prepare, expected) => {
    await prepare();
    const [file] = ownFiles({}, at('r.json'));
    expect(await file?.isExpendable()).toBe(expected);
  });
});

describe('the result', () => {
  it('is written to both files, as indented JSON', async () => {
    const results = await begin('out/r.json', { env: { BITBUCKET_PIPE_STORAGE_DIR: at('pipes', 'acme') } });
    expect(await results.write(fields)).toEqual([]);
    for (const path of ['pipes/acme/result.json', 'out/r.json'])
      expect(await readFile(at(path), 'utf8')).toBe(textOf(fields));
  });

  it.each<[string, boolean, boolean, readonly string[]]>([
    ['only to --output', true, false, ['out.json']],
    ['only to the storage directory', false, true, ['result.json']],
    ['nowhere', false, false, []],
  ])('is written %s', async (_, hasOutput, hasStorage, files) => {
    const env = hasStorage ? { BITBUCKET_PIPE_STORAGE_DIR: root } : {};
    await (await begin(hasOutput ? 'out.json' : undefined, { env })).write(fields);
    expect(await readdir(root)).toEqual(files);
  });

  it('has no secrets, and is valid JSON all the same', async () => {
    await writeTo('r.json', { seconds: 5, error: 'a "hunter22"\n', items: [{ url: 'https://x/hunter22' }] });
    expect(JSON.parse(await readFile(at('r.json'), 'utf8'))).toEqual({
      ...resultHead,
      seconds: 5,
      error: 'a "***"\n',
      items: [{ url: 'https://x/***' }],
    });
  });

  it('is never seen partly written', async () => {
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(3_000_000));
    const results = await begin('file');
    const state = { isWriting: true };
    const writing = (async () => {
      for (const error of texts) await results.write({ ...fields, error });
      state.isWriting = false;
    })();
    const seen = new Set<string>();
    while (state.isWriting) seen.add(JSON.parse(await readFile(at('file'), 'utf8')).error);
    await writing;
    expect([...seen].filter((text) => !text.startsWith('The run has not ended') && !texts.includes(text))).toEqual([]);
  });

  it('can be written by several runs at once', async () => {
    await Promise.all(['a', 'b', 'c'].map((error) => writeTo('file', { ...fields, error })));
    expect(JSON.parse(await readFile(at('file'), 'utf8')).error).toMatch(/^[abc]$/);
    expect(await readdir(root)).toEqual(['file']);
  });

  it('can have the longest name of a file', async () => {
    await writeTo('x'.repeat(255));
    expect(await readdir(root)).toEqual(['x'.repeat(255)]);
  });

  it('can be named twice', async () => {
    const results = await begin('result.json', { env: { BITBUCKET_PIPE_STORAGE_DIR: root } });
    expect(await results.write(fields)).toEqual([]);
    expect(await readdir(root)).toEqual(['result.json']);
  });

  it.each([
    [
      '--output',
      'out',
      'pipes',
      /^The result could not be written to \S+out\/r\.json \(--output\): \/.*\/out is not a directory/,
    ],
    [
      'BITBUCKET_PIPE_STORAGE_DIR',
      'pipes',
      'out',
      /^The result could not be written to \S+pipes\/result\.json \(BITBUCKET_PIPE_STORAGE_DIR\): \/.*\/pipes is not a directory/,
    ],
  ])('is written to the other file if that of %s can no longer be written', async (_, lost, kept, warning) => {
    const results = await begin('out/r.json', { env: { BITBUCKET_PIPE_STORAGE_DIR: at('pipes') } });
    await rm(at(lost), { recursive: true });
    await writeFile(at(lost), '');
    expect(await results.write(fields)).toEqual([expect.stringMatching(warning)]);
    const [name = ''] = await readdir(at(kept));
    expect(await readFile(at(kept, name), 'utf8')).toBe(textOf(fields));
  });
});
