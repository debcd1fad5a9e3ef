/** The settings of TYPE pypi. */

import { isBitbucketPackages } from '../../settings/bitbucket-packages.ts';
import { type CommonSettings, readCommonSettings, type Values } from '../../settings/common.ts';
import { type Account, readPackagesAccount } from '../../settings/credential.ts';
import { readFilename } from '../../settings/filename.ts';
import type { GivenOptions } from '../../settings/options.ts';
import { readServerUrl } from '../../settings/server-url.ts';
import { readSlug } from '../../settings/slug.ts';
import { tokenKindOf } from '../../settings/token-kinds.ts';
import { bitbucketPythonIndex } from '../../settings/variables.ts';
import type { ArrayValue, Environment } from '../../toolkit/environment.ts';
import type { Problems } from '../../toolkit/problems.ts';
import { uploadUrlProblem } from './index-url.ts';

/** The settings for publishing packages to a Python index. */
export interface PypiSettings extends CommonSettings {
  readonly type: 'pypi';
  /** The address that files are uploaded to, as it was written: a slash at its end matters. */
  readonly registry: URL;
  /** Undefined for an anonymous upload. */
  readonly account: Account | undefined;
  readonly patterns: ArrayValue;
  /** Whether to leave a file that is there with other content as it is. */
  readonly skipExisting: boolean;
}

/** The user name that PyPI and most others expect with a token. */
const tokenUser = '__token__';

/** The settings; undefined if a required one is missing or not valid, which is then added to the problems. */
export function readPypiSettings(
  env: Environment,
  values: Values,
  given: GivenOptions,
  problems: Problems,
): PypiSettings | undefined {
  const patterns = readFilename(env, values, { isRequired: true }, problems);
  const common = readCommonSettings(env, values, given, problems);
  const registry = readRegistry(env, values, given.has('--plain-http'), problems);
  const isBitbucket = registry === undefined ? values.REGISTRY === undefined : isBitbucketPackages(registry);
  const { TOKEN, USERNAME } = values;
  const isPlain = !isBitbucket && TOKEN !== undefined && tokenKindOf(TOKEN) === 'other';
  const login = { TOKEN, USERNAME: USERNAME ?? (isPlain ? tokenUser : undefined) };
  const account = readPackagesAccount(env, login, { isBitbucket, allowsBearer: false }, problems);
  if (registry === undefined || patterns === undefined) return undefined;
  return { type: 'pypi', ...common, registry, account, patterns, skipExisting: given.has('--skip-existing') };
}

function readRegistry(env: Environment, values: Values, allowsPlainHttp: boolean, problems: Problems): URL | undefined {
  const { REGISTRY: text, WORKSPACE: workspace = '<workspace>' } = values;
  if (text === undefined) {
    const slug = readSlug(env, values, 'WORKSPACE', { allowsUuid: false }, problems);
    return slug === undefined ? undefined : new URL(`${bitbucketPythonIndex}${slug}`);
  }
  const example = 'https://upload.pypi.org/legacy/';
  const url = readServerUrl(text, { variable: 'REGISTRY', example, path: 'as written', allowsPlainHttp }, problems);
  if (url === undefined) return undefined;
  const own = `${bitbucketPythonIndex}${workspace}`;
  const problem = !isBitbucketPackages(url)
    ? uploadUrlProblem(url)
    : url.hostname !== new URL(bitbucketPythonIndex).hostname
      ? `is not Bitbucket's Python index: leave it out, or write ${own}`
      : url.pathname === '/'
        ? `lacks the workspace: leave it out, or write ${own}`
        : uploadUrlProblem(url);
  if (problem !== undefined) problems.add('REGISTRY', problem);
  return url;
}
