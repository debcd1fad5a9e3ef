import { expect, it } from '@jest/globals';
import { explain } from '../../../pipe/destinations/advice.ts';
import type { MavenFacts } from '../../../pipe/destinations/maven/advice.ts';
import { maven } from '../../../pipe/destinations/maven/destination.ts';
import type { MavenSettings } from '../../../pipe/destinations/maven/settings.ts';
import { VersionConflictError } from '../../../pipe/destinations/maven/stored-files.ts';
import { VerificationError } from '../../../pipe/errors.ts';
import { refused } from '../refused.ts';

const otherServer = {
  registry: new URL('https://nexus.example/releases/'),
  account: { tokenKind: 'other', scheme: 'Basic', username: 'ci', password: 'x' },
  timeoutMs: 120_000,
} as const;
const bitbucket = {
  ...otherServer,
  registry: new URL('https://maven.apkg.io/acme/'),
  account: { ...otherServer.account, tokenKind: 'api-token' },
} as const;
const bearer = { tokenKind: 'other', scheme: 'Bearer', token: 'x' } as const;

it.each<[string, unknown, Omit<MavenFacts, 'isBitbucket'> & Pick<MavenSettings, 'timeoutMs'>, RegExp]>([
  [
    'a version that is already published',
    new VersionConflictError('m'),
    otherServer,
    /^A released version is never replaced\./,
  ],
  ['409', refused(409), otherServer, /^The repository's reason is above\. Many repositories accept only releases/],
  ['412', refused(412), otherServer, /^The repository's reason is above\. Many repositories accept only releases/],
  [
    '409 for a checksum',
    refused(409, { url: 'https://nexus.example/releases/com/acme/app/1.0/app-1.0.jar.sha1' }),
    otherServer,
    /^The file it belongs to is stored\. .* run the step again/,
  ],
  [
    '400 for a checksum',
    refused(400, { url: 'https://nexus.example/releases/com/acme/app/1.0/app-1.0.jar.sha1' }),
    otherServer,
    /^The file it belongs to is stored\. .* run the step again/,
  ],
  [
    '409 for metadata',
    refused(409, { url: 'https://nexus.example/releases/com/acme/app/maven-metadata.xml?x=1' }),
    otherServer,
    /^The file it belongs to is stored\. .* run the step again/,
  ],
  [
    'metadata that others replace each time',
    new VerificationError('m'),
    otherServer,
    /^Every file is stored, but other publishers kept replacing maven-metadata\.xml/,
  ],
  [
    '401 without credentials',
    refused(401),
    { ...otherServer, account: undefined },
    /^The repository asks for credentials/,
  ],
  [
    '401 for a token without a user name',
    refused(401),
    { ...otherServer, account: bearer },
    /^TOKEN was sent without a user/,
  ],
  ['401 for an API token', refused(401), bitbucket, /^Check that USERNAME is the email .* read:package:bitbucket/],
  [
    '401',
    refused(401),
    otherServer,
    /^The repository does not accept this USERNAME and TOKEN: check that they belong together/,
  ],
  ['403', refused(403), otherServer, /^The account may not do this in https:\/\/nexus\.example\/releases\/: /],
  [
    '403 from Bitbucket',
    refused(403),
    bitbucket,
    /lacks permission for this in https:\/\/maven\.apkg\.io\/acme\/\. .*write:package:bitbucket/,
  ],
  ['404 from Bitbucket', refused(404), bitbucket, /^The package does not exist, .* Create > Package\.$/],
  [
    '404 without a workspace',
    refused(404),
    { ...bitbucket, registry: new URL('https://maven.apkg.io/') },
    /^REGISTRY does not include the workspace/,
  ],
  ['NAME_UNKNOWN', refused(400, { codes: ['NAME_UNKNOWN'] }), bitbucket, /^The package does not exist/],
  [
    '404 from another server',
    refused(404),
    otherServer,
    /^There is no Maven repository at https:\/\/nexus\.example\/releases\//,
  ],
  [
    '405',
    refused(405),
    otherServer,
    /does not accept uploads: is it a group or a proxy .* must be a hosted repository/,
  ],
  ['400', refused(400), otherServer, /only releases or only SNAPSHOTs/],
  ['413', refused(413), otherServer, /refuses files of this size/],
  ['429', refused(429), otherServer, /limits the rate of requests/],
  [
    'a redirect',
    refused(301, { location: 'https://moved/' }),
    otherServer,
    /moved to https:\/\/moved\/: change REGISTRY/,
  ],
  ['500 from Bitbucket', refused(500), bitbucket, /bitbucket\.status\.atlassian\.com/],
])('gives advice for %s', (_, error, given, expected) => {
  expect(explain(error, maven, given as MavenSettings)).toMatch(expected);
});

it.each([401, 403, 404, 409])('%d from another server does not speak of Bitbucket', (status) => {
  expect(explain(refused(status), maven, otherServer as MavenSettings)).not.toMatch(/bitbucket|Create > Package/i);
});
