/** Manifests are normalized as by npm 12: the expected values are its own output. */

import { describe, expect, it } from '@jest/globals';
import { completeManifest, type Draft } from '../../../pipe/destinations/npm/complete-manifest.ts';
import { normalizeManifest } from '../../../pipe/destinations/npm/normalize-manifest.ts';
import { PackageTree } from '../../../pipe/destinations/npm/package-tree.ts';

function prepare(manifest: Draft, files: Readonly<Record<string, string>> = {}): Draft {
  const tree = new PackageTree();
  tree.addFile('package.json');
  for (const [path, text] of Object.entries(files)) tree.addFile(path, Buffer.from(text));
  const draft: Draft = { name: 'lib', version: '1.0.0', ...structuredClone(manifest) };
  completeManifest(draft, tree);
  normalizeManifest(draft);
  return draft;
}

const untouched = { name: 'lib', version: '1.0.0', readme: 'ERROR: No README data found!', _id: 'lib@1.0.0' };

describe('from the fields', () => {
  it('a bare manifest gets an ID, and a readme that says there is none', () => {
    expect(JSON.stringify(prepare({}))).toBe(JSON.stringify(untouched));
  });

  it.each<[string, Draft, Draft]>([
    [
      'name and version',
      { name: ' @a/lib ', version: ' =v1.2.3-rc+x ' },
      { name: '@a/lib', version: '1.2.3-rc', _id: '@a/lib@1.2.3-rc' },
    ],
    ['fields that begin with _', { _x: 1, _id: 'a', _resolved: 'b' }, {}],
    ['bin, a string', { bin: './cli.js' }, { bin: { lib: 'cli.js' } }],
    ['bin, a list', { bin: ['bin/a', './b.js'] }, { bin: { a: 'bin/a', 'b.js': 'b.js' } }],
    ['bin, bad entries', { bin: { a: 1, '../b': 'b', '': 'c', d: '/', e: '../../e' } }, { bin: { b: 'b', e: 'e' } }],
    ['bin, nothing left', { bin: { a: 1 } }, {}],
    ['bin, a number', { bin: 5 }, {}],
    ['man', { man: 'a.1' }, { man: ['a.1'] }],
    ['man, nothing left', { man: [5] }, {}],
    ['scripts', { scripts: { a: 1, b: './node_modules/.bin/tsc -p .' } }, { scripts: { b: 'tsc -p .' } }],
    ['scripts of the wrong type', { scripts: 'x' }, {}],
    [
      'bundledDependencies',
      { bundledDependencies: ['a', '', 5] },
      { bundleDependencies: ['a'], dependencies: { a: '*' } },
    ],
    [
      'bundleDependencies: true',
      { bundleDependencies: true, dependencies: { a: '1' } },
      { bundleDependencies: ['a'], dependencies: { a: '1' } },
    ],
    ['bundleDependencies: false', { bundleDependencies: false }, {}],
    ['dependencies, a string', { dependencies: 'a b@2, c' }, { dependencies: { a: '', b: '2', c: '' } }],
    [
      'dependencies, bad entries',
      { dependencies: { a: 1, b: 'x/y#v1' }, devDependencies: null },
      { dependencies: { b: 'github:x/y#v1' } },
    ],
    ['description', { description: 5 }, {}],
    ['files', { files: ['a', '', 5] }, { files: ['a'] }],
    ['files of the wrong type', { files: 'a', modules: {} }, {}],
    ['keywords, a string', { keywords: 'a, b,c' }, { keywords: ['a', 'b,c'] }],
    ['keywords of the wrong type', { keywords: {} }, {}],
    ['bugs, an email', { bugs: 'a@b.c' }, { bugs: { email: 'a@b.c' } }],
    ['bugs, a URL', { bugs: 'https://x.y' }, { bugs: { url: 'https://x.y' } }],
    [
      'bugs, other names',
      { bugs: { web: 'https://w', name: 'https://n', email: 'x' } },
      { bugs: { url: 'https://n' } },
    ],
    ['bugs, another name', { bugs: { web: 'https://w' } }, { bugs: { url: 'https://w' } }],
    ['bugs that are neither', { bugs: 'nothing' }, {}],
    ['bugs that name neither', { bugs: { url: 'nothing', email: 'nobody' } }, {}],
    ['bugs that name nothing', { bugs: {} }, {}],
    ['bugs, only an email by its name', { bugs: { email: 'a@b.c' } }, { bugs: { email: 'a@b.c' } }],
    ['homepage', { homepage: 'x.org' }, { homepage: 'http://x.org' }],
    ['homepage of the wrong type', { homepage: 5 }, {}],
    [
      'people',
      {
        author: 'A <a@b.c> (http://x)',
        contributors: [{ mail: 'b@c.d', web: 'http://w' }, 'C'],
        maintainers: ['D <d@e.f>'],
      },
      {
        author: { name: 'A', email: 'a@b.c', url: 'http://x' },
        contributors: [{ email: 'b@c.d', url: 'http://w' }, { name: 'C' }],
        maintainers: [{ name: 'D', email: 'd@e.f' }],
      },
    ],
    [
      'repository elsewhere',
      { repository: 'https://example.org/x.git' },
      { repository: { type: 'git', url: 'https://example.org/x.git' } },
    ],
  ])('%s', (_, given, expected) => {
    expect(prepare(given)).toEqual({ ...untouched, ...expected });
  });

  it.each<[string, Draft, Draft]>([
    ['scripts', { scripts: ['a'] }, { scripts: ['a'] }],
    ['an empty repository', { repository: '' }, { repository: '' }],
    ['repository', { repository: [{ url: 'acme/lib' }] }, { repository: [{ url: 'acme/lib' }] }],
    ['bundleDependencies', { bundleDependencies: ['a'] }, { bundleDependencies: ['a'], dependencies: { a: '*' } }],
    ['dependencies', { dependencies: ['a', 'b@2', 5] }, { dependencies: { a: '', b: '2' } }],
    ['devDependencies', { devDependencies: [['a']] }, { devDependencies: {} }],
    ['peerDependencies', { peerDependencies: ['a'] }, { peerDependencies: ['a'] }],
    ['directories', { directories: ['bin'] }, { directories: ['bin'] }],
    ['bugs', { bugs: ['https://x.y'] }, {}],
    ['author', { author: ['A <a@b.c>'] }, { author: {} }],
    ['contributors', { contributors: [['A']] }, { contributors: [{}] }],
    ['publishConfig', { publishConfig: ['x'] }, { publishConfig: ['x'] }],
  ])('a list instead of an object, %s', (_, given, expected) => {
    expect(prepare(given)).toEqual({ ...untouched, ...expected });
  });

  it('a list of scripts is kept, and no scripts are added to it', () => {
    expect(prepare({ scripts: ['a'] }, { 'server.js': '', 'x.gyp': '' })).toEqual({
      ...untouched,
      scripts: ['a'],
      gypfile: true,
    });
  });

  it.each([
    ['acme/lib', 'git+https://github.com/acme/lib.git', 'https://github.com/acme/lib'],
    ['bitbucket:acme/lib', 'git+https://bitbucket.org/acme/lib.git', 'https://bitbucket.org/acme/lib'],
    ['git@github.com:acme/lib.git', 'git+ssh://git@github.com/acme/lib.git', 'https://github.com/acme/lib'],
  ])('repository %s implies URLs', (repository, url, page) => {
    expect(prepare({ repository })).toEqual({
      ...untouched,
      repository: { type: 'git', url },
      bugs: { url: `${page}/issues` },
      homepage: `${page}#readme`,
    });
  });
});

describe('from the files', () => {
  it.each<[string, Draft, Readonly<Record<string, string>>, Draft]>([
    [
      'a README, and the description in it',
      {},
      { 'README.md': '# lib\n\nOne\ntwo.\n\nThree' },
      { readme: '# lib\n\nOne\ntwo.\n\nThree', readmeFilename: 'README.md', description: 'One two.' },
    ],
    [
      'the last README in Markdown',
      { description: 'x' },
      { 'README.md': 'a', 'README.mkd': 'b', 'README.txt': 'c', README: 'd' },
      { description: 'x', readme: 'b', readmeFilename: 'README.mkd' },
    ],
    [
      'a README without an extension',
      { description: 'x' },
      { README: 'd', readme: 'e' },
      { description: 'x', readme: 'd', readmeFilename: 'README' },
    ],
    ['a directory named like a README', {}, { 'README.md/x': 'a', 'readme.txt': 'b' }, {}],
    [
      'authors',
      {},
      { AUTHORS: '# All\nA <a@b.c>\r\n\nB\n' },
      { contributors: [{ name: 'A', email: 'a@b.c' }, { name: 'B' }] },
    ],
    [
      'contributors, whatever AUTHORS says',
      { contributors: ['C'] },
      { AUTHORS: 'A' },
      { contributors: [{ name: 'C' }] },
    ],
    ['something to build', {}, { 'binding.gyp': '' }, { scripts: { install: 'node-gyp rebuild' }, gypfile: true }],
    [
      'something to build, with a script of its own',
      { scripts: { preinstall: 'x' } },
      { 'binding.gyp': '' },
      { scripts: { preinstall: 'x' } },
    ],
    ['a server, as npm 12', { scripts: { test: 'x' } }, { 'server.js': '' }, { scripts: { test: 'x' } }],
    [
      'types beside main',
      { main: './dist/lib.cjs' },
      { 'dist/lib.d.ts': '' },
      { main: './dist/lib.cjs', types: './dist/lib.d.ts' },
    ],
    ['types beside index.js', {}, { 'index.d.ts': '' }, { types: './index.d.ts' }],
    ['no types if main is outside', { main: '../lib.js' }, { 'lib.d.ts': '' }, { main: '../lib.js' }],
    [
      'a directory of programs',
      { directories: { bin: './bin' } },
      { 'bin/a': '', 'bin/b.js': '', 'bin/.c': '' },
      { directories: { bin: './bin' }, bin: { a: 'bin/a', 'b.js': 'bin/b.js' } },
    ],
    [
      'a directory of manual pages',
      { directories: { man: 'man' } },
      { 'man/a.1': '', 'man/b.md': '', 'man/de/a.1': '' },
      { directories: { man: 'man' }, man: ['man/a.1', 'man/de/a.1'] },
    ],
  ])('%s', (_, given, files, expected) => {
    expect(prepare(given, files)).toEqual({ ...untouched, ...expected });
  });
});
