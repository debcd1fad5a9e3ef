import { describe, expect, it } from '@jest/globals';
import {
  FileChangedError,
  InputError,
  NetworkError,
  type Refusal,
  StalledError,
  StoppedError,
  VerificationError,
} from '../../pipe/errors.ts';
import { explain } from '../../pipe/destinations/advice.ts';
import type { FileFacts } from '../../pipe/destinations/downloads/advice.ts';
import { downloads } from '../../pipe/destinations/downloads/destination.ts';
import type { FileSettings } from '../../pipe/destinations/downloads/settings.ts';
import type { TokenKind } from '../../pipe/settings/token-kinds.ts';
import { refused } from './refused.ts';

type Facts = Omit<FileFacts, 'isBitbucket'> & Pick<FileSettings, 'apiUrl' | 'timeoutMs'>;

const facts: Facts = {
  workspace: 'acme',
  repository: 'app',
  account: { tokenKind: 'other', scheme: 'Bearer', token: 'x' },
  apiUrl: new URL('https://api.bitbucket.org/2.0'),
  timeoutMs: 120_000,
};
const atGateway: Facts = { ...facts, apiUrl: new URL('https://gateway/2.0') };
const withUserName = (tokenKind: TokenKind): Facts => ({
  ...facts,
  account: { tokenKind, scheme: 'Basic', username: 'x', password: 'x' },
});
const withApiToken = withUserName('api-token');
const withAccessToken: Facts = { ...facts, account: { ...facts.account, tokenKind: 'access-token' } };

function advice(error: unknown, given: Facts): string | undefined {
  return explain(error, downloads, given as FileSettings);
}

const unreachable = (code: string): NetworkError => new NetworkError('m', code);

describe('advises', () => {
  it.each<[string, unknown, Facts, RegExp]>([
    [
      'a file or a variable that is wrong',
      new InputError('m'),
      facts,
      /^Correct what is named above \(the file in FILENAME/,
    ],
    [
      '401 with an access token',
      refused(401),
      withAccessToken,
      /^The access token has expired or was revoked: create a new one/,
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
      withUserName('other'),
      /^TOKEN was sent with USERNAME\. If it is an access token, leave USERNAME out/,
    ],
    [
      '403 without scopes',
      refused(403),
      facts,
      /may not write to acme\/app\..* scopes write:repository:bitbucket .* for an API token, or repository:write for an access/,
    ],
    ['403 to a deletion', refused(403, { method: 'DELETE' }), withAccessToken, /may not delete downloads/],
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
      /^The repository acme\/app does not exist, or the token cannot see it: check WORKSPACE and REPOSITORY/,
    ],
    ['413', refused(413), facts, /larger than Downloads accepts/],
    ['413 of a gateway', refused(413), atGateway, /^The server at API_URL, or a gateway in front of it, refuses files/],
    ['429', refused(429), facts, /about 1,000 requests an hour/],
    ['429 of a gateway', refused(429), atGateway, /^The server at API_URL limits the rate of requests\. Wait/],
    ['405', refused(405), atGateway, /must be the base URL of Bitbucket's REST API/],
    ['a redirect', refused(301, { location: 'https://moved/' }), facts, /moved to https:\/\/moved\/: change API_URL/],
    [
      '500 from Bitbucket',
      refused(500),
      facts,
      /^The problem is on the server's side: see https:\/\/bitbucket\.status\.atlassian\.com\. It is safe/,
    ],
    ['503 of a gateway', refused(503), atGateway, /^The problem is on the server's side\. It is safe/],
    ['a success that is not accepted', refused(299), facts, /^Something other than the server may have answered/],
    ['an unknown host', unreachable('ENOTFOUND'), facts, /^Check the host name in API_URL, and the network and proxy/],
    ['a name server that does not answer', unreachable('EAI_AGAIN'), facts, /^Check the host name in API_URL/],
    [
      'a reset',
      unreachable('ECONNRESET'),
      facts,
      /closes the connection before the answer is complete\. Run the step again; raise --retries/,
    ],
    ['a stall', new StalledError('m'), facts, /needs more than 120 s to answer: raise --timeout/],
    ['a changed file', new FileChangedError('m'), facts, /^Let whatever writes the file finish/],
    ['a verification', new VerificationError('m'), facts, /the same name at the same time\? Run the step again/],
  ])('on %s', (_, error, given, expected) => {
    expect(advice(error, given)).toMatch(expected);
  });

  it.each(['PROXY_403', 'PROXY_407'])('on a proxy that refuses, %s', (code) => {
    expect(advice(unreachable(code), facts)).toMatch(/^The proxy .*HTTPS_PROXY.*NO_PROXY/);
  });

  it.each([
    'SELF_SIGNED_CERT_IN_CHAIN',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ])('on the certificate error %s', (code) => {
    expect(advice(unreachable(code), facts)).toMatch(
      /does not trust the certificate of the host that API_URL names\..*NODE_EXTRA_CA_CERTS/,
    );
  });

  it.each<[string, Partial<Refusal>, Facts, string]>([
    [
      'an API token',
      { requiredScopes: ['write:repository:bitbucket'], grantedScopes: ['read:repository:bitbucket', 'read:me'] },
      withApiToken,
      'The token lacks the scope write:repository:bitbucket; it has read:repository:bitbucket, read:me. Scopes cannot be added later: create a token with write:repository:bitbucket and read:repository:bitbucket (the write scope does not include reading), and store it as TOKEN.',
    ],
    [
      'an access token whose scopes are unknown',
      { requiredScopes: ['repository:write'] },
      withAccessToken,
      'The token lacks the scope repository:write. Scopes cannot be added later: create a token with repository:write, and store it as TOKEN.',
    ],
    [
      'a token with some of them',
      { requiredScopes: ['a', 'b'], grantedScopes: ['a'] },
      withAccessToken,
      'The token lacks the scope b; it has a. Scopes cannot be added later: create a token with repository:write, and store it as TOKEN.',
    ],
    [
      'a token that seems to have them all',
      { requiredScopes: ['a'], grantedScopes: ['a'] },
      withAccessToken,
      'The token lacks the scope a; it has a. Scopes cannot be added later: create a token with repository:write, and store it as TOKEN.',
    ],
  ])('on the scopes that are missing from %s, by name', (_, given, facts, expected) => {
    expect(advice(refused(403, given), facts)).toBe(expected);
  });
});

it.each([400, 412, 300, 302])('leads from a refusal with %d, without any hint, to the log', (status) => {
  expect(advice(refused(status), facts)).toMatch(/^The server's reason is above\. .* with DEBUG set to true/);
});

describe('adds nothing to the message of', () => {
  it.each<[string, unknown]>([
    ['a signal', new StoppedError('SIGTERM')],
    ['an unexpected error', new TypeError('m')],
    ['a thrown value that is not an error', undefined],
  ])('%s', (_, error) => {
    expect(advice(error, facts)).toBeUndefined();
  });
});
