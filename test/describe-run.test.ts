import { expect, it } from '@jest/globals';
import { describeRun } from '../pipe/describe-run.ts';
import { readSettings } from '../pipe/read-settings.ts';
import type { Environment } from '../pipe/toolkit/environment.ts';

const secret = 'secret'.repeat(5);
const proxy = 'http://user:word-of-proxy@proxy.example:3128';
const packages = { TYPE: 'npm', BITBUCKET_PACKAGES_USERNAME: 'x-packages', BITBUCKET_PACKAGES_TOKEN: secret };
const apiToken = { USERNAME: 'dev@acme.example', TOKEN: `ATAT${secret}` };

it.each<[string, Environment, string]>([
  ['where a run begins', {}, 'working directory: /build'],
  ['where a variable is from', {}, 'WORKSPACE: "acme", from BITBUCKET_WORKSPACE'],
  ['an access token', {}, 'credentials: Bearer, with an access token'],
  ['an API token', apiToken, 'credentials: Basic as dev@acme.example, with an API token'],
  [
    "the pipeline's own token",
    packages,
    "credentials: Basic as x-packages, with the pipeline's own token (BITBUCKET_PACKAGES_TOKEN)",
  ],
  [
    "an API token beside the pipeline's own",
    { ...packages, ...apiToken },
    'credentials: Basic as dev@acme.example, with an API token',
  ],
  ['no account', { TYPE: 'npm', REGISTRY: 'https://npm.example' }, 'credentials: none'],
  ['no proxy', {}, 'proxy: none'],
  ['a proxy', { HTTPS_PROXY: proxy }, 'proxy: http://proxy.example:3128 for https'],
  [
    'two proxies, and what they are not for',
    { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, NO_PROXY: '.internal' },
    'proxy: http://proxy.example:3128 for https, http://proxy.example:3128 for http, but not for .internal',
  ],
])('tells %s', async (_, env, line) => {
  const all = {
    TOKEN: `ATCT${secret}`,
    FILENAME: 'dist/*',
    BITBUCKET_WORKSPACE: 'acme',
    BITBUCKET_REPO_SLUG: 'app',
    ...(env['TYPE'] === 'npm' && { TOKEN: undefined }),
    ...env,
  };
  const lines = describeRun(all, await readSettings(all), '/build');
  expect(lines).toContain(line);
  expect(lines.join('\n')).not.toMatch(/secretsecret|word-of-proxy/);
});
