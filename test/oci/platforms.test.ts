import { expect, it } from '@jest/globals';
import { formatPlatform, isMatchingPlatform, isSamePlatform, parsePlatform } from '../../pipe/oci/platforms.ts';

it.each(['constructor', '__proto__', 'valueof', 'hasownproperty'])(
  'takes the architecture %s for just a name',
  (name) => {
    const platform = parsePlatform(`linux/${name}`);
    expect(formatPlatform(platform)).toBe(`linux/${name}`);
    expect(isSamePlatform(platform, { os: 'linux', architecture: 'amd64' })).toBe(false);
    expect(isMatchingPlatform(platform, { os: 'linux', architecture: name })).toBe(true);
    expect(isMatchingPlatform({ os: 'linux', architecture: 'amd64' }, platform)).toBe(false);
  },
);

it.each([
  ['linux/x86_64', 'linux/amd64', true],
  ['linux/armhf', 'linux/arm/v7', true],
  ['linux/arm64', 'linux/arm64/v8', true],
  ['linux/arm/7', 'linux/arm/v7', true],
  ['linux/arm/v6', 'linux/arm/v7', false],
])('%s and %s are the same: %p', (one, other, isSame) => {
  expect(isSamePlatform(parsePlatform(one), parsePlatform(other))).toBe(isSame);
});
