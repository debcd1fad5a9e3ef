import { expect, it } from '@jest/globals';
import { fullName, isNamed } from '../../pipe/image/formats/names.ts';
import {
  formatPlatform,
  isMatchingPlatform,
  isSamePlatform,
  parsePlatform,
} from '../../pipe/image/formats/platforms.ts';

it.each([
  ['app', 'docker.io/library/app:latest'],
  ['app:1', 'docker.io/library/app:1'],
  ['team/app', 'docker.io/team/app:latest'],
  ['docker.io/app', 'docker.io/library/app:latest'],
  ['index.docker.io/team/app:1', 'docker.io/team/app:1'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['reg.io/a/b/c:v1.2', 'reg.io/a/b/c:v1.2'],
  ['app@sha256:00', 'docker.io/library/app@sha256:00'],
  ['app:1@sha256:00', 'docker.io/library/app:1@sha256:00'],
])('%s in full', (name, full) => {
  expect(fullName(name)).toBe(full);
});

it.each<[readonly string[], string, boolean]>([
  [['docker.io/library/app:latest', 'latest'], 'app', true],
  [['docker.io/library/app:1', '1'], 'other:1', false],
  [['1'], 'other:1', true],
  [['1'], '1', true],
  [['latest'], 'other', true],
  [['2'], 'other:1', false],
  [['app'], 'app:latest', true],
  [[], 'app', false],
])('%j for %s', (names, wanted, expected) => {
  expect(isNamed(names, wanted)).toBe(expected);
});

it('platforms', () => {
  expect(parsePlatform('linux/x86_64')).toEqual({ os: 'linux', architecture: 'amd64' });
  expect(parsePlatform('linux/armhf')).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7' });
  expect(formatPlatform(parsePlatform('linux/arm/v6'))).toBe('linux/arm/v6');
  const arm = { os: 'linux', architecture: 'arm' };
  expect(isSamePlatform(arm, { ...arm, variant: 'v7' })).toBe(true);
  expect(isSamePlatform(arm, { ...arm, variant: 'v6' })).toBe(false);
  expect(isMatchingPlatform(arm, { ...arm, variant: 'v6' })).toBe(true);
  expect(isMatchingPlatform({ ...arm, variant: 'v6' }, arm)).toBe(false);
});
