import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkOutputPath, wantsResult, writeOutputVariables, writeResult } from '../../pipe/toolkit/results.ts';
import { createSecrets } from '../../pipe/toolkit/scrub.ts';

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

describe('writeResult', () => {
  const result = { type: 'file', items: [{ name: 'ü "x"' }] };

  it('writes both files, as indented JSON', async () => {
    await writeResult({ BITBUCKET_PIPE_STORAGE_DIR: at('pipes', 'acme') }, at('out', 'r.json'), result, scrub);
    const text = `${JSON.stringify(result, undefined, 2)}\n`;
    expect(await readFile(at('pipes', 'acme', 'result.json'), 'utf8')).toBe(text);
    expect(await readFile(at('out', 'r.json'), 'utf8')).toBe(text);
  });

  it.each<[string, boolean, boolean, readonly string[]]>([
    ['only to --output', true, false, ['out.json']],
    ['only to the storage directory', false, true, ['result.json']],
    ['nowhere', false, false, []],
  ])('writes %s', async (_, hasOutput, hasStorage, files) => {
    const env = hasStorage ? { BITBUCKET_PIPE_STORAGE_DIR: root } : {};
    await writeResult(env, hasOutput ? at('out.json') : undefined, result, scrub);
    expect(await readdir(root)).toEqual(files);
  });

  it('removes secrets, and keeps the JSON valid', async () => {
    await writeResult(
      {},
      at('r.json'),
      { size: 5, error: 'a "hunter22"\n', items: [{ url: 'https://x/hunter22' }] },
      scrub,
    );
    expect(JSON.parse(await readFile(at('r.json'), 'utf8'))).toEqual({
      size: 5,
      error: 'a "***"\n',
      items: [{ url: 'https://x/***' }],
    });
  });

  it('creates the directories, and replaces an existing file', async () => {
    await writeTo(at('a', 'b', 'file'), 'a longer first text');
    await writeTo(at('a', 'b', 'file'), 'second');
    expect(await readFile(at('a', 'b', 'file'), 'utf8')).toBe('"second"\n');
    expect(await readdir(at('a', 'b'))).toEqual(['file']);
  });

  it('never exposes a partly written file', async () => {
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(3_000_000));
    await writeTo(at('file'), texts[0]);
    const state = { isWriting: true };
    const writing = (async () => {
      for (const text of texts) await writeTo(at('file'), text);
      state.isWriting = false;
    })();
    const seen = new Set<string>();
    while (state.isWriting) seen.add(await readFile(at('file'), 'utf8'));
    await writing;
    expect([...seen].filter((text) => !texts.includes(text.slice(1, -2)))).toEqual([]);
  });

  it('allows several writes to the same file at once', async () => {
    await Promise.all(['a', 'b', 'c'].map((text) => writeTo(at('file'), text)));
    expect(await readFile(at('file'), 'utf8')).toMatch(/^"[abc]"\n$/);
    expect(await readdir(root)).toEqual(['file']);
  });

  it('leaves nothing behind if it cannot write', async () => {
    await mkdir(at('directory'));
    await expect(writeTo(at('directory'), 'text')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(root)).toEqual(['directory']);
  });

  it('accepts the longest name that a file can have', async () => {
    await writeTo(at('x'.repeat(255)), 'text');
    expect(await readdir(root)).toEqual(['x'.repeat(255)]);
  });

  it('writes to a device such as /dev/stdout, and does not replace it', async () => {
    await symlink('/dev/null', at('link'));
    await writeTo(at('link'), 'text');
    expect((await lstat(at('link'))).isSymbolicLink()).toBe(true);
    expect(await readdir(root)).toEqual(['link']);
  });

  it('writes a file that is named twice', async () => {
    await writeResult({ BITBUCKET_PIPE_STORAGE_DIR: root }, at('result.json'), result, scrub);
    expect(await readdir(root)).toEqual(['result.json']);
  });

  it('writes one file if the other fails, and then throws', async () => {
    await mkdir(at('directory'));
    const writing = writeResult({ BITBUCKET_PIPE_STORAGE_DIR: at('pipes') }, at('directory'), result, scrub);
    await expect(writing).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(at('pipes'))).toEqual(['result.json']);
  });
});

describe('checkOutputPath', () => {
  it('creates the directory, but not the file', async () => {
    await checkOutputPath(at('new', 'result.json'));
    expect(await readdir(at('new'))).toEqual([]);
  });

  it('accepts an existing file, and leaves it unchanged', async () => {
    await writeFile(at('result.json'), 'old');
    await checkOutputPath(at('result.json'));
    expect(await readFile(at('result.json'), 'utf8')).toBe('old');
  });

  it('accepts a device', async () => {
    await expect(checkOutputPath('/dev/null')).resolves.toBeUndefined();
  });

  it('rejects a directory', async () => {
    await expect(checkOutputPath(root)).rejects.toThrow(`${root} is a directory`);
  });

  it('rejects a path through a file', async () => {
    await writeFile(at('file'), '');
    await expect(checkOutputPath(at('file', 'result.json'))).rejects.toMatchObject({
      code: expect.stringMatching(/EEXIST|ENOTDIR/),
    });
  });
});

describe('writeOutputVariables', () => {
  it('appends a line for each variable', async () => {
    await writeFile(at('variables'), 'THEIRS=1\n');
    await write({ UPLOAD_URL: 'https://x/?a=b c', UPLOAD_COUNT: '2' });
    await write({ EMPTY: '', LONG: 'x'.repeat(10_000) });
    expect(await readFile(at('variables'), 'utf8')).toBe(
      `THEIRS=1\nUPLOAD_URL=https://x/?a=b c\nUPLOAD_COUNT=2\nEMPTY=\nLONG=${'x'.repeat(10_000)}\n`,
    );
  });

  it('removes secrets', async () => {
    await write({ URL: 'https://x/hunter22', HEX: Buffer.from('hunter22').toString('hex') });
    expect(await readFile(at('variables'), 'utf8')).toBe('URL=https://x/***\nHEX=***\n');
  });

  it('starts a new line even if the last one has no line break', async () => {
    await writeFile(at('variables'), 'THEIRS=1');
    await write({ OURS: '2' });
    expect(await readFile(at('variables'), 'utf8')).toBe('THEIRS=1\nOURS=2\n');
  });

  it.each([
    ['a line feed', 'a\nPATH=/evil'],
    ['a carriage return', 'a\rPATH=/evil'],
    ['a NUL', 'a\0b'],
    ['more than 10,000 characters', 'x'.repeat(10_001)],
    ['nothing', undefined],
  ])('omits a value with %s, and keeps the others', async (_, value) => {
    await write({ FIRST: '1', BAD: value, LAST: '3' });
    expect(await readFile(at('variables'), 'utf8')).toBe('FIRST=1\nLAST=3\n');
  });

  it.each([{}, { BITBUCKET_PIPELINES_VARIABLES_PATH: '' }])('does nothing outside Pipelines: %j', async (env) => {
    await writeOutputVariables(env, { A: '1' }, scrub);
    expect(await readdir(root)).toEqual([]);
  });
});

async function write(variables: Readonly<Record<string, string | undefined>>): Promise<void> {
  await writeOutputVariables({ BITBUCKET_PIPELINES_VARIABLES_PATH: at('variables') }, variables, scrub);
}

async function writeTo(path: string, result: unknown): Promise<void> {
  await writeResult({}, path, result, scrub);
}
