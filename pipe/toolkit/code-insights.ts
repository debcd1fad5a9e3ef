/** Code Insights reports on a commit, through the proxy that Pipelines offers to pipes. */

import type { Environment } from './environment.ts';
import { type Scrub, scrubStrings } from './scrub.ts';

/** The proxy as a pipe's container reaches it. It signs requests, so none of them carries a credential. */
export const pipelinesProxyUrl = 'http://host.docker.internal:29418';

const maxTitle = 450;
const maxDetails = 2000;
const maxData = 10;
const maxDatumCharacters = 100;

export type ReportDatum =
  | { readonly title: string; readonly type: 'NUMBER' | 'DURATION'; readonly value: number }
  | { readonly title: string; readonly type: 'TEXT'; readonly value: string }
  | { readonly title: string; readonly type: 'LINK'; readonly value: { readonly text: string; readonly href: string } };

export interface Report {
  /** Unique within the commit: a second report with this id replaces the first. */
  readonly id: string;
  readonly title: string;
  readonly details: string;
  readonly reporter: string;
  readonly result: 'PASSED' | 'FAILED';
  readonly link?: string;
  readonly data: readonly ReportDatum[];
}

/** A request for the proxy: `target` is the absolute URL that goes into the request line. */
interface ReportRequest {
  readonly target: string;
  readonly body: string;
}

/** Whether this run belongs to a commit in a pipeline, so that the proxy can be expected. */
export function canReport(env: Environment): boolean {
  return Boolean(
    env['BITBUCKET_PIPELINE_UUID'] &&
    env['BITBUCKET_COMMIT'] &&
    env['BITBUCKET_WORKSPACE'] &&
    env['BITBUCKET_REPO_SLUG'],
  );
}

/**
 * The request that publishes a report without secrets. Strings are cut to the API's limits, and only the first 10 data are
 * kept.
 *
 * @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-reports/ "Create or update a report"
 */
export function reportRequest(env: Environment, given: Report, scrub: Scrub): ReportRequest {
  const report = scrubStrings(given, scrub);
  const segments = [
    env['BITBUCKET_WORKSPACE'],
    env['BITBUCKET_REPO_SLUG'],
    'commit',
    env['BITBUCKET_COMMIT'],
    'reports',
    report.id,
  ];
  const path = segments.map((segment) => encodeURIComponent(segment ?? '')).join('/');
  const body = {
    title: report.title.slice(0, maxTitle),
    details: report.details.slice(0, maxDetails),
    report_type: 'TEST',
    reporter: report.reporter,
    result: report.result,
    ...(report.link === undefined ? {} : { link: report.link }),
    data: report.data.slice(0, maxData).map(cutDatum),
  };
  return { target: `http://api.bitbucket.org/2.0/repositories/${path}`, body: JSON.stringify(body) };
}

function cutDatum(datum: ReportDatum): ReportDatum {
  const title = datum.title.slice(0, maxDatumCharacters);
  if (datum.type !== 'LINK') return { ...datum, title };
  return { ...datum, title, value: { ...datum.value, text: datum.value.text.slice(0, maxDatumCharacters) } };
}
