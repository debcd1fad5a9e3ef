import { expect, it } from '@jest/globals';
import { isSameIdentity } from '../../../pipe/destinations/octopus/compare.ts';
import type { PlannedPackage } from '../../../pipe/destinations/octopus/plan.ts';

it.each([
  ['Acme.Web', '1.0.0', true],
  ['acme.web', '1.0.0', true],
  ['Acme.Web', undefined, true],
  ['Acme.Web', '1.0', true],
  ['Acme.Web', '01.0.0.0', true],
  ['Acme.Web', '1.0.0+build.7', true],
  ['Acme.Web', '1.0.1', false],
  ['Acme.Web', '10', false],
  ['Acme.Web', '1.0.0-rc.1', false],
  ['Acme', '1.0.0', false],
])('%s %s is the package that was sent as Acme.Web 1.0.0: %s', (id, version, isSame) => {
  const planned = { identity: { id: 'Acme.Web', version: '1.0.0' } } as PlannedPackage;
  expect(isSameIdentity({ id, version, size: undefined, sha1: undefined }, planned)).toBe(isSame);
});
