import { expect, it } from '@jest/globals';
import { PackageTree } from '../../../pipe/destinations/npm/package-tree.ts';

function treeOf(...paths: readonly string[]): PackageTree {
  const tree = new PackageTree();
  for (const path of paths) tree.addFile(path);
  return tree;
}

it('knows the directories that files are in, and nothing outside', () => {
  const tree = treeOf('lib/a/b.js', 'index.js');
  expect(['lib', './lib/', 'lib/a/', 'lib/a/b.js', '.', './'].map((path) => tree.has(path))).toEqual(
    Array(6).fill(true),
  );
  expect(['a', '../index.js', '/index.js', 'lib/../..', 'index.js/x'].map((path) => tree.has(path))).toEqual(
    Array(5).fill(false),
  );
  expect(['lib', 'index.js'].map((path) => tree.isFile(path))).toEqual([false, true]);
});

it('lists as glob does: by level, the last name first', () => {
  const tree = treeOf('a', 'b', 'c/y', 'c/x', 'd/z/deep', 'd/.hidden/x', '.dot');
  expect(tree.topNames()).toEqual(['d', 'c', 'b', 'a', '.dot']);
  expect(tree.below('.')).toEqual(['d', 'c', 'b', 'a', 'd/z', 'c/y', 'c/x', 'd/z/deep']);
  expect(tree.below('./c/')).toEqual(['y', 'x']);
  expect(tree.below('none')).toEqual([]);
});

it('lets a later file take the place of a former', () => {
  const tree = new PackageTree();
  tree.addFile('README', Buffer.from('a'));
  tree.addFile('README', Buffer.from('b'));
  expect(tree.text('README')).toBe('b');
});
