import { expect, it } from '@jest/globals';
import { windowsWarnings } from '../../../pipe/archive/pack/windows-names.ts';

type Paths = Parameters<typeof windowsWarnings>[0];
const treeOf = (...paths: readonly string[]): Paths => ({
  files: paths.map((path) => ({ path })),
  emptyDirectories: [],
});

it.each([
  'aux.txt',
  'docs/NUL',
  'con/a.txt',
  'a/Com1.tar.gz',
  'lpt³',
  'aux .txt',
  'a:b',
  'a?.txt',
  'a*',
  '"a"',
  'a|b',
  '<a>',
  'a\\b',
  'a\tb',
  'a.',
  'a /b',
  'a../b',
])('Windows cannot have %j', (path) => {
  expect(windowsWarnings(treeOf('ok.txt', path), 'app.zip')).toEqual([
    expect.stringMatching(/^app\.zip cannot be unpacked on Windows, which does not allow the names .+: rename these/),
  ]);
});

it.each([
  'auxiliary.txt',
  'console',
  'com10',
  'com',
  '.nul',
  'a.aux',
  'Ä & b (1).txt',
  '.env',
  "it's",
  'a b',
  'a..b',
  '-',
])('Windows can have %j', (path) => {
  expect(windowsWarnings(treeOf(path), 'app.zip')).toEqual([]);
});

it('empty directories count, too', () => {
  expect(windowsWarnings({ ...treeOf(), emptyDirectories: ['logs/aux'] }, 'a.zip')).toHaveLength(1);
});

it('many names make one warning, as do names that differ in case alone', () => {
  expect(windowsWarnings(treeOf('a:1', 'a:2', 'a:3', 'a:4', 'a:5', 'README', 'ReadMe', 'x/readme'), 'app.zip')).toEqual(
    [
      'app.zip cannot be unpacked on Windows, which does not allow the names a:1, a:2, a:3, and 2 more: rename these files, or exclude them',
      'app.zip cannot be unpacked whole on Windows, where names that differ only in case are one file: README, ReadMe: rename all but one, or exclude them',
    ],
  );
});
