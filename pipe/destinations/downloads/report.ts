/** Puts a plan and an outcome into the words, and the JSON, that a user gets. */

import { downloadsPage } from './links.ts';
import type { Action, DownloadsOutcome, OutcomeItem } from './outcome.ts';
import { checksumsName, type DownloadsPlan } from './plan.ts';
import type { FileSettings } from './settings.ts';
import type { Report } from '../../toolkit/code-insights.ts';
import { printable } from '../../toolkit/output.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';

/** A plan longer than this is cut in the log; everything is listed once it is published. */
const maxPlanLines = 50;
/** Bitbucket allows about 1,000 requests an hour. */
const manyRequests = 900;

export interface PlanText {
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
}

export function planText(plan: DownloadsPlan, settings: FileSettings): PlanText {
  const { files, totalBytes, leftOutDirectories } = plan;
  const target = `the downloads of ${settings.workspace}/${settings.repository} at ${settings.apiUrl.host}`;
  const lines = [
    `Publishing ${formatCount(files.length, 'file')}, ${formatBytes(totalBytes)}, to ${target}`,
    ...files.slice(0, maxPlanLines).map(({ source, name }) => {
      const from = source.path === name || source.path.endsWith(`/${name}`) ? '' : ` as ${printable(name)}`;
      return `  ${printable(source.path)}${from}, ${formatBytes(source.size)}`;
    }),
  ];
  if (files.length > maxPlanLines) lines.push(`  … and ${files.length - maxPlanLines} more`);
  if (settings.withChecksums) lines.push(`  ${checksumsName}, made from these`);
  if (settings.retention !== undefined) {
    lines.push(
      `Then deleting all but the newest ${settings.retention.keep} downloads that match ${printable(settings.retention.pattern)}`,
    );
  }
  const warnings = leftOutDirectories.map(
    (directory) =>
      `${printable(directory)} is a directory, and is left out: ${printable(directory)}/** names its files`,
  );
  if (files.length > manyRequests) {
    warnings.push(
      `${files.length} files need as many requests, and Bitbucket allows about 1,000 an hour: an archive of them is one`,
    );
  }
  return { lines, warnings };
}

/** The last line of a run that succeeded. */
export function successText(outcome: DownloadsOutcome, settings: FileSettings, elapsedMs: number): string {
  const uploaded = outcome.items.filter(({ action }) => action === 'uploaded');
  const skipped = outcome.items.length - uploaded.length;
  const bytes = uploaded.reduce((sum, { size }) => sum + size, 0);
  const rate = elapsedMs > 0 ? ` (${formatBytes(bytes / (elapsedMs / 1000))}/s)` : '';
  return [
    `Uploaded ${formatCount(uploaded.length, 'file')}, ${formatBytes(bytes)} in ${formatDuration(elapsedMs)}${uploaded.length > 0 ? rate : ''}`,
    ...(skipped > 0 ? [`skipped ${skipped} already there`] : []),
    ...(outcome.deleted.length > 0 ? [`deleted ${outcome.deleted.length} old`] : []),
    downloadsPage(settings),
  ].join(', ');
}

const failureWords: Readonly<Record<Action, string>> = {
  uploaded: 'published',
  skipped: 'left as it was there before',
  unconfirmed: 'sent, but not confirmed by the server',
  failed: 'NOT published',
  'not sent': 'NOT published (its turn did not come)',
};

/** One line for each file of a run that failed. */
export function failureLines(outcome: DownloadsOutcome): readonly string[] {
  return outcome.items.map(
    ({ name, action, url }) =>
      `  ${printable(name)}: ${failureWords[action]}${action === 'uploaded' ? `, ${url}` : ''}`,
  );
}

export interface Result {
  readonly type: 'file';
  readonly items: readonly OutcomeItem[];
  readonly deleted: readonly string[];
  readonly seconds: number;
  readonly error?: string;
}

/** The machine-readable result. */
export function resultOf(outcome: DownloadsOutcome, elapsedMs: number, errorMessage: string | undefined): Result {
  const { items, deleted } = outcome;
  const seconds = Math.round(elapsedMs) / 1000;
  return { type: 'file', items, deleted, seconds, ...(errorMessage === undefined ? {} : { error: errorMessage }) };
}

/** Variables for the steps that follow. */
export function outputVariables(
  outcome: DownloadsOutcome,
  settings: FileSettings,
): Readonly<Record<string, string | undefined>> {
  const only = outcome.items.length === 1 ? outcome.items[0] : undefined;
  return {
    UPLOAD_URL: only?.url ?? downloadsPage(settings),
    UPLOAD_COUNT: String(outcome.items.length),
    UPLOAD_SHA256: only?.sha256,
  };
}

/** The Code Insights report: its ten data are the totals, then links to what was published. */
export function insightsReport(outcome: DownloadsOutcome, settings: FileSettings, elapsedMs: number): Report {
  const uploaded = outcome.items.filter(({ action }) => action === 'uploaded');
  const bytes = uploaded.reduce((sum, { size }) => sum + size, 0);
  return {
    id: `bitbucket-upload-package-${settings.type}`,
    title: 'Published to Downloads',
    details: `${formatCount(uploaded.length, 'file')}, ${formatBytes(bytes)}`,
    reporter: 'bitbucket-upload-package',
    result: 'PASSED',
    link: downloadsPage(settings),
    data: [
      { title: 'Files', type: 'NUMBER', value: uploaded.length },
      { title: 'Duration', type: 'DURATION', value: Math.round(elapsedMs) },
      ...uploaded.slice(0, 8).map(
        ({ name, url }) =>
          ({
            title: printable(name),
            type: 'LINK',
            value: { text: printable(name), href: url },
          }) as const,
      ),
    ],
  };
}
