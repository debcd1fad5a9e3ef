import { describe, expect, it } from '@jest/globals';
import {
  coordinateProblems,
  encodeSegment,
  fileName,
  formatTimestamp,
  isClassifier,
  isSnapshot,
  timestampedVersion,
  versionDirectory,
} from '../../../pipe/destinations/maven/coordinates.ts';

const app = { groupId: 'com.acme', artifactId: 'app', version: '1.0' };

describe('coordinates', () => {
  it.each([
    {},
    { groupId: 'acme' },
    { groupId: 'com.acme-x.y_z', artifactId: 'a.b-c_d' },
    { version: '1.0+build.7' },
    { version: '1.0~rc1' },
    { version: '1.1-SNAPSHOT' },
    { version: '2024-01-01' },
  ])('are valid: %j', (given) => {
    expect(coordinateProblems({ ...app, ...given })).toEqual([]);
  });

  it.each<[Partial<typeof app>, RegExp]>([
    [{ groupId: 'com/acme' }, /^groupId "com\/acme" is not valid/],
    [{ groupId: 'com..acme' }, /^groupId "com\.\.acme" is not valid/],
    [{ groupId: '.acme' }, /^groupId/],
    [{ groupId: '' }, /^groupId/],
    [{ artifactId: '..' }, /^artifactId "\.\." is not valid/],
    [{ artifactId: 'a b' }, /^artifactId/],
    [{ artifactId: 'a%2f' }, /^artifactId/],
    [{ version: '../1' }, /^version "\.\.\/1" contains characters/],
    [{ version: '.' }, /^version/],
    [{ version: '[1,2)' }, /^version/],
    [{ version: '1\n' }, /^version "1\\n" contains characters/],
    [{ version: 'LATEST' }, /^version LATEST is reserved by Maven/],
    [{ version: '1.1-20261121.060929-2' }, /has the timestamp of a published SNAPSHOT: in a POM, write …-SNAPSHOT/],
  ])('are not valid: %j', (given, message) => {
    expect(coordinateProblems({ ...app, ...given })).toEqual([expect.stringMatching(message)]);
  });

  it('determine the directory and the file names', () => {
    expect(versionDirectory({ ...app, version: '1.0+x' })).toBe('com/acme/app/1.0+x/');
    expect(fileName('app', '1.0', { extension: 'tar.gz' })).toBe('app-1.0.tar.gz');
    expect(fileName('app', '1.0', { classifier: 'linux', extension: 'jar' })).toBe('app-1.0-linux.jar');
    expect(encodeSegment('a b%c+d~')).toBe('a%20b%25c+d~');
  });

  it('have a timestamp in UTC for a SNAPSHOT', () => {
    const date = new Date('2026-11-21T06:09:29.987Z');
    expect(formatTimestamp(date)).toBe('20261121.060929');
    expect(timestampedVersion({ ...app, version: '1.1-SNAPSHOT' }, formatTimestamp(date), 2)).toBe(
      '1.1-20261121.060929-2',
    );
    expect([isSnapshot(app), isSnapshot({ ...app, version: '1-SNAPSHOT' })]).toEqual([false, true]);
  });
});

it.each([
  ['linux-x86_64', true],
  ['jdk8', true],
  ['..', false],
  ['a/b', false],
  ['', false],
])('%j is a classifier: %s', (classifier, expected) => {
  expect(isClassifier(classifier)).toBe(expected);
});
