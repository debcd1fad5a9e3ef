import { describe, expect, it } from '@jest/globals';
import {
  FileChangedError,
  HttpError,
  InputError,
  NetworkError,
  type Refusal,
  StalledError,
  StoppedError,
  VerificationError,
} from '../../pipe/errors.ts';
import { explain } from '../../pipe/destinations/advice.ts';
import { VersionConflictError } from '../../pipe/destinations/maven/version-conflict.ts';

type Facts = Extract<Parameters<typeof explain>[1], { readonly type: 'file' }>;

const facts: Facts = {
  type: 'file',
  workspace: 'acme',
  repository: 'app',
  tokenKind: 'other',
  scheme: 'Bearer',
  apiUrl: new URL('https://api.bitbucket.org/2.0'),
  timeoutMs: 120_000,
};
const withApiToken: Facts = { ...facts, tokenKind: 'api-token', scheme: 'Basic' };
const withAccessToken: Facts = { ...facts, tokenKind: 'access-token' };

function refused(status: number, given: Partial<Refusal> = {}): HttpError {
  return new HttpError({
    method: 'POST',
    url: 'https://api.bitbucket.org/2.0/x',
    status,
    reason: 'No',
    requiredScopes: [],
    grantedScopes: [],
    ...given,
  });
}
const unreachable = (code: string): NetworkError => new NetworkError('m', code);

describe('advises', () => {
  it.each<[string, unknown, Facts, RegExp]>([
    [
      '401 with an access token',
      refused(401),
      withAccessToken,
      /^The access token has expired or was revoked: create another/,
    ],
    [
      '401 with an API token',
      refused(401),
      withApiToken,
      /^Check that USERNAME is the email of the Atlassian account .*https:\/\/id\.atlassian\.com\/\S+api-tokens\.$/,
    ],
    [
      '401 with another token alone',
      refused(401),
      facts,
      /^TOKEN was sent as an access token, because USERNAME is not set\. If it is an API token, set USERNAME/,
    ],
    [
      '401 with another token and a user name',
      refused(401),
      { ...facts, scheme: 'Basic' },
      /^TOKEN was sent with USERNAME\. If it is an access token, leave USERNAME out/,
    ],
    [
      '403 without scopes',
      refused(403),
      facts,
      /may not write to acme\/app\..* scopes repository:write \(access token\), or write:repository:bitbucket/,
    ],
    ['403 with an access token', refused(403), withAccessToken, /needs the scopes repository:write\.$/],
    [
      '403 with an API token',
      refused(403),
      withApiToken,
      /needs the scopes write:repository:bitbucket and read:repository:bitbucket/,
    ],
    [
      '404',
      refused(404),
      facts,
      /^There is no repository acme\/app, or the token does not see it: check WORKSPACE and REPOSITORY/,
    ],
    ['413', refused(413), facts, /larger than Downloads take/],
    ['429', refused(429), facts, /about 1,000 requests an hour/],
    ['a redirect', refused(301, { location: 'https://moved/' }), facts, /moved to https:\/\/moved\/: set API_URL/],
    [
      '500 of Bitbucket',
      refused(500),
      facts,
      /^The trouble is on the server's side: see https:\/\/bitbucket\.status\.atlassian\.com\. It is safe/,
    ],
    [
      '503 of a gateway',
      refused(503),
      { ...facts, apiUrl: new URL('https://gateway/2.0') },
      /^The trouble is on the server's side\. It is safe/,
    ],
    ['an unknown host', unreachable('ENOTFOUND'), facts, /^Check API_URL or REGISTRY, and the network and proxy/],
    ['a name server that does not answer', unreachable('EAI_AGAIN'), facts, /^Check API_URL/],
    ['a reset', unreachable('ECONNRESET'), facts, /failed for longer than the retries last\. .*--retries N/],
    ['a stall', new StalledError('m'), facts, /needs more than 120 s to answer: --timeout SECONDS/],
    ['a changed file', new FileChangedError('m'), facts, /^Let whatever writes the file finish/],
    ['a verification', new VerificationError('m'), facts, /something else at the same time\? Run the step again/],
  ])('on %s', (_, error, given, advice) => {
    expect(explain(error, given)).toMatch(advice);
  });

  it.each(['PROXY_403', 'PROXY_407'])('on a proxy that refuses, %s', (code) => {
    expect(explain(unreachable(code), facts)).toMatch(/^The proxy lets nothing through: .*HTTPS_PROXY/);
  });

  it.each([
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ])('on the certificate error %s', (code) => {
    expect(explain(unreachable(code), facts)).toMatch(/certificate that this pipe does not trust.*NODE_EXTRA_CA_CERTS/);
  });

  it.each<[string, Partial<Refusal>, Facts, string]>([
    [
      'an API token',
      { requiredScopes: ['write:repository:bitbucket'], grantedScopes: ['read:repository:bitbucket', 'read:me'] },
      withApiToken,
      'The token lacks the scope write:repository:bitbucket, and has read:repository:bitbucket, read:me. Scopes cannot be added later: create a token with write:repository:bitbucket and read:repository:bitbucket (reading is not part of writing).',
    ],
    [
      'an access token, of which nothing is known',
      { requiredScopes: ['repository:write'] },
      withAccessToken,
      'The token lacks the scope repository:write. Scopes cannot be added later: create a token with repository:write.',
    ],
    [
      'a token with a part of them',
      { requiredScopes: ['a', 'b'], grantedScopes: ['a'] },
      withAccessToken,
      'The token lacks the scope b, and has a. Scopes cannot be added later: create a token with repository:write.',
    ],
    [
      'a token that seems to have them all',
      { requiredScopes: ['a'], grantedScopes: ['a'] },
      withAccessToken,
      'The token lacks the scope a, and has a. Scopes cannot be added later: create a token with repository:write.',
    ],
  ])('on missing scopes, which it names, of %s', (_, given, facts, advice) => {
    expect(explain(refused(403, given), facts)).toBe(advice);
  });
});

describe('leaves to its message', () => {
  it.each<[string, unknown]>([
    ['wrong input', new InputError('m')],
    ['a signal', new StoppedError('SIGTERM')],
    ['400', refused(400)],
    ['a redirect to nowhere', refused(302)],
    ['an unexpected error', new TypeError('m')],
    ['what is no error', undefined],
  ])('%s', (_, error) => {
    expect(explain(error, facts)).toBeUndefined();
  });
});

describe('of Maven repositories', () => {
  const maven = {
    type: 'maven',
    registry: new URL('https://nexus.example/releases/'),
    account: { username: 'ci', password: 'x' },
    tokenKind: 'other',
    timeoutMs: 120_000,
  } as const;
  const bitbucket = { ...maven, registry: new URL('https://maven.apkg.io/acme/'), tokenKind: 'api-token' } as const;

  it.each<[string, unknown, Parameters<typeof explain>[1], RegExp]>([
    ['a version that is there', new VersionConflictError('m'), maven, /^A released version is never replaced\./],
    ['409', refused(409), maven, /another version, or as a SNAPSHOT\.$/],
    ['401 to nobody', refused(401), { ...maven, account: undefined }, /^The repository asks for credentials/],
    ['401 to a token alone', refused(401), { ...maven, account: undefined, bearer: 'x' }, /^TOKEN was sent alone/],
    ['401 to an API token', refused(401), bitbucket, /^Check that USERNAME is the email .* read:package:bitbucket/],
    ['401', refused(401), maven, /^The repository does not take this USERNAME and TOKEN/],
    [
      '403',
      refused(403),
      bitbucket,
      /may not do this in https:\/\/maven\.apkg\.io\/acme\/\. .*write:package:bitbucket/,
    ],
    ['404 of Bitbucket', refused(404), bitbucket, /^The package does not exist, .* Create > Package\.$/],
    [
      '404 without a workspace',
      refused(404),
      { ...bitbucket, registry: new URL('https://maven.apkg.io/') },
      /^REGISTRY has no workspace/,
    ],
    ['NAME_UNKNOWN', refused(400, { reason: 'NAME_UNKNOWN: x' }), bitbucket, /^The package does not exist/],
    ['404 elsewhere', refused(404), maven, /^There is no Maven repository at https:\/\/nexus\.example\/releases\//],
    ['405', refused(405), maven, /takes no uploads: is it a group or a proxy .* must be the hosted one/],
    ['400', refused(400), maven, /either releases or SNAPSHOTs/],
    ['413', refused(413), maven, /takes no file of that size/],
    ['429', refused(429), maven, /limits how often it may be asked/],
    ['a redirect', refused(301, { location: 'https://moved/' }), maven, /moved to https:\/\/moved\/: set REGISTRY/],
    ['500 of Bitbucket', refused(500), bitbucket, /bitbucket\.status\.atlassian\.com/],
  ])('advises on %s', (_, error, given, advice) => {
    expect(explain(error, given)).toMatch(advice);
  });
});
