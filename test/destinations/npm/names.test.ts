import { describe, expect, it } from '@jest/globals';
import validRange from 'semver/ranges/valid.js';
import { distTagProblem, isPackageName, packagePath } from '../../../pipe/destinations/npm/names.ts';

describe('package names', () => {
  it.each(['lib', '@acme/lib', 'a', 'lib.js', 'lib-2_x', 'CamelCase', '@a/_b', '@acme/Lib', "lib'", 'x'.repeat(214)])(
    '%s is valid',
    (name) => expect(isPackageName(name)).toBe(true),
  );

  it.each([
    '',
    ' lib',
    'my lib',
    '.lib',
    '_lib',
    '-lib',
    '..',
    '@/lib',
    '@acme/',
    '@acme/.lib',
    '@a/b/c',
    'a/b',
    'lib%2f',
    'node_modules',
    'Favicon.ico',
    'lib?',
    'lib#1',
    'lib\u0000',
    'lib\uD800',
    'ü',
    'x'.repeat(215),
  ])('%j is not valid', (name) => expect(isPackageName(name)).toBe(false));

  it('keep the slash of a scope out of the path segments', () => {
    expect([packagePath('lib'), packagePath('@acme/lib')]).toEqual(['lib', '@acme%2flib']);
  });
});

describe('dist-tags', () => {
  it('are refused if npm would read them as versions, and only then', () => {
    const parts = [
      '',
      '~',
      'v',
      '1',
      '0',
      '01',
      'x',
      'X',
      '*',
      '.',
      '1.2',
      '-',
      'beta',
      '.0',
      '-01',
      '-rc.1',
      'latest',
    ];
    const tags = new Set(
      parts.flatMap((a) => parts.flatMap((b) => parts.flatMap((c) => parts.map((d) => a + b + c + d)))),
    );
    tags.delete('');
    const refused = [...tags].filter((tag) => distTagProblem(tag) !== undefined);
    expect(refused.filter((tag) => validRange(tag) === null)).toEqual([]);
    expect(refused.length).toBeGreaterThan(100);
    const usual = ['1', 'v1', '~1', '1.2', '1.x', '1.2.3', 'v1.2.3-rc.1', 'x', '*', '1.2.x'];
    expect(usual.filter((tag) => distTagProblem(tag) === undefined)).toEqual([]);
  });

  it.each(['', ' ', 'a b', 'a/b', 'ü', 'a\n', '@next', 'x\uD800'])('cannot be %j', (tag) => {
    expect(distTagProblem(tag)).toContain('is not a valid dist-tag: use letters');
  });
});
