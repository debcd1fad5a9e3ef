import { expect, it } from '@jest/globals';
import { unreachable } from '../../../pipe/oci/engine/unreachable.ts';

const failure = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

it.each<[string, RegExp, string?]>([
  ['EACCES', /^The Docker Engine at X refuses this user: permission denied \(EACCES\)$/, 'Run as root'],
  ['EPERM', /^The Docker Engine at X refuses this user: permission denied \(EPERM\)$/, 'Run as root'],
  ['UND_ERR_HEADERS_TIMEOUT', /^The Docker Engine at X did not answer within 30 s$/, 'services: [docker]'],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    /^The Docker Engine at X cannot be trusted: its certificate is signed by itself or by an unknown authority \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
  ],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /^The Docker Engine at X cannot be trusted: /, 'DOCKER_CERT_PATH'],
  [
    'ECONNREFUSED',
    /^The Docker Engine at X cannot be reached: nothing is listening there \(ECONNREFUSED\)$/,
    'services: [docker]',
  ],
  ['ENOENT', /cannot be reached: there is no such socket \(ENOENT\)/],
  ['ENOTFOUND', /cannot be reached: its host name was not found \(ENOTFOUND\)/],
  ['ESOMETHING', /cannot be reached: connect ESOMETHING$/, 'services: [docker]'],
])('%s', (code, message, advice = '') => {
  const error = unreachable(failure(code), 'X', '30 s');
  expect(error.message).toMatch(message);
  expect(error.advice).toContain(advice);
  expect(error.cause).toMatchObject({ code });
});

it('of several addresses, names the failure of the first', () => {
  const error = unreachable(new AggregateError([failure('ECONNREFUSED'), failure('ENOENT')]), 'X', '30 s');
  expect(error.message).toContain('nothing is listening there (ECONNREFUSED)');
});
