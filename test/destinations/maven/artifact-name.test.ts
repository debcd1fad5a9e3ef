import { expect, it } from '@jest/globals';
import { readArtifactName } from '../../../pipe/destinations/maven/artifact-name.ts';

const coordinates = { groupId: 'com.acme', artifactId: 'app', version: '1.0' };
const snapshot = { ...coordinates, version: '1.1-SNAPSHOT' };

it.each([
  ['app-1.0.jar', { extension: 'jar', isOtherVersion: false }],
  ['app-1.0-sources.jar', { classifier: 'sources', extension: 'jar', isOtherVersion: false }],
  ['app-1.0.tar.gz', { extension: 'tar.gz', isOtherVersion: false }],
  ['app-1.0.1.jar', { extension: 'jar', isOtherVersion: true }],
  ['app-1.01.jar', { extension: 'jar', isOtherVersion: true }],
  ['app-0.9.jar', { extension: 'jar', isOtherVersion: true }],
  ['app-0.9-javadoc.jar', { classifier: 'javadoc', extension: 'jar', isOtherVersion: true }],
  ['app.jar', { extension: 'jar', isOtherVersion: false }],
  ['app-sources.jar', { classifier: 'sources', extension: 'jar', isOtherVersion: false }],
  ['lib-2.0.jar', { extension: 'jar', isOtherVersion: false }],
  ['other.tar.gz.asc', { extension: 'tar.gz.asc', isOtherVersion: false }],
])('a release: %s', (name, expected) => {
  expect(readArtifactName(name, coordinates)).toEqual({ classifier: undefined, ...expected });
});

it.each([
  ['app-1.1-SNAPSHOT.jar', { extension: 'jar', isOtherVersion: false }],
  ['app-1.1-20260102.030405-6.jar', { extension: 'jar', isOtherVersion: false }],
  ['app-1.1-20260102.030405-6-sources.jar', { classifier: 'sources', extension: 'jar', isOtherVersion: false }],
  ['app-1.2-20260102.030405-6.jar', { extension: 'jar', isOtherVersion: true }],
  ['app-1.1-20260102.jar', { extension: 'jar', isOtherVersion: true }],
])('a SNAPSHOT: %s', (name, expected) => {
  expect(readArtifactName(name, snapshot)).toEqual({ classifier: undefined, ...expected });
});

it('a timestamp is that of no release', () => {
  expect(readArtifactName('app-1.0-20260102.030405-6.jar', coordinates)).toMatchObject({ isOtherVersion: false });
});

it('the classifier decides where the extension begins', () => {
  expect(readArtifactName('app-1.0-jdk1.8.jar', coordinates, 'jdk1.8')).toEqual({
    classifier: 'jdk1.8',
    extension: 'jar',
    isOtherVersion: false,
  });
});
