import { expect, it } from '@jest/globals';
import { explain } from '../../../pipe/destinations/advice.ts';
import type { MavenFacts } from '../../../pipe/destinations/maven/advice.ts';
import { maven } from '../../../pipe/destinations/maven/destination.ts';
import type { MavenSettings } from '../../../pipe/destinations/maven/settings.ts';
import { VersionConflictError } from '../../../pipe/destinations/maven/stored-files.ts';
import { HttpError, type Refusal } from '../../../pipe/errors.ts';

function refused(status: number, given: Partial<Refusal> = {}): HttpError {
  return new HttpError({
    method: 'PUT',
    url: 'https://nexus.example/releases/x',
    status,
    reason: 'No',
    codes: [],
    details: [],
    requiredScopes: [],
    grantedScopes: [],
    ...given,
  });
}

const elsewhere = {
  registry: new URL('https://nexus.example/releases/'),
  account: { tokenKind: 'other', scheme: 'Basic', username: 'ci', password: 'x' },
  timeoutMs: 120_000,
} as const;
const bitbucket = {
  ...elsewhere,
  registry: new URL('https://maven.apkg.io/acme/'),
  account: { ...elsewhere.account, tokenKind: 'api-token' },
} as const;
const bearer = { tokenKind: 'other', scheme: 'Bearer', token: 'x' } as const;

it.each<[string, unknown, MavenFacts & Pick<MavenSettings, 'timeoutMs'>, RegExp]>([
  ['a version that is there', new VersionConflictError('m'), elsewhere, /^A released version is never replaced\./],
  ['409', refused(409), elsewhere, /another version, or as a SNAPSHOT\.$/],
  ['401 to nobody', refused(401), { ...elsewhere, account: undefined }, /^The repository asks for credentials/],
  ['401 to a token alone', refused(401), { ...elsewhere, account: bearer }, /^TOKEN was sent alone/],
  ['401 to an API token', refused(401), bitbucket, /^Check that USERNAME is the email .* read:package:bitbucket/],
  ['401', refused(401), elsewhere, /^The repository does not accept this USERNAME and TOKEN/],
  ['403', refused(403), bitbucket, /may not do this in https:\/\/maven\.apkg\.io\/acme\/\. .*write:package:bitbucket/],
  ['404 of Bitbucket', refused(404), bitbucket, /^The package does not exist, .* Create > Package\.$/],
  [
    '404 without a workspace',
    refused(404),
    { ...bitbucket, registry: new URL('https://maven.apkg.io/') },
    /^REGISTRY lacks the workspace/,
  ],
  ['NAME_UNKNOWN', refused(400, { codes: ['NAME_UNKNOWN'] }), bitbucket, /^The package does not exist/],
  ['404 elsewhere', refused(404), elsewhere, /^There is no Maven repository at https:\/\/nexus\.example\/releases\//],
  ['405', refused(405), elsewhere, /does not accept uploads: is it a group or a proxy .* must be a hosted repository/],
  ['400', refused(400), elsewhere, /either releases or SNAPSHOTs/],
  ['413', refused(413), elsewhere, /refuses files of this size/],
  ['429', refused(429), elsewhere, /limits the rate of requests/],
  [
    'a redirect',
    refused(301, { location: 'https://moved/' }),
    elsewhere,
    /moved to https:\/\/moved\/: change REGISTRY/,
  ],
  ['500 of Bitbucket', refused(500), bitbucket, /bitbucket\.status\.atlassian\.com/],
])('advises on %s', (_, error, given, expected) => {
  expect(explain(error, maven, given as MavenSettings)).toMatch(expected);
});
