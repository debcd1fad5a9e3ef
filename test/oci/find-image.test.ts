import { symlink } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { findImage } from '../../pipe/oci/open-image.ts';
import type { ArrayValue } from '../../pipe/toolkit/environment.ts';
import { useDirectory, writeFiles } from './fixtures.ts';

const at = useDirectory();
const nothing = Buffer.alloc(0);

async function find(pattern: string | readonly string[]): Promise<string> {
  const patterns: ArrayValue =
    typeof pattern === 'string' ? { form: 'string', value: pattern } : { form: 'items', items: pattern };
  const { path, absolutePath } = await findImage(patterns, {
    workingDirectory: at(),
    ownFiles: [
      { path: at('build/result.tar'), name: '--output', isExpendable: async () => await Promise.resolve(true) },
    ],
  });
  expect(absolutePath).toBe(at(path));
  return path;
}

it.each([
  ['a path', 'build/app.tar', 'build/app.tar'],
  ['a layout', 'build/layout', 'build/layout'],
  ['a name that looks like a glob', '[1].tar', '[1].tar'],
  ['a name with a space', 'my app.tar', 'my app.tar'],
  ['a glob', 'build/*.tar', 'build/app.tar'],
  ['a glob that matches a layout', 'build/lay*', 'build/layout'],
  ['a glob through a link to a directory', 'latest/**/*.tar', 'latest/app.tar'],
  ['braces', 'build/{app,other}.tar', 'build/app.tar'],
  ['an exclusion', '{build/*.tar,*.tar} !*.tar', 'build/app.tar'],
  ['an exclusion in an array', ['{build/*.tar,*.tar}', '!*.tar'], 'build/app.tar'],
  ['two patterns for one file', ['build/*.tar', 'build/app.tar'], 'build/app.tar'],
  ['a file and a link to it', '{build/app,alias}.tar', 'build/app.tar'],
  ['a link to a file', 'alias.tar', 'alias.tar'],
])('finds an image by %s', async (_, pattern, expected) => {
  await writeFiles(at(), {
    'build/app.tar': nothing,
    'build/result.tar': nothing,
    'build/layout/index.json': Buffer.from('{}'),
    '[1].tar': nothing,
    'my app.tar': nothing,
    '.git/x.tar': nothing,
  });
  await symlink('build', at('latest'));
  await symlink('build/app.tar', at('alias.tar'));
  expect(await find(pattern)).toBe(expected);
});

it.each([
  ['nothing', '*.zip', '*.zip matches no file in '],
  [
    'several files',
    '*.tar',
    'FILENAME matches 2 files (a.tar, b.tar), but an image has one: name it. To publish several images, give IMAGE and FILENAME as arrays',
  ],
  ['several files, in an array', ['a.tar', 'b.tar'], 'FILENAME matches 2 files (a.tar, b.tar), but'],
  ['the history of the repository', '.git/*.tar', '.git/*.tar is inside .git or .bitbucket'],
  ['the output', 'build/result.tar', 'build/result.tar is also the file of --output, which would overwrite it'],
  ['the directory of the output', 'build', '--output writes into build, which is to be published'],
  ['more alternatives than anyone writes', '{1..999999999}.tar', 'stands for more than 10,000 patterns'],
  ['nothing, since no name is as long', `*${'x'.repeat(70_000)}`, ' matches no file in '],
])('is an error if a pattern matches %s', async (_, pattern, message) => {
  await writeFiles(at(), { 'b.tar': nothing, 'a.tar': nothing, 'build/result.tar': nothing, '.git/c.tar': nothing });
  await expect(find(pattern)).rejects.toThrow(message);
});
