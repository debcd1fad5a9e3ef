/** The table of variables and options: their names, types, defaults, and what the README says of them. */

import type { OptionTable } from './toolkit/option-table.ts';
import type { VariableTable } from './toolkit/variable-table.ts';

export const types = ['file'] as const;
export type Type = (typeof types)[number];

export const defaultApiUrl = 'https://api.bitbucket.org/2.0';

/** Options' defaults. */
export const defaults = { concurrency: 4, retries: 5, timeoutSeconds: 120 } as const;

export const variables = {
  TOKEN: {
    kind: 'text',
    required: true,
    secret: true,
    // The names of atlassian/bitbucket-upload-file.
    aliases: ['BITBUCKET_ACCESS_TOKEN', 'ATLASSIAN_API_TOKEN'],
    usage: 'Secured. Atlassian API token, or a repository, project or workspace access token.',
  },
  USERNAME: {
    kind: 'text',
    aliases: ['ATLASSIAN_ACCOUNT_EMAIL'],
    usage: 'Atlassian account email that owns the API token. Leave out with an access token.',
  },
  FILENAME: {
    kind: 'array',
    required: true,
    usage: 'Path or glob, or an array of them, relative to the working directory.',
  },
  TYPE: {
    kind: 'text',
    allowed: types,
    default: 'file',
    usage: "What to publish. `file`: files to the repository's Downloads. Default: `file`.",
  },
  WORKSPACE: {
    kind: 'text',
    aliases: ['ACCOUNT'],
    fallbacks: ['BITBUCKET_WORKSPACE', 'BITBUCKET_REPO_OWNER'],
    usage: 'Workspace to publish to. Default: `$BITBUCKET_WORKSPACE`.',
  },
  REPOSITORY: {
    kind: 'text',
    fallbacks: ['BITBUCKET_REPO_SLUG'],
    usage: 'Repository to publish to. Default: `$BITBUCKET_REPO_SLUG`.',
  },
  API_URL: {
    kind: 'text',
    default: defaultApiUrl,
    usage: `Base URL of Bitbucket's REST API, for gateways and for trying the pipe out locally. Default: \`${defaultApiUrl}\`.`,
  },
  EXTRA_ARGS: {
    kind: 'array',
    usage: 'Array of further options, see [Options](#options).',
  },
  DEBUG: {
    kind: 'boolean',
    default: 'false',
    usage: 'Show requests, responses, retries and timings. Never a secret. Default: `false`.',
  },
} as const satisfies VariableTable;

/** App passwords, which `atlassian/bitbucket-upload-file` took, and which are no more. */
export const appPasswordVariables = { username: 'BITBUCKET_USERNAME', password: 'BITBUCKET_APP_PASSWORD' } as const;

/** Every variable whose value must not be printed, whether the pipe uses it or only passes it by. */
export const secretVariables: readonly string[] = [
  'TOKEN',
  ...variables.TOKEN.aliases,
  appPasswordVariables.password,
  'BITBUCKET_PACKAGES_TOKEN',
  'PIPELINES_JWT_TOKEN',
];

export const options = {
  '--name': {
    takes: 'value',
    placeholder: 'NAME',
    appliesTo: ['file'],
    usage: 'Upload the one matching file under this name.',
  },
  '--skip-existing': {
    takes: 'flag',
    appliesTo: ['file'],
    usage: 'Leave downloads that are already there as they are, and succeed.',
  },
  '--no-clobber': {
    takes: 'flag',
    appliesTo: ['file'],
    usage: 'Fail, before anything is sent, where a download of that name exists.',
  },
  '--keep': {
    takes: 'value',
    placeholder: 'N',
    appliesTo: ['file'],
    usage: 'After a successful upload, delete all but the newest N downloads that match `--keep-pattern`.',
  },
  '--keep-pattern': {
    takes: 'value',
    placeholder: 'GLOB',
    appliesTo: ['file'],
    usage:
      'The downloads that `--keep` may delete. One without the other is an error, so that nothing else is ever deleted.',
  },
  '--checksums': {
    takes: 'flag',
    appliesTo: ['file'],
    usage: 'Also upload `SHA256SUMS` for the files of this run.',
  },
  '--verify': {
    takes: 'optional',
    placeholder: 'content',
    appliesTo: ['file'],
    usage:
      'Read the listing back and compare names and sizes. With `--verify=content`, read the files themselves back and compare their SHA-256.',
  },
  '--concurrency': {
    takes: 'value',
    placeholder: 'N',
    appliesTo: ['file'],
    usage: `Files sent at the same time, 1 to 64. Default: ${defaults.concurrency}.`,
  },
  '--retries': {
    takes: 'value',
    placeholder: 'N',
    appliesTo: ['file'],
    usage: `Further tries of a request that failed for a passing reason, 0 to 20. Default: ${defaults.retries}.`,
  },
  '--timeout': {
    takes: 'value',
    placeholder: 'SECONDS',
    appliesTo: ['file'],
    usage: `No progress for so long is a failure, 1 to 86400. However long a transfer takes, it goes on while bytes move. Default: ${defaults.timeoutSeconds}.`,
  },
  '--dry-run': {
    takes: 'flag',
    appliesTo: ['file'],
    usage: 'Validate, plan and print the plan; send nothing.',
  },
  '--output': {
    takes: 'value',
    placeholder: 'FILE',
    appliesTo: ['file'],
    usage: 'Write the results to this file as JSON.',
  },
  '--no-report': {
    takes: 'flag',
    appliesTo: ['file'],
    usage: 'Do not add a Code Insights report to the commit.',
  },
} as const satisfies OptionTable<Type>;

export type OptionName = keyof typeof options;
