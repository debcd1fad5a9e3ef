import { expect, it } from '@jest/globals';
import { isBitbucketPackages } from '../../pipe/settings/bitbucket-packages.ts';

it.each([
  ['https://crg.apkg.io', true],
  ['https://npm.apkg.io/acme/', true],
  ['https://apkg.io', true],
  ['https://apkg.io.example', false],
  ['https://notapkg.io', false],
  ['https://registry.example/npm.apkg.io/', false],
])('%s: %s', (url, expected) => {
  expect(isBitbucketPackages(new URL(url))).toBe(expected);
});
