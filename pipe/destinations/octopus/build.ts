/** What Octopus is told about the build that made a package. */

import { type Environment, readText } from '../../toolkit/environment.ts';
import type { Commit } from './commits/history-client.ts';

/** The build, as Pipelines describes it. */
export interface Build {
  readonly number: string;
  readonly url: string | undefined;
  /** Undefined if it is the build of a tag. */
  readonly branch: string | undefined;
  readonly tag: string | undefined;
  readonly repositoryUrl: string | undefined;
  readonly commit: string | undefined;
  /** The UUID of the pipeline, in braces. */
  readonly pipelineId: string | undefined;
}

/** Longer messages are cut. Octopus searches them for the keys of issues, which are near the beginning. */
const maxMessageCharacters = 2_000;

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
    branch: readText(env, 'BITBUCKET_BRANCH'),
    tag: readText(env, 'BITBUCKET_TAG'),
    repositoryUrl: readText(env, 'BITBUCKET_GIT_HTTP_ORIGIN') ?? repository,
    commit: readText(env, 'BITBUCKET_COMMIT'),
    pipelineId: readText(env, 'BITBUCKET_PIPELINE_UUID'),
  };
}

/**
 * The `OctopusBuildInformation` of this build, with these commits.
 *
 * @see https://octopus.com/docs/packaging-applications/build-servers/build-information
 */
export function buildInformation(build: Build, commits: readonly Commit[]): Readonly<Record<string, unknown>> {
  const { number, url, tag, branch = tag, repositoryUrl, commit } = build;
  return {
    BuildEnvironment: 'Bitbucket Pipelines',
    BuildNumber: number,
    ...(url !== undefined && { BuildUrl: url }),
    ...(branch !== undefined && { Branch: branch }),
    VcsType: 'Git',
    ...(repositoryUrl !== undefined && { VcsRoot: repositoryUrl }),
    ...(commit !== undefined && { VcsCommitNumber: commit }),
    Commits: commits.map(({ hash, message }) => ({ Id: hash, Comment: shortened(message) })),
  };
}

function shortened(message: string): string {
  if (message.length <= maxMessageCharacters) return message;
  // A surrogate pair may be cut in two.
  return `${message.slice(0, maxMessageCharacters - 1).toWellFormed()}…`;
}
