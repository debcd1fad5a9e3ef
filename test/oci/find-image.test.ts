import { mkdir, symlink } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { findImage } from '../../pipe/oci/open-image.ts';
import { useDirectory, writeFiles } from './fixtures.ts';

const at = useDirectory();
const nothing = Buffer.alloc(0);

async function find(pattern: string): Promise<string> {
  const { path, absolutePath } = await findImage(pattern, at());
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
])('finds an image by %s', async (_, pattern, expected) => {
  await writeFiles(at(), {
    'build/app.tar': nothing,
    'build/layout/index.json': Buffer.from('{}'),
    '[1].tar': nothing,
    'my app.tar': nothing,
    '.git/x.tar': nothing,
  });
  await symlink('build', at('latest'));
  expect(await find(pattern)).toBe(expected);
});

it.each([
  ['nothing', '*.zip', '*.zip matches nothing in '],
  ['several files', '*.tar', "*.tar matches several files: a.tar, b.tar. Name the image's file"],
  ['the history of the repository', '.git/*.tar', '.git/*.tar matches nothing in '],
  ['more alternatives than anyone writes', '{1..999999999}.tar', 'stands for more than 10,000 patterns'],
  ['nothing, since no name is as long', `*${'x'.repeat(70_000)}`, ' matches nothing in '],
])('is an error if a pattern matches %s', async (_, pattern, message) => {
  await writeFiles(at(), { 'b.tar': nothing, 'a.tar': nothing, '.git/c.tar': nothing });
  await mkdir(at('empty'));
  await expect(findImage(pattern, at())).rejects.toThrow(message);
});
