import { lstatSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pipeStorageDirectory, readShared, writeShared, writeWhole } from '../../pipe/toolkit/storage.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'storage-'));
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

describe('writeWhole', () => {
  it('makes the directories, and replaces what was there', async () => {
    const path = join(root, 'a', 'b', 'file');
    await writeWhole(path, 'a longer first text');
    await writeWhole(path, 'second');
    expect(await readFile(path, 'utf8')).toBe('second');
    expect(await readdir(join(root, 'a', 'b'))).toEqual(['file']);
  });

  it('never shows a reader a part', async () => {
    const path = join(root, 'file');
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(3_000_000));
    await writeWhole(path, texts[0] ?? '');
    const state = { isWriting: true };
    const writing = (async () => {
      for (const text of texts) await writeWhole(path, text);
      state.isWriting = false;
    })();
    const seen = new Set<string>();
    while (state.isWriting) seen.add(await readFile(path, 'utf8'));
    await writing;
    expect([...seen].filter((text) => !texts.includes(text))).toEqual([]);
  });

  it('lets several write the same file at once', async () => {
    const path = join(root, 'file');
    await Promise.all(['a', 'b', 'c'].map((text) => writeWhole(path, text)));
    expect(await readFile(path, 'utf8')).toMatch(/^[abc]$/);
    expect(await readdir(root)).toEqual(['file']);
  });

  it('leaves nothing behind where it cannot write', async () => {
    await writeWhole(join(root, 'directory', 'file'), '');
    await expect(writeWhole(join(root, 'directory'), 'text')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(root)).toEqual(['directory']);
  });

  it('takes the longest name that a file can have', async () => {
    await writeWhole(join(root, 'x'.repeat(255)), 'text');
    expect(await readdir(root)).toEqual(['x'.repeat(255)]);
  });

  it('writes into what is no file, such as /dev/stdout, and does not replace it', async () => {
    const path = join(root, 'link');
    await symlink('/dev/null', path);
    await writeWhole(path, 'text');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(await readdir(root)).toEqual(['link']);
  });
});

describe('shared variables', () => {
  it('are read as they were written', async () => {
    const env = { BITBUCKET_PIPE_SHARED_STORAGE_DIR: join(root, 'pipes') };
    const value = { list: [1, 'two', null], text: 'ü"\n' };
    expect(await writeShared(env, 'first', value)).toBe(true);
    expect(await writeShared(env, 'second', false)).toBe(true);
    expect([await readShared(env, 'first'), await readShared(env, 'second')]).toEqual([value, false]);
    // The place and the form of Atlassian's toolkit, in which other pipes look.
    expect(JSON.parse(await readFile(join(root, 'pipes', '_shared_variables.json'), 'utf8'))).toEqual({
      first: value,
      second: false,
    });
  });

  it('of other pipes are kept, and can be replaced', async () => {
    const env = { BITBUCKET_PIPE_SHARED_STORAGE_DIR: root };
    await writeFile(join(root, '_shared_variables.json'), '{"theirs": 1, "ours": 2}');
    await writeShared(env, 'ours', 3);
    expect([await readShared(env, 'theirs'), await readShared(env, 'ours')]).toEqual([1, 3]);
  });

  it.each([
    ['outside Pipelines', {}],
    ['with an empty directory', { BITBUCKET_PIPE_SHARED_STORAGE_DIR: '' }],
  ])('are neither read nor written %s', async (_, env) => {
    expect(await writeShared(env, 'name', 1)).toBe(false);
    expect(await readShared(env, 'name')).toBeUndefined();
  });

  it.each(['{"na', '[]', '5', 'null', ''])('are none where the file holds %j', async (content) => {
    await writeFile(join(root, '_shared_variables.json'), content);
    expect(await readShared({ BITBUCKET_PIPE_SHARED_STORAGE_DIR: root }, 'name')).toBeUndefined();
  });

  it.each(['toString', '__proto__', 'length'])('have no %s of their own', async (name) => {
    await writeFile(join(root, '_shared_variables.json'), '{}');
    expect(await readShared({ BITBUCKET_PIPE_SHARED_STORAGE_DIR: root }, name)).toBeUndefined();
  });
});

it.each([
  [{ BITBUCKET_PIPE_STORAGE_DIR: '/pipes/acme' }, '/pipes/acme'],
  [{ BITBUCKET_PIPE_STORAGE_DIR: '' }, undefined],
  [{}, undefined],
])('the storage directory of %j is %s', (env, directory) => {
  expect(pipeStorageDirectory(env)).toBe(directory);
});
