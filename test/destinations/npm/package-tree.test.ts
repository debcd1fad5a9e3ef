import { expect, it } from '@jest/globals';
import { PackageTree } from '../../../pipe/destinations/npm/package-tree.ts';

function treeOf(...paths: readonly string[]): PackageTree {
  const tree = new PackageTree();
  for (const path of paths) tree.addFile(path);
  return tree;
}

it('has the directories of its files, and nothing outside', () => {
  const tree = treeOf('lib/a/b.js', 'index.js');
  expect(['lib', './lib/', 'lib/a/', 'lib/a/b.js', '.', './'].map((path) => tree.has(path))).toEqual(
    Array(6).fill(true),
  );
  expect(['a', '../index.js', '/index.js', 'lib/../..', 'index.js/x'].map((path) => tree.has(path))).toEqual(
    Array(5).fill(false),
  );
  expect(['lib', 'index.js'].map((path) => tree.isFile(path))).toEqual([false, true]);
});

it('lists files as glob does: by depth, the last name first', () => {
  const tree = treeOf('a', 'b', 'c/y', 'c/x', 'd/z/deep', 'd/.hidden/x', '.dot');
  expect(tree.topNames()).toEqual(['d', 'c', 'b', 'a', '.dot']);
  expect(tree.below('.')).toEqual(['d', 'c', 'b', 'a', 'd/z', 'c/y', 'c/x', 'd/z/deep']);
  expect(tree.below('./c/')).toEqual(['y', 'x']);
  expect(tree.below('none')).toEqual([]);
});

it('replaces an earlier file with a later one', () => {
  const tree = new PackageTree();
  tree.addFile('README', Buffer.from('a'));
  tree.addFile('README', Buffer.from('b'));
  expect(tree.text('README')).toBe('b');
});
