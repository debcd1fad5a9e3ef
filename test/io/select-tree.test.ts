import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { InputError } from '../../pipe/errors.ts';
import type { Places } from '../../pipe/io/select-files.ts';
import { selectTree, type Tree } from '../../pipe/io/select-tree.ts';
import { asNobody } from '../oci/as-nobody.ts';

let root = '';
let clone = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tree-'));
  clone = join(root, 'clone');
  mkdirSync(clone);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

function make(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), path);
  }
}

async function select(items: readonly string[], places: Partial<Places> = {}): Promise<Tree> {
  return await selectTree({ form: 'items', items }, { workingDirectory: clone, ...places });
}

async function paths(...items: readonly string[]): Promise<readonly string[]> {
  return (await select(items)).files.map(({ path }) => path);
}

async function problem(...items: readonly string[]): Promise<string> {
  const error: unknown = await select(items).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

describe('where files stand in the archive', () => {
  it('is relative to the one directory that is named', async () => {
    make('dist/b.txt', 'dist/a/ü.txt', 'dist/.hidden');
    expect(await paths('dist')).toEqual(['.hidden', 'a/ü.txt', 'b.txt']);
    expect(await paths('./dist/')).toEqual(['.hidden', 'a/ü.txt', 'b.txt']);
  });

  it('is relative to the working directory for anything else', async () => {
    make('dist/b.txt', 'dist/sub/.env', 'dist/sub/c', 'README');
    expect(await paths('dist', 'README')).toEqual(['README', 'dist/b.txt', 'dist/sub/.env', 'dist/sub/c']);
    expect(await paths('dist/*')).toEqual(['dist/b.txt', 'dist/sub/.env', 'dist/sub/c']);
    expect(await paths('dist/b.txt')).toEqual(['dist/b.txt']);
  });

  it('leaves out names with a dot if ** does', async () => {
    make('dist/b.txt', 'dist/sub/.env', 'dist/sub/c');
    expect(await paths('dist/**')).toEqual(['dist/b.txt', 'dist/sub/c']);
  });

  it('lists what two patterns name once', async () => {
    make('dist/a');
    expect(await paths('dist', 'dist/a')).toEqual(['dist/a']);
  });

  it('must be inside the working directory', async () => {
    make('sub/a', 'b');
    const places = { workingDirectory: join(clone, 'sub'), cloneDirectory: clone };
    await expect(select(['a', '../b'], places)).rejects.toThrow(
      '../b is outside the working directory, which paths in an archive are relative to',
    );
  });
});

describe('leaves out', () => {
  it('.git, .bitbucket, what is excluded and what the run writes', async () => {
    make('.git/config', '.bitbucket/x', 'a', 'sub/.git/y', 'sub/b', 'sub/c.map', 'node_modules/d', 'result.json');
    const isExpendable = async (): Promise<boolean> => await Promise.resolve(true);
    const ownFiles = [{ path: join(clone, 'result.json'), name: '--output', isExpendable }];
    const { files } = await select(['.', '!node_modules', '!**/*.map'], { ownFiles });
    expect(files.map(({ path }) => path)).toEqual(['a', 'sub/b']);
  });

  it('what the caller leaves out', async () => {
    make('a', 'out/app.1.0.zip');
    const { files } = await selectTree(
      { form: 'string', value: '.' },
      { workingDirectory: clone },
      { isLeftOut: (path) => path.endsWith('.zip') },
    );
    expect(files.map(({ path }) => path)).toEqual(['a']);
  });
});

it('keeps empty directories, but none whose files are excluded', async () => {
  make('dist/a', 'dist/maps/a.map');
  mkdirSync(join(clone, 'dist/logs/old'), { recursive: true });
  expect((await select(['dist', '!**/*.map'])).emptyDirectories).toEqual(['logs/old']);
});

it('knows which files can be executed', async () => {
  make('dist/run', 'dist/text');
  chmodSync(join(clone, 'dist/run'), 0o740);
  expect((await select(['dist'])).files.map(({ path, isExecutable }) => [path, isExecutable])).toEqual([
    ['run', true],
    ['text', false],
  ]);
});

describe('links', () => {
  it('that stay inside are followed, under each of their names', async () => {
    make('dist/a/x', 'shared/y');
    symlinkSync('../shared', join(clone, 'dist/s'));
    symlinkSync('a/x', join(clone, 'dist/z'));
    expect(await paths('dist')).toEqual(['a/x', 's/y', 'z']);
  });

  it('that leave are refused', async () => {
    make('dist/a');
    writeFileSync(join(root, 'secret'), '');
    symlinkSync('../../secret', join(clone, 'dist/link'));
    symlinkSync('/etc', join(clone, 'dist/etc'));
    const message = await problem('dist');
    expect(message).toContain(`dist/link is outside ${clone} (it resolves to ${join(root, 'secret')})`);
    expect(message).toContain(`dist/etc is outside`);
  });

  it('that lead back to a directory above, or nowhere, are refused', async () => {
    make('dist/a');
    symlinkSync('.', join(clone, 'dist/again'));
    symlinkSync('nowhere', join(clone, 'dist/broken'));
    const message = await problem('dist');
    expect(message).toContain('dist/again is a link that leads back to a directory above it: remove or exclude it');
    expect(message).toContain('dist/broken: is a symbolic link to a path that does not exist here');
    expect(await paths('dist', '!dist/again', '!dist/broken')).toEqual(['a']);
  });
});

it('has not endlessly many directories by links', async () => {
  make('dist/0/a');
  for (const level of [1, 2, 3, 4, 5, 6]) {
    make(`dist/${level}/a`);
    for (const name of ['x', 'y']) symlinkSync(`../${level - 1}`, join(clone, `dist/${level}/${name}`));
  }
  const list = async (maxDirectories: number): Promise<Tree> =>
    await selectTree({ form: 'items', items: ['dist'] }, { workingDirectory: clone }, { maxDirectories });
  await expect(list(20)).rejects.toThrow(
    /^there are more than 20 directories, those that links lead to included: dist\/\S+ is one of them$/,
  );
  expect((await list(500)).files.length).toBeGreaterThan(100);
});

it('needs a file', async () => {
  mkdirSync(join(clone, 'dist'));
  expect(await problem('dist')).toBe('there is no file in what is named: an archive needs one');
  expect(await problem('missing')).toContain('missing matches no file');
});

it('says that everything is excluded', async () => {
  make('dist/a');
  expect(await problem('dist', '!dist/*')).toBe(
    'every file in what is named is excluded (by dist/*): an archive needs one',
  );
});

it('names a directory that cannot be read, once, and says what to do', async () => {
  make('dist/a', 'dist/locked/b');
  for (const path of [root, clone, join(clone, 'dist')]) chmodSync(path, 0o755);
  chmodSync(join(clone, 'dist/locked'), 0);
  try {
    await asNobody(async () => {
      const error: unknown = await select(['dist']).catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        message: 'dist/locked is a directory that this user cannot read: check its permissions, or exclude it',
        advice: expect.stringContaining('chmod -R a+rX'),
      });
      expect(await paths('dist', '!dist/locked')).toEqual(['a']);
    });
  } finally {
    chmodSync(join(clone, 'dist/locked'), 0o755);
  }
});
