import { describe, expect, it } from '@jest/globals';
import { checkDependencies } from '../../../pipe/destinations/npm/check-dependencies.ts';

const check = (manifest: Record<string, unknown>): readonly string[] => checkDependencies(manifest, 'x.tgz');

describe('dependencies that only the own project can resolve', () => {
  it.each(['workspace:^', 'workspace:*', 'workspace:../a', 'catalog:', 'catalog:react'])('%s is an error', (range) => {
    for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies'])
      expect(() => check({ [kind]: { a: range }, bundleDependencies: ['a'] })).toThrow(
        `x.tgz: ${kind}.a is "${range}", which nothing can install outside of its workspace`,
      );
    expect(check({ devDependencies: { a: range } })).toEqual([]);
  });

  it.each(['file:../a', 'file:a.tgz', 'link:../a', 'portal:../a', './a', '../a', '/a', '~/a'])(
    '%s is a warning, unless it is bundled',
    (range) => {
      const dependencies = { a: range };
      expect(check({ dependencies })).toEqual([
        `x.tgz: dependencies.a is "${range}", which other machines cannot install from a registry`,
      ]);
      expect(check({ dependencies, bundleDependencies: ['a'] })).toEqual([]);
    },
  );

  it.each(['^1.0.0', '*', '', 'latest', 'npm:b@1', 'acme/lib', 'git+file:x', 'https://x.example/a.tgz', '~1.2', '.5'])(
    '%j is neither',
    (range) => expect(check({ dependencies: { a: range } })).toEqual([]),
  );

  it('of unexpected shapes are left to the registry', () => {
    expect(check({ dependencies: ['workspace:*'], peerDependencies: { a: 5 } })).toEqual([]);
  });

  it('are all named', () => {
    expect(() => check({ dependencies: { a: 'workspace:*', b: 'catalog:', c: '1' } })).toThrow(
      /dependencies\.a is .*\n.*dependencies\.b is /,
    );
  });
});
