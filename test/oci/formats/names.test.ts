import { expect, it } from '@jest/globals';
import type { Platform } from '../../../pipe/oci/image.ts';
import { fullName, isNamed } from '../../../pipe/oci/formats/names.ts';
import { formatPlatform, isMatchingPlatform, isSamePlatform, parsePlatform } from '../../../pipe/oci/platforms.ts';

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
])('the full name of %s is %s', (name, full) => {
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
  // Podman and Buildah.
  [['localhost/app:1'], 'app:1', true],
  [['localhost/team/app:1'], 'team/app:1', true],
  [['localhost/app:1'], 'reg.io/app:1', false],
  [['localhost:5000/app:1'], 'app:1', false],
])('an image named %j matches %s: %s', (names, wanted, expected) => {
  expect(isNamed(names, wanted)).toBe(expected);
});

it('parses, formats and matches platforms', () => {
  expect(parsePlatform('linux/x86_64')).toEqual({ os: 'linux', architecture: 'amd64' });
  expect(parsePlatform('linux/x86-64')).toEqual({ os: 'linux', architecture: 'amd64' });
  expect(parsePlatform('linux/armhf')).toEqual({ os: 'linux', architecture: 'arm', variant: 'v7' });
  expect(formatPlatform(parsePlatform('linux/arm/v6'))).toBe('linux/arm/v6');
  const arm = { os: 'linux', architecture: 'arm' };
  expect(isMatchingPlatform(arm, { ...arm, variant: 'v6' })).toBe(true);
  expect(isMatchingPlatform({ ...arm, variant: 'v6' }, arm)).toBe(false);
});

it.each([
  ['windows/amd64', true],
  ['windows(10.0.17763.1)/amd64', true],
  ['windows(10.0.17763)/amd64', true],
  ['windows(10.0.1776)/amd64', false],
  ['windows(10.0.20348)/amd64', false],
  ['windows(10.0.17763)/arm64', false],
])('%s matches Windows 10.0.17763.1 on amd64: %s', (wanted, expected) => {
  const available = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' };
  expect(isMatchingPlatform(parsePlatform(wanted), available)).toBe(expected);
});

const windows = { os: 'windows', architecture: 'amd64' };
const linux = (architecture: string, variant?: string): Platform => ({
  os: 'linux',
  architecture,
  ...(variant !== undefined && { variant }),
});

it.each<[boolean, Platform, Platform]>([
  [true, linux('arm'), linux('arm', 'v7')],
  [false, linux('arm'), linux('arm', 'v6')],
  [true, linux('arm', '7'), linux('arm', 'v7')],
  [true, linux('arm64'), linux('arm64', 'v8')],
  [true, linux('aarch64'), linux('arm64', 'v8')],
  [false, linux('arm64', 'v9'), linux('arm64')],
  [true, linux('amd64', 'v1'), linux('x86_64')],
  [false, linux('amd64', 'v3'), linux('amd64')],
  [true, linux('armhf'), linux('arm', 'v7')],
  [false, linux('amd64'), { os: 'freebsd', architecture: 'amd64' }],
  [true, windows, { ...windows, 'os.version': '10.0.17763.1' }],
  [true, { ...windows, 'os.version': '10.0.17763.1' }, { ...windows, 'os.version': '10.0.17763.1' }],
  [false, { ...windows, 'os.version': '10.0.17763.1' }, { ...windows, 'os.version': '10.0.20348.2' }],
])('%j: %j and %j are the same platform', (expected, one, other) => {
  expect(isSamePlatform(one, other)).toBe(expected);
  expect(isSamePlatform(other, one)).toBe(expected);
});

it('formats the OS version of a platform, if known', () => {
  expect(formatPlatform({ ...windows, 'os.version': '10.0.17763.1' })).toBe('windows(10.0.17763.1)/amd64');
});
