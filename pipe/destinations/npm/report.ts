/** Puts a plan of packages, and what became of them, into the words, and the JSON, that a user gets. */

import type { Action } from '../downloads/outcome.ts';
import type { NpmOutcome } from './outcome.ts';
import type { NpmPlan } from './plan.ts';
import type { NpmSettings } from './settings.ts';
import type { PlanText } from '../downloads/report.ts';
import type { Report } from '../../toolkit/code-insights.ts';
import { printable } from '../../toolkit/output.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';

type Target = Pick<NpmSettings, 'registry'>;

export function npmPlanText({ packages, totalBytes, leftOutDirectories }: NpmPlan, { registry }: Target): PlanText {
  return {
    lines: [
      `Publishing ${formatCount(packages.length, 'package')}, ${formatBytes(totalBytes)}, to ${registry.href}`,
      ...packages.map(
        ({ source, id, tag, fileCount, unpackedBytes }) =>
          `  ${printable(source.path)}: ${id}, ${formatBytes(source.size)}, ${formatCount(fileCount, 'file')}, ${formatBytes(unpackedBytes)} unpacked, dist-tag ${tag}`,
      ),
    ],
    warnings: [
      ...packages.flatMap(({ warnings }) => warnings),
      ...leftOutDirectories.map((directory) => `${printable(directory)} is a directory, and is left out`),
    ],
  };
}

/** The last line of a run that succeeded. */
export function npmSuccessText({ items }: NpmOutcome, { registry }: Target, elapsedMs: number): string {
  const uploaded = items.filter(({ action }) => action === 'uploaded');
  const skipped = items.length - uploaded.length;
  const bytes = uploaded.reduce((sum, { size }) => sum + size, 0);
  const names = uploaded.length > 0 && uploaded.length <= 3 ? ` (${uploaded.map(({ id }) => id).join(', ')})` : '';
  return [
    `Published ${formatCount(uploaded.length, 'package')}${names}, ${formatBytes(bytes)} in ${formatDuration(elapsedMs)}`,
    ...(skipped > 0 ? [`skipped ${skipped} already there`] : []),
    registry.href,
  ].join(', ');
}

const failureWords: Readonly<Record<Action, string>> = {
  uploaded: 'published',
  skipped: 'published before, with the same content',
  unconfirmed: 'sent, but not confirmed by the registry',
  failed: 'NOT published',
  'not sent': 'NOT published (its turn did not come)',
};

/** One line for each package of a run that failed. */
export function npmFailureLines({ items }: NpmOutcome): readonly string[] {
  return items.map(
    ({ id, action, url }) => `  ${id}: ${failureWords[action]}${action === 'uploaded' ? `, ${printable(url)}` : ''}`,
  );
}

/** The machine-readable result. */
export function npmResult({ items }: NpmOutcome, elapsedMs: number, error: string | undefined): unknown {
  return {
    type: 'npm',
    items: items.map(({ id, url, size, sha256, integrity, tag, action }) => ({
      name: id,
      url,
      size,
      sha256,
      integrity,
      tag,
      action,
    })),
    seconds: Math.round(elapsedMs) / 1000,
    ...(error === undefined ? {} : { error }),
  };
}

/** Variables for the steps that follow. */
export function npmVariables({ items }: NpmOutcome): Readonly<Record<string, string | undefined>> {
  const only = items.length === 1 ? items[0] : undefined;
  return {
    PACKAGE_NAME: only?.name,
    PACKAGE_VERSION: only?.version,
    PACKAGE_URL: only?.url,
    UPLOAD_COUNT: String(items.length),
  };
}

/** The Code Insights report: its ten data are the totals, then links to what was published. */
export function npmReport({ items }: NpmOutcome, { registry }: Target, elapsedMs: number): Report {
  const uploaded = items.filter(({ action }) => action === 'uploaded');
  const bytes = uploaded.reduce((sum, { size }) => sum + size, 0);
  return {
    id: 'bitbucket-upload-package-npm',
    title: 'Published npm packages',
    details: `${formatCount(uploaded.length, 'package')}, ${formatBytes(bytes)}, to ${registry.href}`,
    reporter: 'bitbucket-upload-package',
    result: 'PASSED',
    data: [
      { title: 'Packages', type: 'NUMBER', value: uploaded.length },
      { title: 'Duration', type: 'DURATION', value: Math.round(elapsedMs) },
      ...uploaded
        .slice(0, 8)
        .map(({ id, url }) => ({ title: id, type: 'LINK', value: { text: id, href: url } }) as const),
    ],
  };
}
