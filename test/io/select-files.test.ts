import { execFileSync } from 'node:child_process';
import { linkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listPaths, selectFiles, selectPaths } from '../../pipe/io/select-files.ts';
import type { OwnFile } from '../../pipe/toolkit/results.ts';
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
  return (await selectFiles({ form: 'string', value: text }, { workingDirectory: clone })).files.map(
    ({ path }) => path,
  );
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

describe('braces', () => {
  it('with a space publish all alternatives or nothing', async () => {
    await make('dist/a.zip', 'dist/b.zip');
    const expected =
      'dist/{a, b}.zip stands for dist/ b.zip too, which matches no file: write the braces without spaces, as in {a,b}';
    expect(await problem('dist/{a, b}.zip')).toBe(expected);
    await expect(selectText('dist/{a, b}.zip')).rejects.toThrow(expected);
    const hint = /matches no file in .*\. Write the braces without spaces, as in \{a,b\}$/;
    expect(await problem('dist/{x, y}.zip')).toMatch(hint);
    await expect(selectText('dist/* !dist/{a.zip, b.zip}')).rejects.toThrow(hint);
  });

  it('with a space match names with that space', async () => {
    await make('dist/a.zip', 'dist/ b.zip');
    expect(await selectText('dist/{a, b}.zip')).toEqual(['dist/ b.zip', 'dist/a.zip']);
  });

  it('without spaces may have alternatives that match nothing', async () => {
    await make('dist/a.zip', '1.zip', '3.zip');
    expect(await select('dist/*.{zip,tar.gz}', '{1..3}.zip')).toEqual(['dist/a.zip', '1.zip', '3.zip']);
  });

  it('may have an empty alternative, or one for the directory itself', async () => {
    await make('dist/a.zip');
    expect(await select('{dist/a.zip,}')).toEqual(['dist/a.zip']);
    expect(await select('dist/{a.zip,}')).toEqual(['dist/a.zip']);
    expect(await select('{.,dist/a.zip}')).toEqual(['dist/a.zip']);
  });

  // Node.js would expand these: the first until its memory is used up, the second to 2 ** 25 globs.
  it.each(['*{1..9999999999999999}', `*${'{a},b}'.repeat(25)}`])('are ordinary characters in %s', async (pattern) => {
    await make('a.zip', `a${pattern.slice(1)}`);
    expect(await select(pattern)).toEqual([`a${pattern.slice(1)}`]);
  });

  it.each(['{a,b}'.repeat(25), '{1..999999999}', '{1..9999999999999}', '{1..999}{1..999}'])(
    '%s is an error at once',
    async (pattern) => {
      expect(await problem(pattern)).toBe(`${pattern} stands for more than 10,000 patterns: use * or fewer braces`);
    },
  );
});

it('accepts a glob of as many characters as one may have', async () => {
  await make('b.zip');
  const start = 'b*.{zip,';
  expect(await selectText(`${start}${'x'.repeat(64 * 1024 - start.length - 1)}}`)).toEqual(['b.zip']);
});

it('accepts more names in one string than a glob may have characters', async () => {
  const long = `${'x'.repeat(240)}.zip`;
  await make(long, 'b.zip');
  expect(await selectText(`${`${long} `.repeat(300)} b*.zip`)).toEqual([long, 'b.zip']);
});

it.each(['*', '!'])('rejects a single glob that is longer than any path, beginning with %s', async (start) => {
  await make('a.zip');
  expect(await problem('a.zip', `${start}${'x'.repeat(70_000)}`)).toMatch(/matches no file|characters long/);
});

it('finds one name with a space by a glob that searches directories', async () => {
  await make('x/sub/deep/a b.zip', 'x/b.zip');
  expect(await selectText('x/**/a b.*')).toEqual(['x/sub/deep/a b.zip']);
});

describe('links to directories', () => {
  it('are followed by globs if they stay inside, and each real file is selected once', async () => {
    await make('build/app.zip', 'build/sub/docs.zip', 'dist/other.zip');
    await symlink('../build', join(clone, 'dist/latest'));
    expect(await select('dist/**')).toEqual(['dist/latest/app.zip', 'dist/latest/sub/docs.zip', 'dist/other.zip']);
    expect(await select('**/*.zip')).toEqual(['build/app.zip', 'build/sub/docs.zip', 'dist/other.zip']);
    expect(await select('dist/latest/*.zip', 'build/app.zip')).toEqual(['dist/latest/app.zip']);
    expect(await select('dist/*/app.zip')).toEqual(['dist/latest/app.zip']);
  });

  it('that lead back, or to each other, end', async () => {
    await make('a/x.zip', 'b/y.zip');
    await symlink('..', join(clone, 'a/up'));
    for (let index = 0; index < 20; index++) {
      await symlink('../b', join(clone, `a/to-b-${index}`));
      await symlink('../a', join(clone, `b/to-a-${index}`));
    }
    expect(await select('**')).toEqual(['a/x.zip', 'b/y.zip']);
    expect(
      (await selectFiles({ form: 'items', items: ['**'] }, { workingDirectory: clone })).leftOutDirectories,
    ).toEqual([]);
  });

  it('outside, or into .git, are not followed', async () => {
    await make('a.zip', '.git/config');
    await mkdir(join(root, 'outside'));
    await writeFile(join(root, 'outside/secret.zip'), 'secret');
    await symlink(join(root, 'outside'), join(clone, 'out'));
    await symlink('.git', join(clone, 'git'));
    expect(await select('**/*.zip')).toEqual(['a.zip']);
    expect(await problem('*/secret.zip')).toContain(`out/secret.zip is outside ${clone}`);
    expect(await problem('git/*')).toContain('git/config is inside .git');
  });

  it('a link to a file is another name for it, but the same name is one file', async () => {
    await make('dist/app-1.zip');
    await mkdir(join(clone, 'out'));
    await symlink('app-1.zip', join(clone, 'dist/app.zip'));
    await symlink('../dist/app-1.zip', join(clone, 'out/app-1.zip'));
    const { files } = await selectFiles(
      { form: 'string', value: '**/*.zip' },
      { workingDirectory: clone },
      { underEachName: true },
    );
    expect(files.map(({ path }) => path)).toEqual(['dist/app-1.zip', 'dist/app.zip']);
  });
});

describe('a pattern that begins with !', () => {
  beforeEach(async () => {
    await make('dist/app.js', 'dist/app.js.map', 'dist/sub/x.map', 'dist/sub/y.js', 'dist/.env');
  });

  it.each<[readonly string[], readonly string[]]>([
    [['dist/*', '!dist/*.map'], ['dist/app.js']],
    [
      ['!**/*.map', 'dist/**'],
      ['dist/app.js', 'dist/sub/y.js'],
    ],
    [
      ['dist/**', '!dist/sub'],
      ['dist/app.js', 'dist/app.js.map'],
    ],
    [
      ['dist/**', '!./dist/sub/**'],
      ['dist/app.js', 'dist/app.js.map'],
    ],
    [['dist/app.js', 'dist/.env', '!dist/*'], []],
    [
      ['dist/**', '!dist/{app,sub/y}.js', '!nothing'],
      ['dist/app.js.map', 'dist/sub/x.map'],
    ],
  ])('in %j', async (patterns, expected) => {
    if (expected.length === 0)
      expect(await problem(...patterns)).toBe('every file that matches is excluded by a pattern with !');
    else expect(await select(...patterns)).toEqual(expected);
    const text = patterns.join(' ');
    if (expected.length > 0) expect(await selectText(text)).toEqual(expected);
  });

  it('by an absolute path', async () => {
    expect(await select('dist/*', `!${clone}/dist/*.map`)).toEqual(['dist/app.js']);
  });

  it('by a name with glob characters', async () => {
    await make('x/a[1].txt', 'x/a1.txt', 'x/b.txt');
    expect(await select('x/*', '!x/a[1].txt')).toEqual(['x/b.txt']);
  });

  it('does not look for files in a file', async () => {
    expect(await problem('dist/app.js/*')).toMatch(/^dist\/app\.js\/\* matches no file/);
    expect(await problem('dist/app.js/*')).not.toContain('cannot read');
  });

  it('does not blame the permissions of a directory that does not exist', async () => {
    expect(await problem('nowhere/*')).toMatch(/^nowhere\/\* matches no file/);
    expect(await problem('nowhere/*')).not.toContain('cannot read');
  });

  it('keeps broken links and unreadable names out of the way', async () => {
    await symlink('nowhere', join(clone, 'dist/broken'));
    expect(await select('dist/*', '!dist/broken')).toEqual(['dist/app.js', 'dist/app.js.map']);
  });

  it('needs others that name files', async () => {
    expect(await problem('!dist/*.map')).toBe('!dist/*.map excludes files: name the files to publish as well');
    await expect(selectText('!dist/*.map')).rejects.toThrow('excludes files: name the files');
  });

  it('is a name if that file exists', async () => {
    await make('!bang.txt', 'bang.txt');
    expect(await select('!bang.txt', '*.txt')).toEqual(['!bang.txt', 'bang.txt']);
  });
});

function output(path: string, isResult: boolean): OwnFile {
  return { path: join(clone, path), name: '--output', isExpendable: async () => await Promise.resolve(isResult) };
}

it('a glob does not match the file that the results are written to', async () => {
  await make('dist/a.zip', 'dist/result.json');
  const places = { workingDirectory: clone, ownFiles: [output('dist/result.json', true)] };
  const selection = await selectFiles({ form: 'string', value: 'dist/*' }, places);
  expect(selection.files.map(({ path }) => path)).toEqual(['dist/a.zip']);
  await expect(selectFiles({ form: 'string', value: 'dist/*.json' }, places)).rejects.toThrow(
    'dist/*.json matches only dist/result.json, which the run writes itself (--output)',
  );
});

it.each(['dist/*', 'dist/{a,b}.zip'])(
  '%s does not leave out a file that the results would overwrite',
  async (value) => {
    await make('dist/a.zip', 'dist/b.zip');
    const places = { workingDirectory: clone, ownFiles: [output('dist/a.zip', false)] };
    await expect(selectFiles({ form: 'string', value }, places)).rejects.toThrow(
      'dist/a.zip is also the file of --output, which would overwrite it',
    );
  },
);

it.each(['dist/a.zip', 'link.zip', 'dist/../dist/a.zip'])(
  'the file that the results are written to cannot be published as %s: it would be overwritten',
  async (path) => {
    await make('dist/a.zip');
    await symlink('dist/a.zip', join(clone, 'link.zip'));
    const places = { workingDirectory: clone, ownFiles: [output('dist/a.zip', true)] };
    await expect(selectFiles({ form: 'items', items: [path] }, places)).rejects.toThrow(
      `${path} is also the file of --output, which would overwrite it`,
    );
  },
);

it('a file with several names is selected once, by its own, or under each', async () => {
  await make('dist/b.zip');
  await symlink('b.zip', join(clone, 'dist/a.zip'));
  const patterns = { form: 'string', value: 'dist/*' } as const;
  const paths = async (underEachName: boolean): Promise<readonly string[]> =>
    (await selectFiles(patterns, { workingDirectory: clone }, { underEachName })).files.map(({ path }) => path);
  expect(await paths(false)).toEqual(['dist/b.zip']);
  expect(await paths(true)).toEqual(['dist/a.zip', 'dist/b.zip']);
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

  it('may contain words that match nothing if others match, with a warning', async () => {
    await make('a.zip');
    const text = 'nope.zip a.zip no*.zip';
    expect(await selectFiles({ form: 'string', value: text }, { workingDirectory: clone })).toMatchObject({
      files: [{ path: 'a.zip' }],
      warnings: [
        `nope.zip matches no file in ${clone}, which has only a.zip`,
        `no*.zip matches no file in ${clone}, which has only a.zip`,
      ],
    });
  });

  it('is an error that names every word if none matches', async () => {
    await expect(selectText('nope.zip no*.zip')).rejects.toThrow(/^nope\.zip matches.*\nno\*\.zip matches/);
  });

  it('is split at line breaks first, so that names in lines may contain spaces', async () => {
    await make('User Guide.pdf', 'User', 'a.zip', 'b.zip');
    expect(await selectText('User Guide.pdf\n*.zip\n')).toEqual(['User Guide.pdf', 'a.zip', 'b.zip']);
    expect(await selectText('\r\n  User Guide.pdf\r\n  a.zip b.zip')).toEqual(['User Guide.pdf', 'a.zip', 'b.zip']);
  });

  it('is a name even if it looks like a list', async () => {
    await make('[1.0] notes [draft]');
    expect(await selectText('[1.0] notes [draft]')).toEqual(['[1.0] notes [draft]']);
    await expect(selectText(`['a.zip', 'b.zip]`)).rejects.toThrow(
      "an array of names is written as a YAML flow sequence: ['a', 'b c']",
    );
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

  it('a device inside the clone', async () => {
    const selecting = selectFiles({ form: 'items', items: ['null'] }, { workingDirectory: '/dev' });
    await expect(selecting).rejects.toThrow('null is a device, not a regular file');
  });

  it('links: broken, circular, to a directory', async () => {
    await make('dist/a.zip');
    await symlink('nowhere', join(clone, 'broken.zip'));
    await symlink('circle.zip', join(clone, 'circle.zip'));
    await symlink('dist', join(clone, 'link'));
    expect(await problem('broken.zip')).toContain('is a symbolic link to a path that does not exist here');
    expect(await problem('*.zip')).toContain('broken.zip: is a symbolic link to a path that does not exist here');
    expect(await problem('circle.zip')).toContain('leads back to itself');
    expect(await problem('link')).toBe(
      'link is a directory: name its files, as in link/* or link/**, or pack it first',
    );
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

  it('from a subdirectory, what is outside is outside of the clone', async () => {
    await make('sub/x');
    await writeFile(join(root, 'secret.txt'), 'secret');
    const places = { workingDirectory: join(clone, 'sub'), cloneDirectory: clone };
    await expect(selectFiles({ form: 'items', items: ['../../secret.txt'] }, places)).rejects.toThrow(
      `../../secret.txt is outside ${clone}: only`,
    );
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

/** Runs the work as another user if this one is root, who can read everything. */
async function unprivileged(work: () => Promise<void>): Promise<void> {
  execFileSync('chmod', ['0755', root, clone, join(clone, 'dist')]);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

it('a file that this user cannot read', async () => {
  await make('dist/a.zip');
  execFileSync('chmod', ['0000', join(clone, 'dist/a.zip')]);
  await unprivileged(async () => {
    expect(await problem('dist/a.zip')).toContain('dist/a.zip cannot be read by this user');
  });
});

it('a directory that this user cannot read is named, unless it is excluded', async () => {
  await make('dist/a.zip', 'dist/locked/b.zip');
  execFileSync('chmod', ['0000', join(clone, 'dist/locked')]);
  try {
    await unprivileged(async () => {
      const expected = 'dist/locked is a directory that this user cannot read: check its permissions, or exclude it';
      expect(await problem('dist/**')).toBe(expected);
      expect(await problem('dist/*/*.zip')).toContain(expected);
      expect(await problem('*/locked/b.zip')).toContain(expected);
      expect(await problem('dist/*/b.zip')).toContain(expected);
      expect(await problem('dist/locked/b.zip')).toBe(
        'dist/locked/b.zip: cannot be reached by this user: check the permissions of its directories',
      );
      expect(await select('dist/**', '!dist/locked')).toEqual(['dist/a.zip']);
    });
  } finally {
    // Otherwise nobody but root could remove it.
    execFileSync('chmod', ['0700', join(clone, 'dist/locked')]);
  }
});

it('the first five paths of a selection stand for all of them', () => {
  expect(listPaths(['a'])).toBe('a');
  expect(listPaths(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c, d, e');
  expect(listPaths(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c, d, e, …');
});

it('a directory is selected whole or not at all', async () => {
  await make('dist/a.js', 'dist/a.js.map');
  const selecting = async (...items: readonly string[]): Promise<unknown> =>
    await selectPaths({ form: 'items', items }, { workingDirectory: clone }, { withDirectories: true });
  await expect(selecting('dist', '!dist/*.map')).rejects.toThrow('!dist/*.map excludes a part of dist');
  await expect(selecting('dist', '!dist/a.js.map')).rejects.toThrow('!dist/a.js.map excludes a part of dist');
  await expect(selecting('dist/a.js', '!dist/*.map')).resolves.toMatchObject({ found: [{ kind: 'file' }] });
});

it('advises to build what is missing, and to correct other names', async () => {
  const failed = async (item: string): Promise<unknown> =>
    await select(item).catch((error: unknown) => (error as InputError).advice);
  expect(await failed('missing.zip')).toMatch(/^Correct FILENAME, or build the file first/);
  await make('dist/a.zip');
  expect(await failed('dist')).toBe('Correct FILENAME accordingly.');
});
