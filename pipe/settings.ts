/** Turns the environment into typed settings, or into every problem with it at once. */

import { type AuthScheme, readCredential, type TokenKind } from './credential-settings.ts';
import type { Credential } from './http/credentials.ts';
import { isLoopback } from './http/loopback.ts';
import { type ProxySettings, readProxies } from './http/proxies.ts';
import type { ArrayValue, Environment } from './toolkit/environment.ts';
import { type OptionValues, readOptions } from './toolkit/option-table.ts';
import { Problems, ValidationError } from './toolkit/problems.ts';
import { readVariables, requiredField, type VariableValues } from './toolkit/variable-table.ts';
import { defaults, type OptionName, options, type Type, types, variables } from './variables.ts';

/** What every kind of upload has. */
export interface CommonSettings {
  readonly concurrency: number;
  readonly retries: number;
  readonly timeoutMs: number;
  readonly isDryRun: boolean;
  readonly outputPath?: string | undefined;
  readonly wantsReport: boolean;
  readonly isDebug: boolean;
  readonly proxies: ProxySettings;
}

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

export type Settings = FileSettings;

/** @throws ValidationError naming every problem, in the toolkits' format */
export async function readSettings(env: Environment): Promise<Settings> {
  const problems = new Problems();
  const values = await readVariables({ ...variables, TOKEN: { ...variables.TOKEN, required: false } }, env, problems);
  // Where TYPE itself is wrong, the rest is still read, as for the default.
  const type = types.find((known) => known === values.TYPE) ?? 'file';
  const words = values.EXTRA_ARGS?.form === 'text' ? [values.EXTRA_ARGS.text.trim()] : (values.EXTRA_ARGS?.items ?? []);
  const given = new GivenOptions(readOptions<Type>(options, words, type, 'EXTRA_ARGS', problems), problems);
  const settings = readFileSettings(env, values, given, problems);
  if (!problems.isEmpty || settings === undefined) throw new ValidationError(problems);
  return settings;
}

function readFileSettings(
  env: Environment,
  values: VariableValues<typeof variables>,
  given: GivenOptions,
  problems: Problems,
): FileSettings | undefined {
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

function readCommonSettings(
  env: Environment,
  values: VariableValues<typeof variables>,
  given: GivenOptions,
  problems: Problems,
): CommonSettings {
  return {
    concurrency: given.integer('--concurrency', 1, 64) ?? defaults.concurrency,
    retries: given.integer('--retries', 0, 20) ?? defaults.retries,
    timeoutMs: (given.integer('--timeout', 1, 86_400) ?? defaults.timeoutSeconds) * 1000,
    isDryRun: given.has('--dry-run'),
    outputPath: given.text('--output'),
    wantsReport: !given.has('--no-report'),
    isDebug: values.DEBUG,
    proxies: readProxies(env, problems),
  };
}

/** The options that were given, with checks of their values. */
class GivenOptions {
  readonly #values: OptionValues;
  readonly #problems: Problems;

  constructor(values: OptionValues, problems: Problems) {
    this.#values = values;
    this.#problems = problems;
  }

  has(name: OptionName): boolean {
    return this.#values.has(name);
  }

  text(name: OptionName): string | undefined {
    return this.#values.get(name)?.[0];
  }

  integer(name: OptionName, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.#problems.add(
      'EXTRA_ARGS',
      `option ${name} needs a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`,
    );
    return undefined;
  }
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
