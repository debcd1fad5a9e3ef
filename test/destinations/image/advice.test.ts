import { expect, it } from '@jest/globals';
import { type HttpError, type Refusal, UnexpectedAnswerError } from '../../../pipe/errors.ts';
import { explain } from '../../../pipe/destinations/advice.ts';
import { images } from '../../../pipe/destinations/image/destination.ts';
import type { ImageSettings } from '../../../pipe/destinations/image/settings.ts';
import { refused as refusedWith } from '../refused.ts';

const account = { tokenKind: 'other', scheme: 'Basic', username: 'x', password: 'x' } as const;
type Facts = Pick<ImageSettings, 'registry' | 'account'> & { readonly targets: readonly unknown[] };

const factsOf = (host: string): Facts => {
  const named = (repository: string, ...tags: readonly string[]): unknown => ({
    reference: { host, repository, tag: tags[0] },
    tags,
  });
  const targets = [named('acme/app', 'v1'), named('acme/web', 'v2', 'latest')];
  return { registry: new URL(`https://${host}/`), targets, account };
};
const bitbucket = factsOf('crg.apkg.io');
const other = factsOf('reg.example');
const stranger: Facts = { ...other, account: undefined };

const refused = (status: number, given: Partial<Refusal> = {}): HttpError =>
  refusedWith(status, { url: 'https://registry/v2/acme/app/manifests/v1', ...given });

const advice = (error: unknown, facts: Facts): string =>
  explain(error, images, { timeoutMs: 1, ...facts } as unknown as ImageSettings) ?? '';

const harborQuota = {
  codes: ['DENIED'],
  reason:
    'DENIED: adding 12.0 MiB of storage resource, which when updated to current usage will exceed the upper limit',
};

it.each<[string, unknown, RegExp, RegExp]>([
  [
    'an unknown name',
    refused(404, { codes: ['NAME_UNKNOWN'] }),
    /Create > Package/,
    /^reg\.example has no acme\/app, or does/,
  ],
  ['404', refused(404), /Create > Package/, /created before the first push; check IMAGE and REGISTRY/],
  [
    '401',
    refused(401),
    /scopes .* BITBUCKET_PACKAGES_TOKEN/,
    /^reg\.example does not accept this USERNAME and TOKEN: check/,
  ],
  [
    '403',
    refused(403),
    /needs the scopes .* its owner needs/,
    /^This account may not push to acme\/app on reg\.example/,
  ],
  [
    'an immutable tag',
    refused(412, { reason: 'it is immutable' }),
    /in the workspace's settings/,
    /in the registry's settings/,
  ],
  [
    "Nexus's 400",
    refused(400, { reason: 'Repository does not allow updating assets' }),
    /immutable/,
    /tag v1 already exists/,
  ],
  ['500', refused(500), /bitbucket\.status/, /^The problem is on the server's side\. It is safe/],
])('on %s, the advice about Bitbucket is for its own registry only', (_, error, forBitbucket, forOther) => {
  expect(advice(error, bitbucket)).toMatch(forBitbucket);
  expect(advice(error, other)).toMatch(forOther);
  expect(advice(error, other)).not.toMatch(/bitbucket|Create > Package|package:|atlassian/i);
});

it.each<[string, unknown, Facts, RegExp]>([
  ['a quota told as 403', refused(403, harborQuota), other, /^reg\.example has no room left for this image: delete/],
  ['a quota told as 413', refused(413, { reason: 'Your storage quota has been exceeded' }), other, /no room left/],
  ['403 without an account', refused(403), stranger, /does not allow anonymous pushes to acme\/app: set USERNAME/],
  ['401 without an account', refused(401), stranger, /^The registry asks for credentials: set USERNAME and TOKEN/],
  [
    'a name that is not accepted',
    refused(400, { codes: ['NAME_INVALID'] }),
    other,
    /write IMAGE as host\/project\/name:tag/,
  ],
  [
    'a redirect',
    refused(301, { location: 'https://new.example/v2/' }),
    other,
    /use the host of https:\/\/new\.example\/v2\/ in/,
  ],
  ['405', refused(405), other, /read-only, a mirror or proxy of another registry/],
  ['409', refused(409), other, /conflicts with what it has: if tag v1 must not change, publish under another one\./],
  ['412', refused(412), other, /conflicts with what it has: if tag v1 must not change, publish under another one\./],
  [
    '409 to a blob',
    refused(409, { url: 'https://registry/v2/acme/app/blobs/uploads/' }),
    other,
    /conflicts with what it has\. If another job is publishing to acme\/app,/,
  ],
  ['400', refused(400), other, /^The server's reason is above\. .* DEBUG/],
  ['413', refused(413), other, /refuses requests of this size/],
  ['415', refused(415), other, /does not support this kind of image\. Try gzip layers/],
  ['422', refused(422), other, /does not support this kind of image\. Try gzip layers/],
  ['429', refused(429), other, /limits the rate of requests/],
  [
    'a page',
    new UnexpectedAnswerError('m', { status: 200, isForeign: true }),
    other,
    /no sign-in page, proxy or gateway/,
  ],
])('advises on %s', (_, error, facts, expected) => {
  expect(advice(error, facts)).toMatch(expected);
});

it('is about the image and the tag that were refused', () => {
  const url = 'https://registry/v2/acme/web/manifests/latest';
  expect(advice(refused(403, { url }), other)).toMatch(/^This account may not push to acme\/web on/);
  expect(advice(refused(412, { url, reason: 'it is immutable' }), other)).toMatch(/^The tag latest already exists/);
});
