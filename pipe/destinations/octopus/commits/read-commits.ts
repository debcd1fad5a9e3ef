/** Chooses the commits that build information names: those since the last successful pipeline, or else the commit at hand. */

import { HttpError, isExpected, StalledError } from '../../../errors.ts';
import { fixedAuthorizer } from '../../../http/authorizer.ts';
import { credentialsFor } from '../../../http/credentials.ts';
import { formatDuration } from '../../../toolkit/units.ts';
import type { RunTools } from '../../destination.ts';
import type { Build } from '../build.ts';
import { type CommitSource, readingScopes } from './commit-source.ts';
import { type Commit, createHistoryClient, type HistoryClient } from './history-client.ts';

/** The commits of a build, and how they were chosen. */
export interface BuildCommits {
  /** The newest first. */
  readonly commits: readonly Commit[];
  /** For the log: `7 commits since 0123456789ab`. */
  readonly description: string;
}

/** All requests together may take so long: a deployment is worth more than its list of commits. */
const maxMs = 10_000;

/** The commit of the build, without its message, which is not in the environment. */
export function commitAtHand({ commit }: Pick<Build, 'commit'>): BuildCommits {
  return commit === undefined
    ? { commits: [], description: 'no commit' }
    : { commits: [{ hash: commit, message: '' }], description: `the commit ${short(commit)}` };
}

/**
 * Reads the commits of the build. Whatever prevents that is a warning, and the commit at hand is used instead.
 *
 * @throws the signal's reason if the run is stopped
 */
export async function readCommits(
  build: Build,
  source: CommitSource,
  { timeoutMs, tools }: { readonly timeoutMs: number; readonly tools: RunTools },
): Promise<BuildCommits> {
  const { commit } = build;
  if (commit === undefined) return commitAtHand(build);
  const limitMs = Math.min(maxMs, timeoutMs);
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new StalledError(`Bitbucket did not answer within ${formatDuration(limitMs)}`)),
    limitMs,
  );
  // The signal comes first, whichever request takes too long.
  const limits = { retries: 0, timeoutMs: 2 * limitMs, signal: AbortSignal.any([tools.signal, timeout.signal]) };
  const http = tools.createHttp(fixedAuthorizer(credentialsFor(source.apiUrl, source.login)), limits);
  const client = createHistoryClient(http, source);
  try {
    return await newCommits(build, commit, client);
  } catch (error) {
    tools.signal.throwIfAborted();
    if (!isExpected(error)) throw error;
    tools.log.warning(
      `The commits since the last successful pipeline cannot be read, so build information names only this one: ${error.message.replace(/\.$/, '')}${scopesAdvice(error, source)}`,
    );
    if (!(error instanceof HttpError)) return commitAtHand(build);
    const own = await client.commit(commit).catch(() => undefined);
    tools.signal.throwIfAborted();
    return own === undefined ? commitAtHand(build) : alone(own);
  } finally {
    clearTimeout(timer);
  }
}

async function newCommits(build: Build, commit: string, client: HistoryClient): Promise<BuildCommits> {
  const { branch } = build;
  if (branch === undefined) return alone(await client.commit(commit), 'this is not the pipeline of a branch');
  const previous = await previousCommit({ ...build, branch }, client);
  if (previous === undefined)
    return alone(await client.commit(commit), `no earlier successful pipeline of ${branch} was found`);
  const { commits, isCut } = await client.commitsSince(commit, previous);
  if (commits.length === 0)
    return alone(await client.commit(commit), `the last successful pipeline of ${branch} had it, too`);
  const count = `${commits.length} ${commits.length === 1 ? 'commit' : 'commits'}`;
  return { commits, description: `${isCut ? `the newest ${count}` : count} since ${short(previous)}` };
}

/** Another pipeline of the branch, such as a nightly one, publishes other packages: its commits are not those of this one. */
async function previousCommit(
  { branch, number, pipelineId }: Build & { readonly branch: string },
  client: HistoryClient,
): Promise<string | undefined> {
  const own = pipelineId === undefined ? undefined : await client.pipeline(pipelineId);
  const earlier = (await client.successfulPipelines(branch)).filter(
    (each) =>
      each.isSuccessful &&
      each.branch === branch &&
      each.number < Number(number) &&
      (own === undefined || each.definition === own.definition),
  );
  return earlier.sort((a, b) => b.number - a.number)[0]?.commit;
}

function alone(commit: Commit, reason?: string): BuildCommits {
  const because = reason === undefined ? '' : `, since ${reason}`;
  return { commits: [commit], description: `only the commit ${short(commit.hash)}${because}` };
}

function short(hash: string): string {
  return hash.slice(0, 12);
}

function scopesAdvice(error: Error, { login }: CommitSource): string {
  if (!(error instanceof HttpError) || ![401, 403, 404].includes(error.refusal.status)) return '';
  const variable = login.scheme === 'Bearer' ? 'BITBUCKET_ACCESS_TOKEN' : 'ATLASSIAN_API_TOKEN';
  return `. Check ${variable}: it needs the scopes ${readingScopes[variable]}`;
}
