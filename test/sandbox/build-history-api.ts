/** The part of Bitbucket Cloud's REST API 2.0 that serves commits and pipelines of one private repository. */
import { apiError, json, noSuchRepository, Refusal, type Answer } from './answers.ts';
import { authorize } from './authorize.ts';
import type { BuildHistory, HistoryCommit, HistoryPipeline } from './build-history.ts';
import type { Exchange } from './exchange.ts';
import { checkQuery, positiveInteger } from './query.ts';
import { decodeSegment, splitPath } from './request-path.ts';

export interface BuildHistoryApiOptions {
  readonly history: BuildHistory;
  readonly workspace: string;
  readonly repository: string;
  /** Known once the servers listen. */
  readonly apiUrl: () => string;
}

const route = /^\/2\.0\/repositories\/([^/]+)\/([^/]+)\/(pipelines|commits|commit)(?:\/([^/]+))?$/;

/** Whether the path is one of these resources. */
export function isBuildHistoryPath(path: string): boolean {
  return route.test(splitPath(path).pathname);
}

export async function serveBuildHistory(exchange: Exchange, options: BuildHistoryApiOptions): Promise<void> {
  const { pathname, query } = splitPath(exchange.path);
  const [, workspace = '', repository = '', resource, item] = route.exec(pathname) ?? [];
  if (exchange.method !== 'GET') throw new Refusal(apiError(405, 'Method not allowed.'), 'method not allowed');
  authorize(exchange, resource === 'pipelines' ? 'pipelines' : 'read');
  if (decodeSegment(workspace) !== options.workspace || decodeSegment(repository) !== options.repository)
    throw new Refusal(noSuchRepository);
  const name = item === undefined ? undefined : decodeSegment(item);
  if (resource === 'pipelines')
    return await exchange.respond(
      name === undefined ? listPipelines(exchange, query, options) : onePipeline(exchange, query, name, options),
    );
  if (name === undefined) throw new Refusal(apiError(404, 'Resource not found'), 'no revision');
  if (resource === 'commits') return await exchange.respond(listCommits(exchange, query, name, options));
  checkQuery(exchange, query, ['fields']);
  await exchange.respond(json(200, chosen(describeCommit(find(name, options)), fieldsOf(query))));
}

const statuses = ['PARSING', 'PENDING', 'PAUSED', 'HALTED', 'BUILDING', 'ERROR', 'PASSED', 'FAILED', 'STOPPED'];
const maxPageLength = 100;

function listPipelines(exchange: Exchange, query: URLSearchParams, { history }: BuildHistoryApiOptions): Answer {
  checkQuery(exchange, query, ['target.branch', 'status', 'sort', 'page', 'pagelen']);
  const branch = query.get('target.branch');
  const status = query.get('status');
  const sort = query.get('sort') ?? 'created_on';
  if (status !== null && !statuses.includes(status))
    throw new Refusal(apiError(400, 'Bad request'), `status ${status}`);
  if (!/^-?created_on$/.test(sort)) throw new Refusal(apiError(400, 'Bad request'), `sort ${sort}`);
  const { page, pagelen } = pageOf(query);
  const found = history.pipelines
    .filter(({ kind, name }) => branch === null || (kind === 'branch' && name === branch))
    .filter(({ result }) => status === null || statusOf(result) === status)
    .sort((a, b) => (sort.startsWith('-') ? b.number - a.number : a.number - b.number));
  const values = found.slice((page - 1) * pagelen, page * pagelen).map(describePipeline);
  return json(200, { page, pagelen, size: found.length, values });
}

function statusOf(result: HistoryPipeline['result']): string {
  return result === undefined ? 'BUILDING' : result === 'SUCCESSFUL' ? 'PASSED' : result;
}

function onePipeline(
  exchange: Exchange,
  query: URLSearchParams,
  uuid: string,
  { history }: BuildHistoryApiOptions,
): Answer {
  checkQuery(exchange, query, []);
  const found = history.pipelines.find((each) => each.uuid === uuid);
  if (found === undefined) throw new Refusal(apiError(404, 'Not found'));
  return json(200, describePipeline(found));
}

function describePipeline({ number, uuid, kind, name, selector, commit, result }: HistoryPipeline): unknown {
  const completed = {
    type: 'pipeline_state_completed',
    name: 'COMPLETED',
    result: { type: `pipeline_state_completed_${result?.toLowerCase()}`, name: result },
  };
  return {
    type: 'pipeline',
    uuid,
    build_number: number,
    state: result === undefined ? { type: 'pipeline_state_in_progress', name: 'IN_PROGRESS' } : completed,
    target: {
      type: 'pipeline_ref_target',
      ref_type: kind,
      ref_name: name,
      selector,
      commit: { type: 'commit', hash: commit },
    },
    created_on: new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString(),
  };
}

/** A linear history: what leads to a commit is what is before it. */
function listCommits(
  exchange: Exchange,
  query: URLSearchParams,
  revision: string,
  options: BuildHistoryApiOptions,
): Answer {
  checkQuery(exchange, query, ['exclude', 'page', 'pagelen', 'fields']);
  const { history } = options;
  const excluded = query.get('exclude');
  const end = history.commits.indexOf(find(revision, options)) + 1;
  const start = excluded === null ? 0 : history.commits.indexOf(find(excluded, options)) + 1;
  const found = history.commits.slice(Math.min(start, end), end).toReversed();
  const { page, pagelen } = pageOf(query);
  const next = `${options.apiUrl()}/repositories/${options.workspace}/${options.repository}/commits/${revision}?page=${page + 1}`;
  return json(
    200,
    chosen(
      {
        pagelen,
        values: found.slice((page - 1) * pagelen, page * pagelen).map(describeCommit),
        ...(page * pagelen < found.length && { next }),
      },
      fieldsOf(query),
    ),
  );
}

function find(hash: string, { history }: BuildHistoryApiOptions): HistoryCommit {
  const found = history.commits.find((each) => each.hash === hash);
  if (found === undefined) throw new Refusal(apiError(404, `Commit not found`, { detail: hash }));
  return found;
}

function describeCommit({ hash, message }: HistoryCommit): Readonly<Record<string, unknown>> {
  return { type: 'commit', hash, message, date: '2026-01-01T00:00:00+00:00', author: { type: 'author', raw: 'Dev' } };
}

function fieldsOf(query: URLSearchParams): readonly string[] | undefined {
  return query.get('fields')?.split(',');
}

/** Partial responses. @see https://developer.atlassian.com/cloud/bitbucket/rest/intro/#partial-response */
function chosen(document: Readonly<Record<string, unknown>>, fields: readonly string[] | undefined): unknown {
  if (fields === undefined) return document;
  const entries = Object.entries(document).flatMap(([name, value]): [string, unknown][] => {
    const below = fields.flatMap((field) => (field.startsWith(`${name}.`) ? [field.slice(name.length + 1)] : []));
    if (fields.includes(name)) return [[name, value]];
    if (below.length === 0) return [];
    return [[name, (value as readonly Readonly<Record<string, unknown>>[]).map((each) => chosen(each, below))]];
  });
  return Object.fromEntries(entries);
}

function pageOf(query: URLSearchParams): { readonly page: number; readonly pagelen: number } {
  const pagelen = positiveInteger(query, 'pagelen', 10);
  if (pagelen > maxPageLength) throw new Refusal(apiError(400, 'Invalid pagelen'), `pagelen ${pagelen}`);
  return { page: positiveInteger(query, 'page', 1), pagelen };
}
