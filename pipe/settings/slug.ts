/** Reads WORKSPACE and REPOSITORY: slugs, as in the URL of a repository. */

import type { Environment } from '../toolkit/environment.ts';
import type { Problems } from '../toolkit/problems.ts';
import { requiredField } from '../toolkit/variable-table.ts';
import type { Values } from './common.ts';

const pipelinesNames = { WORKSPACE: 'BITBUCKET_WORKSPACE', REPOSITORY: 'BITBUCKET_REPO_SLUG' } as const;

const slug = /^(?!\.\.?$)[A-Za-z0-9._-]+$/;
const uuid = /^\{[0-9a-fA-F-]{36}\}$/;

/**
 * The workspace or repository; undefined if there is a problem with it, which is then added.
 *
 * @param allowsUuid whether a UUID in braces is also valid, as in Bitbucket's REST API
 */
export function readSlug(
  env: Environment,
  values: Pick<Values, 'WORKSPACE' | 'REPOSITORY'>,
  name: 'WORKSPACE' | 'REPOSITORY',
  { allowsUuid }: { readonly allowsUuid: boolean },
  problems: Problems,
): string | undefined {
  const value = values[name];
  if (value === undefined) {
    problems.add(name, `${requiredField(env, name)}, because ${pipelinesNames[name]} is not set (Pipelines sets it)`);
    return undefined;
  }
  if (slug.test(value) || (allowsUuid && uuid.test(value))) return value;
  const [workspace, repository, ...others] = value.split('/');
  const advice =
    repository !== undefined && others.length === 0
      ? `: set WORKSPACE to ${workspace} and REPOSITORY to ${repository}`
      : ': copy it from the address bar, https://bitbucket.org/<WORKSPACE>/<REPOSITORY>';
  problems.add(name, `${JSON.stringify(value)} is not a valid ${name.toLowerCase()} slug${advice}`);
  return undefined;
}
