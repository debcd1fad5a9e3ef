/** What is said about misspelled variables, options and values, and about references that were not expanded. */

import type { Variables } from '../run-bundle.ts';
import { type Case, items, useMessages } from './use-messages.ts';

const base = { WORKSPACE: 'acme', REPOSITORY: 'app', TOKEN: 'secret-of-the-sandbox', FILENAME: 'app.zip' };

/** A run that stops before it sends anything, with a file that exists. */
function dryRun(env: Variables): Case[1] {
  return async (place) => {
    await place.write('app.zip');
    return { ...items('EXTRA_ARGS', '--dry-run'), ...env };
  };
}

function options(...words: readonly string[]): Case[1] {
  return items('EXTRA_ARGS', ...words);
}

const octopus = { TYPE: 'octopus', REGISTRY: 'acme.octopus.app', FILENAME: 'app.1.0.0.zip' };
const withoutTarget = { WORKSPACE: '', REPOSITORY: '', TOKEN: '', FILENAME: '' };

useMessages('variables', base, [
  ['nothing set', withoutTarget],
  ['misspelled EXTRA_ARGS', dryRun({ EXTRA_ARG: '--no-clobber' })],
  ['misspelled array', dryRun(items('EXTRA_ARG', '--no-clobber'))],
  ['misspelled FILENAME', { FILENAME: '', FILE_NAME: 'app.zip' }],
  ['misspelled TOKEN', { TOKEN: '', TOKENS: 'another-secret-of-the-sandbox' }],
  ['misspelled TAGS', dryRun({ TAG: '1.0' })],
  ['lower case', { TOKEN: '', token: 'another-secret-of-the-sandbox' }],
  ['array for one value', { WORKSPACE: '', ...items('WORKSPACE', 'acme') }],
  ['TYPE docker', { TYPE: 'docker', WORKSPACE: '' }],
  ['TYPE docker without an image', { ...withoutTarget, TYPE: 'docker' }],
  ['TYPE NPM without a package', { ...withoutTarget, TYPE: 'NPM' }],
  ['TYPE NPM', { TYPE: 'NPM' }],
  ['TYPE unknown', { TYPE: 'helm', WORKSPACE: '' }],
  ['octopus nothing set', { ...withoutTarget, TYPE: 'octopus' }],
  ['octopus nothing but ID', { ...withoutTarget, ID: 'app' }],
  ['octopus token of Bitbucket', { ...octopus, TOKEN: 'ATCTT3xFfGN0-secret-of-the-sandbox' }],
  [
    'octopus tokens for commits',
    {
      ...octopus,
      TOKEN: 'API-SECRETOFTHESANDBOX',
      BITBUCKET_ACCESS_TOKEN: 'ATATT3xFfGF0-secret-of-the-sandbox',
      ATLASSIAN_API_TOKEN: 'ATCTT3xFfGN0-secret-of-the-sandbox',
      BITBUCKET_BUILD_NUMBER: '42',
    },
  ],
  ['octopus invalid names', { ...octopus, FILENAME: 'dist', ID: 'my app', VERSION: 'v1.0', FORMAT: 'rar' }],
  ['octopus service account', { ...octopus, TOKEN: '', ...items('EXTRA_ARGS', '--service-account', 'abc') }],
  ['option keep5', options('--keep5', '--keep-pattern', '*')],
  ['option upper case', options('--Keep', '5', '--keep-pattern', '*')],
  ['option one dash', options('-keep', '5')],
  ['option checksum', options('--checksum')],
  [
    'option misspelled with value',
    { IMAGE: 'app:1.0', USERNAME: 'dev', ...items('EXTRA_ARGS', '--platfrom=linux/arm64', '--compresion', 'zstd') },
  ],
  ['option cut off', options('--skip-exist')],
  ['array without its end', { EXTRA_ARGS: '[--output,o' }],
  ['reference in --output', { EXTRA_ARGS: '--output=$OUT' }],
  ['option help', options('--help')],
  ['option unknown with value', options('--destination', 'releases')],
  ['option of another TYPE', options('--dist-tags', 'next')],
  ['option and value in one item', options('--keep 5')],
  ['option without its value', options('--name')],
  ['reference in TOKEN', { TOKEN: '$KEY' }],
  ['reference in FILENAME', { FILENAME: '$BUILD_DIR/app.zip' }],
  ['reference in an array', { FILENAME: '', ...items('FILENAME', 'a.zip', 'app-${VERSION}.zip') }],
  ['reference in an option', options('--name', 'app-${VERSION}.zip')],
  ['reference in REGISTRY', { TYPE: 'npm', REGISTRY: '$REGISTRY', USERNAME: 'dev' }],
  ['reference in IMAGE', { IMAGE: 'app:$VERSION', USERNAME: 'dev' }],
  ['reference in IMAGE without TOKEN', { ...withoutTarget, WORKSPACE: 'acme', IMAGE: 'app:$VERSION' }],
  ['reference in the registry of IMAGE', { ...withoutTarget, IMAGE: '$HOST/app' }],
  ['reference in USERNAME', { USERNAME: '$EMAIL' }],
]);
