/** What all reports share: the words for failures, the result's envelope, and the Code Insights report. */

import type { Report, ReportDatum } from '../toolkit/code-insights.ts';
import { printable } from '../toolkit/stdout.ts';
import type { Conclusion } from './destination.ts';
import type { Action } from './outcome.ts';

const failureWords: Readonly<Record<Action, string>> = {
  uploaded: 'published',
  reused: 'published',
  skipped: 'already there, left unchanged',
  unconfirmed: 'sent, but not confirmed by the server',
  failed: 'NOT published',
  'not sent': 'not attempted',
};

/**
 * The outcome of one item of a run that failed: `  app.zip: published, https://…`
 *
 * @param url where the item is published
 */
export function failureLine(name: string, action: Action, url?: string): string {
  const link = url === undefined || failureWords[action] !== 'published' ? '' : `, ${printable(url)}`;
  return `  ${printable(name)}: ${failureWords[action]}${link}`;
}

/** The uploaded items and their bytes, and the number of items that were not uploaded. */
export function totalsOf<Item extends { readonly size: number; readonly action: Action }>(
  items: readonly Item[],
): { readonly uploaded: readonly Item[]; readonly uploadedBytes: number; readonly otherCount: number } {
  const uploaded = items.filter(({ action }) => action === 'uploaded');
  const uploadedBytes = uploaded.reduce((sum, { size }) => sum + size, 0);
  return { uploaded, uploadedBytes, otherCount: items.length - uploaded.length };
}

/** The machine-readable result of a run. @param errorMessage of a run that failed */
export function resultOf(
  type: string,
  { result }: Pick<Conclusion, 'result'>,
  elapsedMs: number,
  errorMessage: string | undefined,
): Readonly<Record<string, unknown>> {
  const seconds = Math.round(elapsedMs) / 1000;
  return { type, ...result, seconds, ...(errorMessage === undefined ? {} : { error: errorMessage }) };
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

/** The Code Insights report of a run that succeeded: one for each TYPE, so that a commit can have several. */
export function insightsReport(type: string, content: ReportContent, elapsedMs: number): Report {
  const { title, details, link, totals, links = [] } = content;
  return {
    id: `${pipeName}-${type}`,
    title,
    details,
    reporter: pipeName,
    result: 'PASSED',
    ...(link !== undefined && { link }),
    data: [
      ...totals,
      { title: 'Duration', type: 'DURATION', value: Math.round(elapsedMs) },
      ...links.slice(0, maxLinks).map(({ name, url }): ReportDatum => ({
        title: printable(name),
        type: 'LINK',
        value: { text: printable(name), href: url },
      })),
    ],
  };
}
