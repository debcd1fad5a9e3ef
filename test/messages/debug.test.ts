/** What DEBUG shows: the source of each variable, the account, proxies, matches, requests, and each failure once. */

import { answer, serve } from '../http/test-servers.ts';
import type { Variables } from '../run-bundle.ts';
import { type Case, items, useMessages } from './use-messages.ts';

const base = { DEBUG: 'true', ...items('EXTRA_ARGS', '--dry-run') };

function run(env: Variables): Case[1] {
  return async (place) => {
    for (const path of ['dist/a.zip', 'dist/b.zip', 'dist/c.txt']) await place.write(path);
    return env;
  };
}

const inPipelines = { BITBUCKET_WORKSPACE: 'acme', BITBUCKET_REPO_SLUG: 'app' };

useMessages('debug', base, [
  [
    'access token by another name',
    run({ ...inPipelines, BITBUCKET_ACCESS_TOKEN: `ATCT${'secret'.repeat(5)}`, FILENAME: 'dist/*.zip' }),
  ],
  [
    'API token',
    run({
      ...inPipelines,
      ATLASSIAN_ACCOUNT_EMAIL: 'dev@acme.example',
      ATLASSIAN_API_TOKEN: `ATAT${'secret'.repeat(5)}`,
      ...items('FILENAME', 'dist/*', '!**/*.txt'),
    }),
  ],
  [
    "the pipeline's own token and a proxy",
    run({
      ...inPipelines,
      TYPE: 'npm',
      FILENAME: 'dist/*.zip',
      BITBUCKET_PACKAGES_USERNAME: 'x-packages',
      BITBUCKET_PACKAGES_TOKEN: 'secret-of-packages',
      HTTPS_PROXY: 'http://user:word-of-proxy@proxy.example:3128',
      NO_PROXY: '.internal',
    }),
  ],
  [
    'a failure',
    async (place) => {
      await place.write('dist/a.zip');
      const { origin } = place.use(await serve(answer(503, 'busy', { 'retry-after': '0' }), answer(403, 'no')));
      return {
        WORKSPACE: 'acme',
        REPOSITORY: 'app',
        TOKEN: 'secret-of-the-sandbox',
        FILENAME: 'dist/a.zip',
        API_URL: `${origin}/2.0`,
        EXTRA_ARGS_0: '--no-report',
      };
    },
  ],
]);
