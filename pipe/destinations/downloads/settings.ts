/** The settings of TYPE file. */

import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import { type AuthScheme, readCredential, type TokenKind } from '../../settings/credential.ts';
import type { GivenOptions } from '../../settings/options.ts';
import type { Credential } from '../../http/credentials.ts';
import { isLoopback } from '../../http/loopback.ts';
import type { ArrayValue, Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { requiredField } from '../../toolkit/variable-table.ts';

/** Files to a repository's Downloads. */
export interface FileSettings extends CommonSettings {
  readonly type: 'file';
  readonly workspace: string;
  readonly repository: string;
  /** Without a slash at its end. */
  readonly apiUrl: URL;
  readonly credential: Credential;
  readonly tokenKind: TokenKind;
  readonly scheme: AuthScheme;
  readonly patterns: ArrayValue;
  readonly rename?: string | undefined;
  /** What to do where a download of the name exists. */
  readonly existing: 'replace' | 'skip' | 'fail';
  readonly retention?: { readonly keep: number; readonly pattern: string } | undefined;
  readonly withChecksums: boolean;
  readonly verify: 'none' | 'listing' | 'content';
}

/** The settings; undefined where there are problems. */
export function readFileSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): FileSettings | undefined {
  if (isMissing(values.FILENAME) && !problems.has('FILENAME') && !problems.has('FILENAME_COUNT'))
    problems.add('FILENAME', requiredField(env, 'FILENAME'));
  const apiUrl = readApiUrl(values.API_URL, problems);
  const credential = readCredential(env, { token: values.TOKEN, username: values.USERNAME }, apiUrl, problems);
  const common = readCommonSettings(env, values, given, problems);
  const target = {
    workspace: readSlug('WORKSPACE', 'BITBUCKET_WORKSPACE', values.WORKSPACE, env, problems),
    repository: readSlug('REPOSITORY', 'BITBUCKET_REPO_SLUG', values.REPOSITORY, env, problems),
  };
  const choices = {
    rename: readDownloadName(given, problems),
    existing: readExisting(given, problems),
    retention: readRetention(given, problems),
    withChecksums: given.has('--checksums'),
    verify: readVerify(given, problems),
  };
  if (apiUrl === undefined || credential === undefined || values.FILENAME === undefined) return undefined;
  return { type: 'file', ...common, ...target, ...choices, ...credential, apiUrl, patterns: values.FILENAME };
}

function isMissing(value: ArrayValue | undefined): boolean {
  return value === undefined || (value.form === 'items' && value.items.length === 0);
}

function readApiUrl(text: string, problems: Problems): URL | undefined {
  const url = URL.parse(text);
  const problem =
    url === null || !/^https?:$/.test(url.protocol)
      ? 'must be a URL, such as https://api.bitbucket.org/2.0'
      : url.username !== '' || url.password !== ''
        ? 'must not hold credentials: use TOKEN and USERNAME'
        : url.search !== '' || url.hash !== ''
          ? 'must not have a query or a fragment'
          : url.protocol === 'http:' && !isLoopback(url)
            ? 'must be https: over plain http the token could be read on the way (loopback addresses excepted)'
            : undefined;
  if (problem !== undefined) problems.add('API_URL', problem);
  return url === null || problem !== undefined ? undefined : new URL(url.href.replace(/\/+$/, ''));
}

/** A workspace or repository: its slug, or its UUID in braces. */
const slug = /^(?:[A-Za-z0-9._-]+|\{[0-9a-fA-F-]{36}\})$/;

function readSlug(
  name: 'WORKSPACE' | 'REPOSITORY',
  fallback: string,
  value: string | undefined,
  env: Environment,
  problems: Problems,
): string {
  if (value === undefined) {
    problems.add(name, `${requiredField(env, name)}, where ${fallback} is not set, as outside Pipelines`);
    return '';
  }
  if (!slug.test(value) || /^\.\.?$/.test(value)) {
    const parts = value.split('/');
    const advice =
      parts.length === 2
        ? `: set WORKSPACE to ${parts[0]} and REPOSITORY to ${parts[1]}`
        : ', as it stands in the address bar: https://bitbucket.org/<WORKSPACE>/<REPOSITORY>';
    problems.add(name, `${JSON.stringify(value)} is no ${name.toLowerCase()} slug${advice}`);
  }
  return value;
}

const maxNameBytes = 255;

function readDownloadName(given: GivenOptions, problems: Problems): string | undefined {
  const name = given.text('--name');
  if (name === undefined) return undefined;
  const bytes = Buffer.byteLength(name);
  if (bytes > maxNameBytes)
    problems.add('EXTRA_ARGS', `option --name is ${bytes} bytes long, and ${maxNameBytes} is the most`);
  else if (/[/\\]|(?![\r\n])\p{Cc}/u.test(name) || /^\.{0,2}$/.test(name))
    problems.add('EXTRA_ARGS', `option --name needs a file name without a path, not ${JSON.stringify(name)}`);
  return name;
}

function readExisting(given: GivenOptions, problems: Problems): FileSettings['existing'] {
  const skip = given.has('--skip-existing');
  const fail = given.has('--no-clobber');
  if (skip && fail)
    problems.add('EXTRA_ARGS', 'options --skip-existing and --no-clobber contradict each other: give one of them');
  return skip ? 'skip' : fail ? 'fail' : 'replace';
}

function readRetention(given: GivenOptions, problems: Problems): FileSettings['retention'] {
  const pattern = given.text('--keep-pattern');
  const keep = given.integer('--keep', 1, 1_000_000);
  if (given.has('--keep') && pattern === undefined)
    problems.add('EXTRA_ARGS', 'option --keep needs --keep-pattern, which names the downloads that may be deleted');
  if (pattern !== undefined && !given.has('--keep'))
    problems.add('EXTRA_ARGS', 'option --keep-pattern needs --keep, the number of downloads to keep');
  return keep === undefined || pattern === undefined ? undefined : { keep, pattern };
}

function readVerify(given: GivenOptions, problems: Problems): FileSettings['verify'] {
  const value = given.text('--verify');
  if (value === undefined) return 'none';
  if (value === '' || value === 'listing') return 'listing';
  if (value !== 'content')
    problems.add('EXTRA_ARGS', `option --verify takes no value or "content", not ${JSON.stringify(value)}`);
  return 'content';
}
