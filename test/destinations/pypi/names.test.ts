import { describe, expect, it } from '@jest/globals';
import {
  canonicalName,
  isProjectName,
  isSameRelease,
  readFileName,
  readingsOf,
  sdistStem,
} from '../../../pipe/destinations/pypi/names.ts';

it.each([
  ['Acme.Lib', 'acme-lib'],
  ['acme__lib', 'acme-lib'],
  ['acme-._lib', 'acme-lib'],
])('%s is %s in an index', (name, canonical) => {
  expect(canonicalName(name)).toBe(canonical);
});

it.each([
  ['a', true],
  ['Acme.Lib_2-x', true],
  ['', false],
  ['-a', false],
  ['a.', false],
  ['a b', false],
  ['bücher', false],
])('a project may be called %j: %s', (name, expected) => {
  expect(isProjectName(name)).toBe(expected);
});

describe('the name of a file', () => {
  it.each([
    ['six-1.17.0-py2.py3-none-any.whl', 'py2.py3', 'six', '1.17.0'],
    ['torch-2.0.0+cu118-1-cp311-cp311-linux_x86_64.whl', 'cp311', 'torch', '2.0.0+cu118'],
    ['zope.interface-7.2-cp311-cp311-manylinux_2_5_x86_64.manylinux1_x86_64.whl', 'cp311', 'zope.interface', '7.2'],
    ['a_b-1!2.0.dev1-py3-none-any.whl', 'py3', 'a_b', '1!2.0.dev1'],
  ])('%s', (file, pyversion, name, version) => {
    expect(readFileName(file)).toEqual({ filetype: 'bdist_wheel', pyversion, readings: [{ name, version }] });
  });

  it('of a source distribution may be read in several ways', () => {
    expect(readFileName('python-dateutil-2.8.0.tar.gz')).toMatchObject({
      filetype: 'sdist',
      pyversion: 'source',
      readings: [{ name: 'python-dateutil', version: '2.8.0' }],
    });
    expect(readFileName('lib-1-2.tar.gz')).toMatchObject({
      readings: [
        { name: 'lib', version: '1-2' },
        { name: 'lib-1', version: '2' },
      ],
    });
  });

  it.each([
    ['lib-1.0-py3-none.whl', /is not named as a wheel, name-version\[-build\]-python-abi-platform\.whl \(PEP 427\)/],
    ['lib-1.0-a-b-py3-none-any.whl', /is not named as a wheel/],
    ['lib-latest-py3-none-any.whl', /has the version "latest", which is not valid \(PEP 440/],
    ['li__b-1.0-py3-none-any.whl', /begins with "li__b", which is not a valid name/],
    ['lib-1.0-x1-py3-none-any.whl', /has the build number "x1", which must begin with a digit/],
    ['lib-1.0-py3-no ne-any.whl', /has a tag that is not valid/],
    ['lib.tar.gz', /is not named as a source distribution/],
    ['lib-latest.tar.gz', /is not named as a source distribution/],
    ['lib-1.0.zip', /is a ZIP archive, which indexes no longer accept/],
    ['lib-1.0.tgz', /is not compressed as a \.tar\.gz, .*: build a \.tar\.gz with python -m build --sdist/],
    ['lib-1.0.tar.bz2', /is not compressed as a \.tar\.gz, .*remove "formats" from \[sdist\] in setup\.cfg/],
    ['lib-1.0.tar.Z', /is not compressed as a \.tar\.gz/],
    ['lib-1.0-py3.11.egg', /is an egg, which indexes no longer accept: build a wheel/],
    ['lib-1.0.exe', /is not a Python package: FILENAME takes wheels/],
    ['lib-1.0.tar.gz.asc', /is not a Python package/],
  ])('%s is refused', (file, problem) => {
    expect(readFileName(file)).toEqual(expect.stringMatching(problem));
  });
});

it.each([
  [{ name: 'Acme_Lib', version: '1.0' }, { name: 'acme-lib', version: '1.0.0' }, true],
  [{ name: 'lib', version: '1.0_post1' }, { name: 'lib', version: '1.0-1' }, true],
  [{ name: 'lib', version: '1.0+local_1' }, { name: 'lib', version: '1.0+local.1' }, true],
  [{ name: 'lib', version: '1.0' }, { name: 'lib', version: '1.1' }, false],
  [{ name: 'lib', version: '1.0' }, { name: 'lib2', version: '1.0' }, false],
])('%j and %j are the same release: %s', (reading, release, expected) => {
  expect(isSameRelease(reading, release)).toBe(expected);
});

it('a source distribution is named by PEP 625', () => {
  expect(sdistStem({ name: 'Zope.Interface', version: '1.0-beta1' })).toBe('zope_interface-1.0b1');
});

it('a name that is longer than any file can have is not divided', () => {
  expect(readingsOf(`${'a-'.repeat(50_000)}1.0`)).toEqual([]);
});
