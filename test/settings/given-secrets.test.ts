import { expect, it } from '@jest/globals';
import { givenSecrets } from '../../pipe/settings/given-secrets.ts';
import type { Environment } from '../../pipe/toolkit/environment.ts';
import { tokens } from '../sandbox/tokens.ts';

it.each<[string, Environment, ...secrets: readonly string[]]>([
  [
    'variables for secrets',
    { TOKEN: ' a-token\n', BITBUCKET_PACKAGES_TOKEN: 'b', PIPELINES_JWT_TOKEN: 'c' },
    'a-token',
    'b',
    'c',
  ],
  [
    'variables with the name of a secret',
    { NPM_TOKEN: 'a', TOKENS: 'b', DB_PASSWORD: 'c', MY_API_KEY: 'd' },
    'a',
    'b',
    'c',
    'd',
  ],
  ['a proxy', { HTTPS_PROXY: 'me:pa%3Ass@proxy:3128' }, 'pa%3Ass', 'pa:ss'],
  ['a URL in any variable', { X: 'git clone https://x-token-auth:abc@bitbucket.org/a' }, 'abc'],
  ['a URL with several colons', { REGISTRY: 'https://me:a:b@host' }, 'a:b'],
  ['an address without a scheme', { IMAGE: 'me:password1@host/app:1', DOCKER_HOST: 'me:p2@host' }, 'password1', 'p2'],
  ['a token as the name in a URL', { REGISTRY: 'https://tok3n-tok3n-tok3n-tok3n@host/' }, 'tok3n-tok3n-tok3n-tok3n'],
  ["Atlassian's tokens in any variable", { USERNAME: tokens.apiToken }, tokens.apiToken],
  ["Octopus's keys in any variable", { X: tokens.octopusKey }, tokens.octopusKey, tokens.octopusKey.toLowerCase()],
  [
    'options',
    { EXTRA_ARGS_COUNT: '3', EXTRA_ARGS_2: 'b', EXTRA_ARGS_1: '--api-key', EXTRA_ARGS_0: '--token=a' },
    'a',
    'b',
  ],
  ['options in a YAML sequence', { EXTRA_ARGS: "['--password', 'a', '--my-secret=b']" }, 'a', 'b'],
])('finds secrets in %s', (_, env, ...secrets) => {
  expect([...new Set(givenSecrets(env).filter((secret) => secret !== undefined))]).toEqual(secrets);
});

it.each<[string, Environment]>([
  ['an unexpanded reference', { TOKEN: '$MY_TOKEN', NPM_TOKEN: '${NPM_TOKEN}' }],
  ['empty variables', { TOKEN: '', DB_PASSWORD: undefined }],
  ['an email', { USERNAME: 'me@example.com', FILENAME: 'a:b@c.txt' }],
  ['a digest', { IMAGE: 'app:latest@sha256:0123' }],
  ['a user name in a URL', { ORIGIN: 'https://acme@bitbucket.org/acme/app.git', X: 'https://host/@acme/lib' }],
  ['other options', { EXTRA_ARGS: "['--keep', '5', '--dist-tag=next']" }],
])('finds no secrets in %s', (_, env) => {
  expect(givenSecrets(env).filter((secret) => secret !== undefined)).toEqual([]);
});
