import { expect, it } from '@jest/globals';
import { proxyAuthorization } from '../../pipe/http/tunnel.ts';

it.each([
  ['', undefined],
  ['user:p%40ss@', 'user:p@ss'],
  ['user@', 'user:'],
  [':word@', ':word'],
])('a proxy with the credentials %j gets %j', (userinfo, credentials) => {
  expect(proxyAuthorization(new URL(`http://${userinfo}proxy.example:3128`))).toBe(
    credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  );
});
