import { expect, it } from '@jest/globals';
import { failureText } from '../../pipe/destinations/headline.ts';
import { HttpError, InputError, NetworkError, StalledError, UnexpectedAnswerError } from '../../pipe/errors.ts';

const request = { subject: 'app.zip', method: 'POST', url: 'https://host.example/x' };
const facts = { isBitbucket: false, isAnonymous: false };

function refused(status: number, given: object = {}): HttpError {
  const lists = { codes: [], details: [], requiredScopes: [], grantedScopes: [] };
  return new HttpError({ ...request, status, reason: 'no', ...lists, ...given });
}

it.each([
  [401, 'app.zip could not be uploaded: host.example refused the credentials'],
  [403, 'app.zip could not be uploaded: host.example does not allow it'],
  [404, 'app.zip could not be uploaded: host.example knows nothing there, or hides it'],
  [409, 'app.zip could not be uploaded: host.example reports a conflict'],
  [413, 'app.zip could not be uploaded: host.example refuses content of this size'],
  [429, 'app.zip could not be uploaded: host.example limits the rate of requests'],
  [301, 'app.zip could not be uploaded: host.example has moved'],
  [204, 'app.zip could not be uploaded: host.example gave an unexpected answer'],
  [418, 'app.zip could not be uploaded: host.example refused the request'],
  [503, 'app.zip could not be uploaded: host.example failed'],
])('%d', (status, line) => {
  expect(failureText(refused(status), facts)).toEqual([line, `  POST https://host.example/x: ${status} no`]);
});

it.each([
  [{ method: 'GET' }, facts, 'app.zip could not be read: host.example refused the credentials'],
  [{ method: 'DELETE' }, facts, 'app.zip could not be deleted: host.example refused the credentials'],
  [{ subject: undefined }, facts, 'host.example refused the credentials'],
  [{}, { ...facts, isBitbucket: true }, 'app.zip could not be uploaded: Bitbucket refused the credentials'],
  [{}, { ...facts, isAnonymous: true }, 'app.zip could not be uploaded: host.example asks for credentials'],
])('401 with %j and %j', (given, others, line) => {
  expect(failureText(refused(401, given), others)[0]).toBe(line);
});

it.each([
  [new NetworkError('app.zip: POST x: refused', 'ECONNREFUSED', { request }), 'nothing listens at host.example'],
  [new NetworkError('app.zip: POST x: reset', 'ECONNRESET', { request }), 'no working connection to host.example'],
  [
    new NetworkError('app.zip: POST x: the proxy', 'PROXY_407', { request, peer: 'proxy' }),
    'the proxy for host.example failed',
  ],
  [new StalledError('app.zip: POST x: no progress', { request }), 'host.example stopped answering'],
  [
    new UnexpectedAnswerError('app.zip: POST x: a page', { status: 200, isForeign: true }, { request }),
    'host.example gave an unexpected answer',
  ],
])('%s', (error, words) => {
  expect(failureText(error, facts)).toEqual([
    `app.zip could not be uploaded: ${words}`,
    `  ${error.message.replace('app.zip: ', '')}`,
  ]);
});

it('leaves other messages as they are', () => {
  expect(failureText(new InputError(['a', 'b']), facts)).toEqual(['a', 'b']);
  expect(failureText(new NetworkError('no token', 'NO_TOKEN'), facts)).toEqual(['no token']);
});
