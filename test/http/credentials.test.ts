import { describe, expect, it } from '@jest/globals';
import { authorizationFor, basicCredential, bearerCredential, credentialsFor } from '../../pipe/http/credentials.ts';

const origin = 'https://api.bitbucket.org';

it('encodes user and password, in UTF-8', () => {
  // The example of RFC 7617, section 2.1.
  expect(basicCredential(origin, 'test', '123£')).toEqual({ origin, authorization: 'Basic dGVzdDoxMjPCow==' });
});

it('sends a token unchanged', () => {
  expect(bearerCredential(origin, 'ATCT+/=')).toEqual({ origin, authorization: 'Bearer ATCT+/=' });
});

it('binds a login to the origin of a URL', () => {
  const url = new URL(`${origin}/2.0`);
  expect(credentialsFor(url, { scheme: 'Basic', username: 'a', password: 'b' })).toEqual([
    basicCredential(origin, 'a', 'b'),
  ]);
  expect(credentialsFor(url, { scheme: 'Bearer', token: 'c' })).toEqual([bearerCredential(origin, 'c')]);
  expect(credentialsFor(url, undefined)).toEqual([]);
});

describe('authorizationFor', () => {
  const credentials = [bearerCredential(origin, 'one'), bearerCredential('http://127.0.0.1:8080', 'two')];

  it.each([
    ['https://api.bitbucket.org/2.0/x?y', 'Bearer one'],
    ['https://API.bitbucket.org:443/', 'Bearer one'],
    ['http://127.0.0.1:8080/', 'Bearer two'],
    ['http://api.bitbucket.org/', undefined],
    ['https://api.bitbucket.org:8443/', undefined],
    ['https://bitbucket.org/', undefined],
    ['https://api.bitbucket.org.example.com/', undefined],
    ['https://api.bitbucket.org@example.com/', undefined],
    ['http://127.0.0.1/', undefined],
  ])('%s gets %s', (url, authorization) => {
    expect(authorizationFor(new URL(url), credentials)).toBe(authorization);
  });
});
