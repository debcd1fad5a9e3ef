/** The settings of TYPE npm. */

import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import type { GivenOptions } from '../../settings/options.ts';
import { distTagProblem } from './names.ts';
import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import { type Account, readPackagesAccount } from '../../settings/credential.ts';
import { readFilename } from '../../settings/filename.ts';
import { readServerUrl } from '../../settings/server-url.ts';
import { readSlug } from '../../settings/slug.ts';
import type { ArrayValue, Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { bitbucketNpmRegistry, bitbucketRegistry } from '../../settings/variables.ts';

/** Who may read a package with a scope, on registries that ask, such as npmjs.com. */
const accesses = ['public', 'restricted'] as const;
type Access = (typeof accesses)[number];

/** Settings for publishing packages to an npm registry. */
export interface NpmSettings extends CommonSettings {
  readonly type: 'npm';
  /** The registry's base URL, which ends with a slash. */
  readonly registry: URL;
  /** Undefined for an anonymous upload. */
  readonly account: Account | undefined;
  readonly patterns: ArrayValue;
  /** The value of `--dist-tag`. */
  readonly distTag: string | undefined;
  /** The value of `--access`. */
  readonly access: Access | undefined;
  /** Whether packages are staged, to be published once a person approves them. */
  readonly stages: boolean;
  /** Whether to skip a version that is already published with the same content. */
  readonly skipExisting: boolean;
}

/** Reads the settings of TYPE npm; undefined if there are problems. */
export function readNpmSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): NpmSettings | undefined {
  const patterns = readFilename(env, values, { isRequired: true }, problems);
  const common = readCommonSettings(env, values, given, problems);
  const registry = readRegistry(env, values, given.has('--plain-http'), problems);
  const isBitbucket = registry === undefined ? values.REGISTRY === undefined : isBitbucketPackages(registry);
  const account = readPackagesAccount(env, values, { isBitbucket, allowsBearer: true }, problems);
  const distTag = readDistTag(given, problems);
  const access = readAccess(given, problems);
  if (registry === undefined || patterns === undefined) return undefined;
  return {
    type: 'npm',
    ...common,
    registry,
    account,
    patterns,
    distTag,
    access,
    stages: readStage(given, isBitbucket, problems),
    skipExisting: given.has('--skip-existing'),
  };
}

function readRegistry(env: Environment, values: Values, allowsPlainHttp: boolean, problems: Problems): URL | undefined {
  const { REGISTRY: text, WORKSPACE: workspace = '<workspace>' } = values;
  if (text === undefined) {
    const slug = readSlug(env, values, 'WORKSPACE', { allowsUuid: false }, problems);
    return slug === undefined ? undefined : new URL(`${bitbucketNpmRegistry}${slug}/`);
  }
  const example = 'https://packages.example/repository/npm/';
  const url = readServerUrl(text, { variable: 'REGISTRY', example, path: 'with a slash', allowsPlainHttp }, problems);
  if (url === undefined || !isBitbucketPackages(url)) return url;
  const own = `${bitbucketNpmRegistry}${workspace}/`;
  if (url.hostname === bitbucketRegistry)
    problems.add('REGISTRY', `is Bitbucket's container registry: leave it out, or write ${own}`);
  else if (url.pathname === '/') problems.add('REGISTRY', `lacks the workspace: leave it out, or write ${own}`);
  return url;
}

function readDistTag(given: GivenOptions, problems: Problems): string | undefined {
  const tag = given.value('--dist-tag')?.trim();
  const problem = tag === undefined ? undefined : distTagProblem(tag);
  if (problem !== undefined) problems.add('EXTRA_ARGS', `option --dist-tag: ${JSON.stringify(tag)} ${problem}`);
  return tag;
}

function readStage(given: GivenOptions, isBitbucket: boolean, problems: Problems): boolean {
  if (given.has('--stage') && isBitbucket)
    problems.add(
      'EXTRA_ARGS',
      "option --stage is for registries with a staging area, such as https://registry.npmjs.org/; Bitbucket's has none",
    );
  return given.has('--stage');
}

function readAccess(given: GivenOptions, problems: Problems): Access | undefined {
  const text = given.value('--access');
  const access = accesses.find((each) => each === text);
  if (text !== undefined && access === undefined)
    problems.add('EXTRA_ARGS', `option --access must be ${accesses.join(' or ')}, not ${JSON.stringify(text)}`);
  return access;
}
