/** The settings of TYPE npm. */

import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import type { GivenOptions } from '../../settings/options.ts';
import type { Credential } from '../../http/credentials.ts';
import { distTagProblem } from './names.ts';
import { isBitbucketPackages, readRegistryUrl } from '../../settings/registry-url.ts';
import { type AccountSettings, packagesCredential, readPackagesAccount } from '../../settings/packages-account.ts';
import type { ArrayValue, Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { requiredField } from '../../toolkit/variable-table.ts';
import { bitbucketNpmRegistry, bitbucketRegistry } from '../../settings/variables.ts';

/** Packages to an npm registry. */
export interface NpmSettings extends CommonSettings, AccountSettings {
  readonly type: 'npm';
  /** The registry's base URL, which ends with a slash. */
  readonly registry: URL;
  readonly patterns: ArrayValue;
  /** As `--dist-tag` has it. */
  readonly distTag: string | undefined;
  /** A version that is published with the same content is no error. */
  readonly skipExisting: boolean;
  /** Undefined where the registry asks for nobody. */
  readonly credential: Credential | undefined;
}

/** The settings; undefined where there are problems. */
export function readNpmSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): NpmSettings | undefined {
  const { FILENAME: patterns } = values;
  const isMissing = patterns === undefined || (patterns.form === 'items' && patterns.items.length === 0);
  if (isMissing && !problems.has('FILENAME') && !problems.has('FILENAME_COUNT'))
    problems.add('FILENAME', requiredField(env, 'FILENAME'));
  const common = readCommonSettings(env, values, given, problems);
  const registry = readRegistry(env, values, given.has('--plain-http'), problems);
  const account = readPackagesAccount(
    env,
    { token: values.TOKEN, username: values.USERNAME },
    registry === undefined ? values.REGISTRY === undefined : isBitbucketPackages(registry),
    problems,
    { takesBearer: true },
  );
  const distTag = readDistTag(given, problems);
  if (registry === undefined || patterns === undefined) return undefined;
  return {
    type: 'npm',
    ...common,
    ...account,
    registry,
    patterns,
    distTag,
    skipExisting: given.has('--skip-existing'),
    credential: packagesCredential(registry, account),
  };
}

function readRegistry(env: Environment, values: Values, allowsPlainHttp: boolean, problems: Problems): URL | undefined {
  const { REGISTRY: text, WORKSPACE: workspace } = values;
  if (text === undefined) {
    if (workspace === undefined) {
      problems.add(
        'WORKSPACE',
        `${requiredField(env, 'WORKSPACE')}, where BITBUCKET_WORKSPACE is not set, as outside Pipelines`,
      );
    } else if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(workspace)) {
      problems.add(
        'WORKSPACE',
        `${JSON.stringify(workspace)} is no workspace slug, as it stands in the address bar: https://bitbucket.org/<WORKSPACE>/`,
      );
    } else return new URL(`${bitbucketNpmRegistry}${workspace}/`);
    return undefined;
  }
  const url = readRegistryUrl(text, allowsPlainHttp, problems);
  if (url === undefined || !isBitbucketPackages(url)) return url;
  const own = `${bitbucketNpmRegistry}${workspace ?? '<workspace>'}/`;
  if (url.hostname === bitbucketRegistry)
    problems.add('REGISTRY', `is Bitbucket's container registry: leave it out, or write ${own}`);
  else if (url.pathname === '/') problems.add('REGISTRY', `lacks the workspace: leave it out, or write ${own}`);
  return url;
}

function readDistTag(given: GivenOptions, problems: Problems): string | undefined {
  const tag = given.text('--dist-tag')?.trim();
  const problem = tag === undefined ? undefined : distTagProblem(tag);
  if (problem !== undefined) problems.add('EXTRA_ARGS', `option --dist-tag: ${JSON.stringify(tag)} ${problem}`);
  return tag;
}
