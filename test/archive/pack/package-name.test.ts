import { expect, it } from '@jest/globals';
import { packFormatOf } from '../../../pipe/archive/pack/format.ts';
import { isPackageId, isPackageVersion, parsePackageName } from '../../../pipe/archive/pack/package-name.ts';

it.each([
  ['app.1.0.0.zip', 'app', '1.0.0'],
  ['Acme.Web.1.0.0.42.nupkg', 'Acme.Web', '1.0.0.42'],
  ['app.1.0.0-beta.2+build.7.tar.gz', 'app', '1.0.0-beta.2+build.7'],
  // The version begins at the first possible dot.
  ['pterm-0.12.42.zip', 'pterm-0', '12.42'],
  ['x.1.0-x64.msi.zip', 'x', '1.0-x64.msi'],
  ['app.7.zip', 'app', '7'],
  ['1.0.0.zip', '1', '0.0'],
  ['app.1.0.0.0.0.zip', 'app.1', '0.0.0.0'],
])('%s is a package', (name, id, version) => {
  expect(parsePackageName(name)).toEqual({ id, version });
});

it.each(['app.zip', 'app-1.zip', 'app.1.0-.zip', 'a b.1.0.zip', '.1.0.zip'])('%s is none', (name) => {
  expect(parsePackageName(name)).toBeUndefined();
});

it('does not take long to refuse a name that is made for it', () => {
  const startedAt = performance.now();
  for (const part of ['a_', 'a.', 'a-', '1.', '_', '1-'])
    expect(parsePackageName(`${part.repeat(5000)}!.zip`)).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

it('knows IDs and versions', () => {
  expect(['app', 'Acme.Web_1-x'].map(isPackageId)).toEqual([true, true]);
  expect(['', 'a b', 'a..b', '-a', 'x'.repeat(101)].map(isPackageId)).toEqual([false, false, false, false, false]);
  expect(['1', '1.0.0.42', '1.0-rc.1'].map(isPackageVersion)).toEqual([true, true, true]);
  expect(['v1', '1.0.0.0.0', '1.0-', '', '1.0 '].map(isPackageVersion)).toEqual([false, false, false, false, false]);
});

it('knows formats by endings', () => {
  expect(['a.zip', 'a.1.0.NuPkg', 'a.tar', 'a.tar.gz', 'a.TGZ'].map(packFormatOf)).toEqual([
    'zip',
    'nupkg',
    'tar',
    'tar.gz',
    'tar.gz',
  ]);
  expect(['a', 'zip', '.zip', 'a.rar', 'a.tar.bz2', 'a.constructor'].map(packFormatOf)).toEqual(
    Array(6).fill(undefined),
  );
});
