import { describe, expect, it } from '@jest/globals';
import { canonicalVersion, isSameVersion, normalVersion } from '../../../pipe/destinations/pypi/version.ts';

// Those of PEP 440, and what packaging.version.Version makes of them.
describe('the normal form of', () => {
  it.each([
    ['1.0', '1.0'],
    ['v1.0.0', '1.0.0'],
    [' 1.0 ', '1.0'],
    ['001.02', '1.2'],
    ['2004b', '2004b0'],
    ['1.0-Alpha_1', '1.0a1'],
    ['1.0.beta2', '1.0b2'],
    ['1.0c3', '1.0rc3'],
    ['1.0preview4', '1.0rc4'],
    ['1.0pre', '1.0rc0'],
    ['1.0-1', '1.0.post1'],
    ['1.0.rev2', '1.0.post2'],
    ['1.0r', '1.0.post0'],
    ['1.0post', '1.0.post0'],
    ['1.0dev', '1.0.dev0'],
    ['1.0rc1.post2.dev3', '1.0rc1.post2.dev3'],
    ['1!2.0', '1!2.0'],
    ['0!2.0', '2.0'],
    ['1.0+Ubuntu-1_02', '1.0+ubuntu.1.2'],
    ['1.0+cu118', '1.0+cu118'],
    ['20260101123456789012345', '20260101123456789012345'],
  ])('%j is %j', (text, normal) => {
    expect(normalVersion(text)).toBe(normal);
  });
});

it.each([
  '',
  'a',
  '1.0-',
  '1.0.x',
  '1.0+',
  '1.0+a..b',
  '1.0 beta',
  '1..0',
  '1.0a1b2',
  'latest',
  `1${'.0'.repeat(300)}`,
])('%j is not valid', (text) => {
  expect([normalVersion(text), canonicalVersion(text)]).toEqual([undefined, undefined]);
});

it.each([
  ['1.0', '1', true],
  ['1.0.0', '1.0', true],
  ['0', '0.0', true],
  ['1.0a1', '1.0.alpha.01', true],
  ['1.0', '1.0.post0', false],
  ['1.0', '1.0.dev0', false],
  ['1.0+a', '1.0', false],
  ['1!1.0', '1.0', false],
  ['1.10', '1.1', false],
  ['x', 'x', false],
])('%s and %s are the same version: %s', (one, other, expected) => {
  expect([isSameVersion(one, other), isSameVersion(other, one)]).toEqual([expected, expected]);
});
