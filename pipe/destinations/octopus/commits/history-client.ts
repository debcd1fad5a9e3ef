/**
 * The part of Bitbucket Cloud's REST API that says what is new in a build: one function for each operation.
 *
 * @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pipelines/ and api-group-commits
 */

import { parseAnswer, readBytes } from '../../../http/answer.ts';
import type { Http } from '../../../http/send.ts';
import { asList, asObject, asString, isRecord } from '../../../io/json.ts';
import type { CommitSource } from './commit-source.ts';

/** A commit, as Bitbucket describes it. */
export interface Commit {
  /** 40 hexadecimal digits. */
  readonly hash: string;
  /** All of it; empty if it is not known. */
  readonly message: string;
}

/** A pipeline of a branch. */
export interface Pipeline {
  readonly number: number;
  readonly branch: string | undefined;
  /** The part of bitbucket-pipelines.yml that it ran, such as `branches main` or `custom release`. */
  readonly definition: string;
  readonly commit: string | undefined;
  readonly isSuccessful: boolean;
}

/**
 * A client for the history of one repository.
 *
 * Each method throws HttpError, NetworkError or StalledError if the request fails, and UnexpectedAnswerError if the answer
 * is not one of Bitbucket's.
 */
export interface HistoryClient {
  /** @param id its UUID in braces */
  pipeline(id: string): Promise<Pipeline>;
  /** The latest successful pipelines of the branch, the newest first: at most 30. */
  successfulPipelines(branch: string): Promise<readonly Pipeline[]>;
  commit(hash: string): Promise<Commit>;
  /** The commits that lead to `hash`, but not to `excluded`, the newest first: at most 100. @returns also whether there are more */
  commitsSince(
    hash: string,
    excluded: string,
  ): Promise<{ readonly commits: readonly Commit[]; readonly isCut: boolean }>;
}

const maxPipelines = 30;
/** Bitbucket's limit on the length of a page. */
const maxCommits = 100;
/** A hundred commits with messages of 40 kB each. */
const maxAnswerBytes = 4 * 1024 * 1024;
const maxRedirects = 2;

/** The client for the repository of this source. */
export function createHistoryClient(
  http: Http,
  { apiUrl, workspace, repository }: Omit<CommitSource, 'login'>,
): HistoryClient {
  const base = `${apiUrl.href.replace(/\/+$/, '')}/repositories/${encodeURIComponent(workspace)}/${encodeURIComponent(repository)}`;
  const get = async <T>(
    path: string,
    query: Readonly<Record<string, string>>,
    what: string,
    read: (document: unknown) => T,
  ): Promise<T> => {
    const url = new URL(base + path);
    url.search = String(new URLSearchParams(query));
    const headers = { accept: 'application/json' };
    return await http.send({ method: 'GET', url, accept: [200], headers, redirects: maxRedirects }, async (answer) =>
      parseAnswer(answer, await readBytes(answer, maxAnswerBytes), what, read),
    );
  };
  return {
    pipeline: async (id) => await get(`/pipelines/${encodeURIComponent(id)}`, {}, 'a pipeline', readPipeline),

    successfulPipelines: async (branch) =>
      await get(
        '/pipelines',
        { 'target.branch': branch, status: 'PASSED', sort: '-created_on', pagelen: String(maxPipelines) },
        'a list of pipelines',
        (document) => asList(asObject(document, 'it')['values'], 'values').map(readPipeline),
      ),

    commit: async (hash) =>
      await get(`/commit/${encodeURIComponent(hash)}`, { fields: 'hash,message' }, 'a commit', readCommit),

    commitsSince: async (hash, excluded) =>
      await get(
        `/commits/${encodeURIComponent(hash)}`,
        { exclude: excluded, pagelen: String(maxCommits), fields: 'next,values.hash,values.message' },
        'a list of commits',
        (document) => {
          const { values, next } = asObject(document, 'it');
          const commits = asList(values, 'values').map(readCommit);
          return { commits: commits.slice(0, maxCommits), isCut: next !== undefined || commits.length > maxCommits };
        },
      ),
  };
}

/** A pipeline with missing fields is read, too, but matches no other. @throws InputError if it is not a pipeline */
function readPipeline(document: unknown): Pipeline {
  const { build_number: number, target, state } = asObject(document, 'the pipeline');
  const { ref_type: kind, ref_name: name, selector, commit } = recordOrEmpty(target);
  const { type, pattern } = recordOrEmpty(selector);
  return {
    number: typeof number === 'number' ? number : Number.NaN,
    branch: kind === 'branch' ? stringOrUndefined(name) : undefined,
    definition: `${stringOrUndefined(type) ?? ''} ${stringOrUndefined(pattern) ?? ''}`,
    commit: stringOrUndefined(recordOrEmpty(commit)['hash']),
    isSuccessful: recordOrEmpty(recordOrEmpty(state)['result'])['name'] === 'SUCCESSFUL',
  };
}

function recordOrEmpty(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function stringOrUndefined(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function readCommit(document: unknown): Commit {
  const { hash, message } = asObject(document, 'the commit');
  return { hash: asString(hash, 'hash'), message: asString(message, 'message') };
}
