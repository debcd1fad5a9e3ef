/** What Octopus is told about the build that made a package. */

import { type Environment, readText } from '../../toolkit/environment.ts';

/** The build, as Pipelines describes it. */
export interface Build {
  readonly number: string;
  readonly url: string | undefined;
  /** The branch or the tag. */
  readonly branch: string | undefined;
  readonly repositoryUrl: string | undefined;
  readonly commit: string | undefined;
}

/** The build of this step; undefined outside of Pipelines. */
export function readBuild(env: Environment): Build | undefined {
  const number = readText(env, 'BITBUCKET_BUILD_NUMBER');
  if (number === undefined) return undefined;
  const workspace = readText(env, 'BITBUCKET_WORKSPACE');
  const slug = readText(env, 'BITBUCKET_REPO_SLUG');
  const isNamed = workspace !== undefined && slug !== undefined;
  const repository = isNamed ? `https://bitbucket.org/${workspace}/${slug}` : undefined;
  return {
    number,
    url: repository === undefined ? undefined : `${repository}/pipelines/results/${number}`,
    branch: readText(env, 'BITBUCKET_BRANCH') ?? readText(env, 'BITBUCKET_TAG'),
    repositoryUrl: readText(env, 'BITBUCKET_GIT_HTTP_ORIGIN') ?? repository,
    commit: readText(env, 'BITBUCKET_COMMIT'),
  };
}

/**
 * The `OctopusBuildInformation` of this build. It names the commit at hand, without its message, which is not in the environment.
 *
 * @see https://octopus.com/docs/packaging-applications/build-servers/build-information
 */
export function buildInformation(build: Build): Readonly<Record<string, unknown>> {
  const { number, url, branch, repositoryUrl, commit } = build;
  return {
    BuildEnvironment: 'Bitbucket Pipelines',
    BuildNumber: number,
    ...(url !== undefined && { BuildUrl: url }),
    ...(branch !== undefined && { Branch: branch }),
    VcsType: 'Git',
    ...(repositoryUrl !== undefined && { VcsRoot: repositoryUrl }),
    ...(commit !== undefined && { VcsCommitNumber: commit }),
    Commits: commit === undefined ? [] : [{ Id: commit, Comment: '' }],
  };
}
