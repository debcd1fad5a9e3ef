/** The HTTP proxy inside Pipelines, which signs plain requests to `http://api.bitbucket.org/2.0/…`: Code Insights only. */
import { apiError, json, noSuchRepository, Refusal } from './answers.ts';
import { reportProblems } from './code-insights.ts';
import type { Exchange } from './exchange.ts';
import { decodeSegment } from './request-path.ts';

export interface PipelinesProxyOptions {
  readonly workspace: string;
  readonly repository: string;
  /** By `${sha}/${id}`. */
  readonly reports: Map<string, unknown>;
}

const origin = 'http://api.bitbucket.org';
const maxReportBytes = 1024 * 1024;

export async function servePipelinesProxy(exchange: Exchange, options: PipelinesProxyOptions): Promise<void> {
  const { path, method } = exchange;
  const {
    host,
    authorization,
    'proxy-authorization': proxyAuthorization,
    'content-type': type = '',
  } = exchange.request.headers;
  if (!path.startsWith(`${origin}/`)) refuse(400, `not a request to ${origin} in absolute form`);
  // RFC 9112, section 3.2.2: the Host header is that of the target, not the proxy's.
  if (host !== new URL(origin).host) refuse(400, `Host is ${host}`);
  // The proxy signs requests; a token would needlessly cross the network in plain text.
  if (authorization !== undefined || proxyAuthorization !== undefined) refuse(400, 'credentials for the proxy');
  const [, workspace = '', repository = '', sha, id] =
    /^\/2\.0\/repositories\/([^/]+)\/([^/]+)\/commit\/([0-9a-f]{7,40})\/reports\/([\w.%~-]+)$/.exec(
      path.slice(origin.length),
    ) ?? [];
  if (sha === undefined || id === undefined) return refuse(404, 'Resource not found');
  if (method !== 'PUT') return refuse(405, `Method "${method}" not allowed.`);
  if (decodeSegment(workspace) !== options.workspace || decodeSegment(repository) !== options.repository) {
    throw new Refusal(noSuchRepository);
  }
  if (!/^application\/json(?:; *charset=utf-8)?$/i.test(type)) return refuse(415, `Content-Type is ${type}`);
  const body = await exchange.receiveAll(maxReportBytes, new Refusal(apiError(413, 'Too large'), 'a huge report'));
  const report = parseReport(body);
  const problems = reportProblems(report);
  if (Object.keys(problems).length > 0) {
    throw new Refusal(apiError(400, 'Bad request', { fields: problems }), `not a report: ${JSON.stringify(problems)}`);
  }
  const key = `${sha}/${decodeSegment(id)}`;
  options.reports.set(key, report);
  const now = new Date().toISOString();
  await exchange.respond(json(200, { type: 'report', ...report, external_id: decodeSegment(id), updated_on: now }));
}

function parseReport(body: Buffer): Record<string, unknown> {
  try {
    const report: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof report === 'object' && report !== null) return { ...report };
  } catch {
    // Reported below.
  }
  return refuse(400, 'Bad request', 'the body is not a JSON object');
}

function refuse(status: number, message: string, violation = message): never {
  throw new Refusal(apiError(status, message), violation);
}
