import { expect, it } from '@jest/globals';
import { readSlug } from '../../pipe/settings/slug.ts';
import { Problems } from '../../pipe/toolkit/problems.ts';
import { problemMap } from '../toolkit/problem-map.ts';

const uuid = '{12345678-1234-1234-1234-123456789abc}';

function read(WORKSPACE: string | undefined, allowsUuid = false): unknown {
  const problems = new Problems();
  const slug = readSlug({}, { WORKSPACE, REPOSITORY: undefined }, 'WORKSPACE', { allowsUuid }, problems);
  return slug ?? problemMap(problems);
}

it('accepts a slug, and a UUID if allowed', () => {
  expect(read('acme')).toBe('acme');
  expect(read(uuid, true)).toBe(uuid);
});

it.each([
  [undefined, 'required field, because BITBUCKET_WORKSPACE is not set (Pipelines sets it)'],
  ['acme/app', '"acme/app" is not a valid workspace slug: set WORKSPACE to acme and REPOSITORY to app'],
  [
    '..',
    '".." is not a valid workspace slug: copy it from the address bar, https://bitbucket.org/<WORKSPACE>/<REPOSITORY>',
  ],
  [
    uuid,
    `"${uuid}" is not a valid workspace slug: copy it from the address bar, https://bitbucket.org/<WORKSPACE>/<REPOSITORY>`,
  ],
])('refuses %s', (slug, problem) => {
  expect(read(slug)).toEqual({ WORKSPACE: [problem] });
});
