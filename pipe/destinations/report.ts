/** What all reports share: the words for failures, the result's envelope, and the Code Insights report. */

import { createSha256 } from '../io/hashes.ts';
import type { Report, ReportDatum } from '../toolkit/code-insights.ts';
import type { ArrayValue } from '../toolkit/environment.ts';
import { printable } from '../toolkit/stdout.ts';
import type { Action } from './outcome.ts';

const failureWords: Readonly<Record<Action, string>> = {
  uploaded: 'published',
  reused: 'published',
  packed: 'packed',
  skipped: 'already there, left as it is',
  unconfirmed: 'sent, but not confirmed by the server',
  failed: 'NOT published',
  'not sent': 'not attempted',
};

/** The outcome of one item of a run that failed. */
export interface FailedItem {
  readonly name: string;
  readonly action: Action;
  /** Where it is published. */
  readonly url?: string;
  /** Why it is not published or not confirmed, if that is known. */
  readonly obstacle?: string | undefined;
}

/** `  app.zip: published, https://…`. Not shortened, however long: the names are all that tells the items apart. */
export function failureLine({ name, action, url, obstacle }: FailedItem): string {
  const link = url === undefined || failureWords[action] !== 'published' ? '' : `, ${printable(url)}`;
  const reason = action === 'unconfirmed' ? `sent, but ${obstacle}` : `NOT published: ${obstacle}`;
  const words = obstacle === undefined ? failureWords[action] : reason;
  return `  ${printable(name)}: ${words}${link}`;
}

/** The obstacle if a server keeps what it has. @param what a version or a tag; default: the item itself */
export function otherContent(what = 'it'): string {
  return `${printable(what)} is there already with other content; left as it is`;
}

/** The uploaded items and their bytes, and the number of items that were not uploaded. */
export function totalsOf<Item extends { readonly size: number | undefined; readonly action: Action }>(
  items: readonly Item[],
): { readonly uploaded: readonly Item[]; readonly uploadedBytes: number; readonly otherCount: number } {
  const uploaded = items.filter(({ action }) => action === 'uploaded');
  const uploadedBytes = uploaded.reduce((sum, { size = 0 }) => sum + size, 0);
  return { uploaded, uploadedBytes, otherCount: items.length - uploaded.length };
}

/** A destination's part of the Code Insights report. */
export interface ReportContent {
  readonly title: string;
  readonly details: string;
  /** The page that the report's title links to. */
  readonly link?: string;
  readonly totals: readonly ReportDatum[];
  /** The name and URL of each published item. */
  readonly links?: readonly { readonly name: string; readonly url: string }[];
}

const pipeName = 'bitbucket-upload-package';

/** Code Insights shows ten data fields: the totals, then as many links as there is room for. */
const maxLinks = 8;

/** Where a run publishes to, as far as its settings say so: a commit has one report for each target. */
export interface ReportTarget {
  /** The server, with the workspace and repository if it has them. */
  readonly server: string;
  /** What is published, as the user names it. */
  readonly name: string;
}

/** FILENAME in a few words. */
export function patternsName(patterns: ArrayValue): string {
  return patterns.form === 'string' ? patterns.value.trim() : patterns.items.join(', ');
}

/** A run, for its report. */
export interface ReportedRun {
  readonly type: string;
  readonly target: ReportTarget;
  readonly elapsedMs: number;
}

/** The Code Insights report of a run. @param outcome the lines after `✖` of a run that failed */
export function insightsReport(
  { type, target, elapsedMs }: ReportedRun,
  outcome: ReportContent | readonly string[],
): Report {
  const duration: ReportDatum = { title: 'Duration', type: 'DURATION', value: Math.round(elapsedMs) };
  const envelope = { id: reportId(type, target), reporter: pipeName };
  if (isFailure(outcome)) {
    const title = `Not published: ${printable(target.name)}`;
    return { ...envelope, title, details: outcome.join('\n'), result: 'FAILED', data: [duration] };
  }
  const { title, details, link, totals, links = [] } = outcome;
  return {
    ...envelope,
    title,
    details,
    result: 'PASSED',
    ...(link !== undefined && { link }),
    data: [
      ...totals,
      duration,
      ...links.slice(0, maxLinks).map(({ name, url }): ReportDatum => ({
        title: printable(name),
        type: 'LINK',
        value: { text: printable(name), href: url },
      })),
    ],
  };
}

function isFailure(outcome: ReportContent | readonly string[]): outcome is readonly string[] {
  return Array.isArray(outcome);
}

/** The same for each run to this target, so that a second try replaces the report of the first. */
function reportId(type: string, { server, name }: ReportTarget): string {
  const hash = createSha256();
  hash.update(Buffer.from(JSON.stringify([type, server, name])));
  return `${pipeName}-${type}-${hash.digest().slice(0, 16)}`;
}
