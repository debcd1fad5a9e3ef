import { execFileSync } from 'node:child_process';
import { linkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { selectFiles } from '../../pipe/io/select-files.ts';
import { InputError } from '../../pipe/errors.ts';

let root: string;
let clone: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'select-'));
  clone = join(root, 'clone');
  await mkdir(clone);
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

async function make(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await writeFile(join(clone, path), path);
  }
}

async function select(...items: readonly string[]): Promise<readonly string[]> {
  return (await selectFiles({ form: 'items', items }, { workingDirectory: clone })).files.map(({ path }) => path);
}

async function selectText(text: string): Promise<readonly string[]> {
  return (await selectFiles({ form: 'text', text }, { workingDirectory: clone })).files.map(({ path }) => path);
}

async function problem(...items: readonly string[]): Promise<string> {
  const error: unknown = await select(...items).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

describe('finds names of every kind', () => {
  const names = [
    'with space.txt',
    'ünï cødé 漢字.txt',
    `q"uo'te.txt`,
    'new\nline.txt',
    'tab\t.txt',
    'a[1].txt',
    '{x,y}.txt',
    '*star.txt',
    '!bang.txt',
    'back\\slash.txt',
    '$HOME.txt',
    '-dash.txt',
    '%22.txt',
    'emoji 🎉.txt',
  ];

  it.each(names)('%j by its exact name', async (name) => {
    await make(name, 'other.txt');
    expect(await select(name)).toEqual([name]);
    expect(await selectText(name)).toEqual([name]);
  });

  it('all of them by one glob', async () => {
    await make(...names);
    expect(await select('*.txt')).toEqual([...names].sort());
  });
});

describe('globs', () => {
  it.each([
    ['*.zip', ['a.zip', 'b.zip']],
    ['?.zip', ['a.zip', 'b.zip']],
    ['[ab].zip', ['a.zip', 'b.zip']],
    ['{a,c}.*', ['a.txt', 'a.zip', 'c.tar.gz']],
    ['**/*.zip', ['a.zip', 'b.zip', 'sub/deep/d.zip', 'sub/e.zip']],
    ['sub/*', ['sub/e.zip']],
    ['sub/**', ['sub/deep/d.zip', 'sub/e.zip']],
    ['./a.*', ['a.txt', 'a.zip']],
    ['sub/../b.zip', ['sub/../b.zip']],
  ])('%s', async (pattern, expected) => {
    await make('a.zip', 'b.zip', 'a.txt', 'c.tar.gz', 'sub/e.zip', 'sub/deep/d.zip', '.hidden.zip');
    expect((await select(pattern)).map((path) => path.replace(/^\.\//, ''))).toEqual(expected);
  });

  it('an absolute glob inside the clone', async () => {
    await make('dist/a.zip');
    expect(await select(`${clone}/dist/*.zip`)).toEqual([join(clone, 'dist/a.zip')]);
  });

  it('dot files only if the pattern contains the dot', async () => {
    await make('.env', 'env', '.config/x', 'config/y');
    expect(await select('*')).toEqual(['env']);
    expect(await select('**')).toEqual(['config/y', 'env']);
    expect(await select('.e*', '.config/*')).toEqual(['.env', '.config/x']);
  });

  it.each([
    '.git/config',
    '.git/*',
    '.bitbucket/pipelines/generated/x',
    '.bitbucket/**',
    'sub/.git/*',
    '{.git,dist}/config',
  ])('nothing inside .git and .bitbucket, even by the pattern %s', async (pattern) => {
    await make('.git/config', '.bitbucket/pipelines/generated/x', 'sub/.git/config');
    expect(await problem(pattern)).toMatch(/never uploaded|matches no file/);
  });

  it('a link into .git is rejected too', async () => {
    await make('.git/config');
    await symlink('.git/config', join(clone, 'innocent.txt'));
    expect(await problem('innocent.txt')).toContain('is inside .git');
  });

  it('files with the same base name are all selected', async () => {
    await make('a/app.zip', 'b/app.zip');
    expect(await select('*/app.zip')).toEqual(['a/app.zip', 'b/app.zip']);
  });

  it('a file that two patterns match is selected once', async () => {
    await make('a.zip');
    expect(await select('*.zip', 'a.zip', './a.zip')).toEqual(['a.zip']);
  });

  it('finds 10,000 files', async () => {
    writeFileSync(join(clone, 'f0.bin'), '');
    // Links to one file take half the time to create.
    for (let index = 1; index < 10_000; index++) linkSync(join(clone, 'f0.bin'), join(clone, `f${index}.bin`));
    expect(await select('*.bin')).toHaveLength(10_000);
  }, 30_000);
});

describe('a single string', () => {
  it('is one pattern if it matches as a whole, including spaces', async () => {
    await make('my file.zip', 'my', 'file.zip');
    expect(await selectText('my file.zip')).toEqual(['my file.zip']);
    expect(await selectText('my f*.zip')).toEqual(['my file.zip']);
  });

  it('is several patterns if it does not', async () => {
    await make('a.zip', 'b.zip', 'c.txt');
    expect(await selectText(' c.txt\n*.zip ')).toEqual(['c.txt', 'a.zip', 'b.zip']);
  });

  it('is reported with the word that matches nothing', async () => {
    await make('a.zip');
    await expect(selectText('a.zip nope.zip')).rejects.toThrow('nope.zip matches no file');
  });

  it('is never split if it is an item of an array', async () => {
    await make('a.zip', 'b.zip');
    expect(await problem('a.zip b.zip')).toContain('a.zip b.zip matches no file');
  });
});

describe('reports all files that cannot be uploaded together', () => {
  it('a pattern that matches nothing, an empty one, a directory', async () => {
    await make('dist/a.zip');
    const message = await problem('nope/*.zip', '', 'dist', 'dist/');
    expect(message).toContain('nope/*.zip matches no file');
    expect(message).toContain('an empty path matches no file');
    expect(message).toContain('dist is a directory: name its files, as in dist/* or dist/**');
  });

  it('a glob that matches only directories', async () => {
    await make('dist/sub/a.zip');
    expect(await problem('dist/*')).toContain('dist/* matches only directories');
  });

  it('a named pipe, by name and by glob, without waiting for a writer', async () => {
    execFileSync('mkfifo', [join(clone, 'pipe.zip')]);
    expect(await problem('pipe.zip')).toContain('pipe.zip is a named pipe (FIFO), not a regular file');
    expect(await problem('*.zip')).toContain('pipe.zip is a named pipe (FIFO), not a regular file');
  });

  it('a device outside the clone', async () => {
    expect(await problem('/dev/zero')).toContain('/dev/zero is outside');
  });

  it('links: broken, circular, to a directory', async () => {
    await make('dist/a.zip');
    await symlink('nowhere', join(clone, 'broken.zip'));
    await symlink('circle.zip', join(clone, 'circle.zip'));
    await symlink('dist', join(clone, 'link'));
    expect(await problem('broken.zip')).toContain('is a symbolic link to a path that does not exist here');
    expect(await problem('*.zip')).toContain('broken.zip: is a symbolic link to a path that does not exist here');
    expect(await problem('circle.zip')).toContain('leads back to itself');
    expect(await problem('link')).toContain('link is a directory');
  });

  it('a link to a file is followed, and keeps its own name', async () => {
    await make('dist/app-1.2.3.zip');
    await symlink('dist/app-1.2.3.zip', join(clone, 'latest.zip'));
    expect(await select('latest.zip')).toEqual(['latest.zip']);
  });

  it.each(['../secret.txt', 'sub/../../secret.txt'])('a path outside the clone: %s', async (path) => {
    await make('sub/x');
    await writeFile(join(root, 'secret.txt'), 'secret');
    expect(await problem(path)).toContain(`is outside ${clone}`);
  });

  it('a link to a file outside the clone', async () => {
    await writeFile(join(root, 'secret.txt'), 'secret');
    await symlink(join(root, 'secret.txt'), join(clone, 'app.zip'));
    expect(await problem('app.zip')).toContain(
      `app.zip is outside ${clone} (it resolves to ${join(root, 'secret.txt')})`,
    );
  });

  it('a sibling directory whose name begins with the name of the clone', async () => {
    await mkdir(`${clone}-2`);
    await writeFile(join(`${clone}-2`, 'x'), '');
    expect(await problem('../clone-2/x')).toContain('is outside');
  });

  it('from a subdirectory, the whole clone is inside', async () => {
    await make('dist/a.zip', 'sub/x');
    const selection = await selectFiles(
      { form: 'items', items: ['../dist/*.zip'] },
      { workingDirectory: join(clone, 'sub'), cloneDirectory: clone },
    );
    expect(selection.files.map(({ path }) => path)).toEqual(['../dist/a.zip']);
  });

  it('a path of 300 bytes in one segment', async () => {
    expect(await problem('x'.repeat(300))).toContain('matches no file');
  });

  it('a name that is not valid UTF-8', async () => {
    writeFileSync(Buffer.concat([Buffer.from(join(clone, 'bad')), Buffer.of(0xff), Buffer.from('.zip')]), '');
    expect(await problem('*.zip')).toContain('its name is not valid UTF-8');
  });

  it('control characters in a name do not reach the message', async () => {
    await symlink('nowhere', join(clone, 'ev\u001B[31mil.zip'));
    expect(await problem('*.zip')).not.toContain('\u001B');
  });
});

describe('directories that a glob matches', () => {
  const leftOut = async (...items: readonly string[]): Promise<readonly string[]> =>
    (await selectFiles({ form: 'items', items }, { workingDirectory: clone })).leftOutDirectories;

  it('are reported if no file inside them is selected', async () => {
    await make('dist/a.zip', 'dist/sub/b.zip');
    expect(await leftOut('dist/*')).toEqual(['dist/sub']);
  });

  it('are not reported if a pattern selects their files', async () => {
    await make('dist/a.zip', 'dist/sub/b.zip');
    expect(await leftOut('dist/**')).toEqual([]);
  });
});

it('a file that this user cannot read', async () => {
  await make('dist/a.zip');
  execFileSync('chmod', ['0000', join(clone, 'dist/a.zip')]);
  execFileSync('chmod', ['0755', root, clone, join(clone, 'dist')]);
  // Root can read everything, so the process becomes another user for this test.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    expect(await problem('dist/a.zip')).toContain('dist/a.zip cannot be read by this user');
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});
