import { describe, expect, it } from '@jest/globals';
import type { PublishedVersion } from '../../../pipe/destinations/npm/client.ts';
import { describeContent, higherVersion, isSameContent } from '../../../pipe/destinations/npm/compare.ts';

const version = (given: Partial<PublishedVersion> = {}): PublishedVersion => ({
  integrity: undefined,
  shasum: undefined,
  tarball: undefined,
  isDeprecated: false,
  ...given,
});
const ours = { integrity: 'sha512-AAA==', shasum: 'abc' };

describe('content', () => {
  it.each([
    [{ integrity: 'sha512-AAA==' }, true],
    [{ integrity: 'sha1-x sha512-AAA==?opt' }, true],
    [{ integrity: 'sha512-BBB==', shasum: 'abc' }, false],
    [{ integrity: 'sha1-x', shasum: 'ABC' }, true],
    [{ shasum: 'def' }, false],
    [{}, undefined],
  ])('%j is the same: %s', (given, expected) => {
    expect(isSameContent(version(given), ours)).toBe(expected);
  });

  it('is described by the hash that the registry gives', () => {
    expect([{ integrity: 'sha512-x' }, { shasum: 'a' }, {}].map((given) => describeContent(version(given)))).toEqual([
      'sha512-x',
      'sha1 a',
      'unknown content',
    ]);
  });
});

describe('the highest published version that is not lower', () => {
  const among = (...versions: readonly string[]) => ({
    versions: new Map(versions.map((each) => [each.replace('!', ''), version({ isDeprecated: each.endsWith('!') })])),
    tags: new Map<string, string>(),
  });

  it.each([
    ['1.0.0', [], undefined],
    ['1.0.0', ['0.9.0', '0.10.0'], undefined],
    ['1.9.0', ['1.10.0', '1.2.0'], '1.10.0'],
    ['1.0.0', ['2.0.0-beta'], undefined],
    ['1.0.0', ['2.0.0!'], undefined],
    ['1.0.0', ['not a version'], undefined],
    ['1.0.0', ['1.0.0'], '1.0.0'],
  ])('than %s, among %j: %s', (own, others, expected) => {
    expect(higherVersion(among(...others), own)).toBe(expected);
  });

  // https://semver.org/spec/v2.0.0.html, sections 11.2 to 11.4.
  it('follows the order of Semantic Versioning', () => {
    const order = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
    ];
    for (const prerelease of order) expect(higherVersion(among('1.0.0'), prerelease)).toBe('1.0.0');
    for (const [low, high] of [
      ['1.0.0', '2.0.0'],
      ['2.0.0', '2.1.0'],
      ['2.1.0', '2.1.1'],
      ['2.9.0', '2.10.0'],
    ] as const) {
      expect(higherVersion(among(high), low)).toBe(high);
      expect(higherVersion(among(low), high)).toBeUndefined();
    }
  });
});
