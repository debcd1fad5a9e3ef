/** The settings of TYPE file. */

import { packEndings, type PackFormat, packFormatOf } from '../../archive/pack/format.ts';
import { type PackageIdentity, parsePackageName } from '../../archive/pack/package-name.ts';
import type { InputError } from '../../errors.ts';
import { expandBraces } from '../../io/braces.ts';
import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import { type Account, readDownloadsAccount } from '../../settings/credential.ts';
import { readFilename } from '../../settings/filename.ts';
import type { GivenOptions } from '../../settings/options.ts';
import { readServerUrl } from '../../settings/server-url.ts';
import { readSourceDate } from '../../settings/source-date.ts';
import { readSlug } from '../../settings/slug.ts';
import { defaultApiUrl } from '../../settings/variables.ts';
import type { ArrayValue, Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';

/** Settings for uploading files to a repository's Downloads. */
export interface FileSettings extends CommonSettings {
  readonly type: 'file';
  readonly workspace: string;
  readonly repository: string;
  /** Without a trailing slash. */
  readonly apiUrl: URL;
  readonly account: Account;
  readonly patterns: ArrayValue;
  readonly rename?: string | undefined;
  /** The archive that all files are packed into; undefined if they are uploaded as they are. */
  readonly pack?: PackSettings | undefined;
  /** What to do if a download with the same name exists. */
  readonly existing: 'replace' | 'skip' | 'fail';
  readonly retention?: { readonly keep: number; readonly pattern: string } | undefined;
  /** `list`: SHA256SUMS; `each`: a `NAME.sha256` for each file. */
  readonly checksums: 'none' | 'list' | 'each';
  readonly verify: 'none' | 'listing' | 'content';
}

/** An archive to be made of the files. */
interface PackSettings {
  readonly name: string;
  readonly format: PackFormat;
  /** What a NuGet package says about itself. */
  readonly identity: PackageIdentity;
  /** Of every file in it, in milliseconds since 1970. */
  readonly time: number;
}

/** Reads the settings of TYPE file; undefined if there are problems. */
export function readFileSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): FileSettings | undefined {
  const patterns = readFilename(env, values, { isRequired: true }, problems);
  const apiUrl = readServerUrl(
    values.API_URL,
    { variable: 'API_URL', example: defaultApiUrl, path: 'without a slash' },
    problems,
  );
  const account = readDownloadsAccount(env, values, problems);
  const common = readCommonSettings(env, values, given, problems);
  const workspace = readSlug(env, values, 'WORKSPACE', { allowsUuid: true }, problems);
  const repository = readSlug(env, values, 'REPOSITORY', { allowsUuid: true }, problems);
  const choices = {
    rename: readDownloadName('--name', given, problems),
    pack: readPack(env, given, problems),
    existing: readExisting(given, problems),
    retention: readRetention(given, problems),
    checksums: readChecksums(given, problems),
    verify: readVerify(given, problems),
  };
  if (patterns === undefined || apiUrl === undefined || account === undefined) return undefined;
  if (workspace === undefined || repository === undefined) return undefined;
  return { type: 'file', ...common, ...choices, workspace, repository, apiUrl, account, patterns };
}

const maxNameBytes = 255;

function readDownloadName(option: '--name' | '--pack', given: GivenOptions, problems: Problems): string | undefined {
  const name = given.value(option);
  if (name === undefined) return undefined;
  const bytes = Buffer.byteLength(name);
  if (bytes > maxNameBytes)
    problems.add('EXTRA_ARGS', `option ${option} is ${bytes} bytes long, but the limit is ${maxNameBytes}`);
  else if (/[/\\]|(?![\r\n])\p{Cc}/u.test(name) || /^\.{0,2}$/.test(name))
    problems.add('EXTRA_ARGS', `option ${option} needs a file name without a path, not ${JSON.stringify(name)}`);
  return name;
}

function readPack(env: Environment, given: GivenOptions, problems: Problems): PackSettings | undefined {
  const name = readDownloadName('--pack', given, problems);
  if (name === undefined) return undefined;
  if (given.has('--name'))
    problems.add('EXTRA_ARGS', 'options --pack and --name contradict each other: --pack names the upload');
  const format = packFormatOf(name);
  const identity = parsePackageName(name);
  if (format === undefined)
    problems.add('EXTRA_ARGS', `option --pack needs a name that ends with ${packEndings}, not ${JSON.stringify(name)}`);
  else if (format === 'nupkg' && identity === undefined)
    problems.add(
      'EXTRA_ARGS',
      `option --pack: a NuGet package is named after its ID and version, such as Acme.Web.1.0.0.nupkg, not ${JSON.stringify(name)}`,
    );
  const time = readSourceDate(env, problems);
  return { name, format: format ?? 'zip', identity: identity ?? { id: name, version: '' }, time };
}

function readExisting(given: GivenOptions, problems: Problems): FileSettings['existing'] {
  const skip = given.has('--skip-existing');
  const fail = given.has('--no-clobber');
  if (skip && fail)
    problems.add('EXTRA_ARGS', 'options --skip-existing and --no-clobber contradict each other: give one of them');
  return skip ? 'skip' : fail ? 'fail' : 'replace';
}

function readRetention(given: GivenOptions, problems: Problems): FileSettings['retention'] {
  const pattern = given.value('--keep-pattern');
  const keep = given.integer('--keep', 1, 1_000_000);
  if (given.has('--keep') && !given.has('--keep-pattern'))
    problems.add('EXTRA_ARGS', 'option --keep needs --keep-pattern, which names the downloads that may be deleted');
  if (given.has('--keep-pattern') && !given.has('--keep'))
    problems.add('EXTRA_ARGS', 'option --keep-pattern needs --keep, the number of downloads to keep');
  if (keep === undefined || pattern === undefined) return undefined;
  try {
    expandBraces(pattern);
  } catch (error) {
    problems.add('EXTRA_ARGS', `option --keep-pattern: ${(error as InputError).message}`);
  }
  return { keep, pattern };
}

function readVerify(given: GivenOptions, problems: Problems): FileSettings['verify'] {
  const value = given.value('--verify');
  if (value === undefined) return 'none';
  if (value === '' || value === 'listing') return 'listing';
  if (value !== 'content')
    problems.add('EXTRA_ARGS', `option --verify takes no value or "content", not ${JSON.stringify(value)}`);
  return 'content';
}

function readChecksums(given: GivenOptions, problems: Problems): FileSettings['checksums'] {
  const value = given.value('--checksums');
  if (value === undefined) return 'none';
  if (value === '') return 'list';
  if (value !== 'each')
    problems.add('EXTRA_ARGS', `option --checksums takes no value or "each", not ${JSON.stringify(value)}`);
  return 'each';
}
