import { expect, it } from '@jest/globals';
import { parseChallenges } from '../../../pipe/oci/registry/challenge.ts';

const plain = (...headers: readonly string[]): unknown =>
  parseChallenges(headers).map(({ scheme, parameters }) => ({ scheme, ...Object.fromEntries(parameters) }));

it.each([
  [
    'Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull,push"',
    [{ scheme: 'bearer', realm: 'https://auth.example/token', service: 'registry', scope: 'repository:a/b:pull,push' }],
  ],
  ['bEaReR ReAlM="x" , Scope = "s"', [{ scheme: 'bearer', realm: 'x', scope: 's' }]],
  [
    'Basic realm="r", Bearer realm="x",service="s"',
    [
      { scheme: 'basic', realm: 'r' },
      { scheme: 'bearer', realm: 'x', service: 's' },
    ],
  ],
  ['Negotiate, Basic realm=plain', [{ scheme: 'negotiate' }, { scheme: 'basic', realm: 'plain' }]],
  ['Negotiate YWJjZA==, Basic realm="r"', [{ scheme: 'negotiate' }, { scheme: 'basic', realm: 'r' }]],
  ['Bearer realm="quo\\"te, and comma"', [{ scheme: 'bearer', realm: 'quo"te, and comma' }]],
  ['Bearer', [{ scheme: 'bearer' }]],
  ['', []],
  [',,', []],
  ['"nonsense', []],
  ['Bearer realm="x", broken="never closed', [{ scheme: 'bearer', realm: 'x' }]],
])('reads %j', (header, expected) => {
  expect(plain(header)).toEqual(expected);
});

it('reads several headers', () => {
  expect(plain('Basic realm="a"', 'Bearer realm="b"')).toEqual([
    { scheme: 'basic', realm: 'a' },
    { scheme: 'bearer', realm: 'b' },
  ]);
});
