/** Describes the plan and the outcome of publishing packages to Octopus, for people and for programs. */

import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion, Publication } from '../destination.ts';
import { countSkipped, overallAction } from '../output-variables.ts';
import { planHead, planLines } from '../plan-lines.ts';
import { failureLine, totalsOf } from '../report.ts';
import { fittingHeadline, linksOf, nothingNew, skippedLines, summaryLines } from '../summary.ts';
import type { OctopusOutcome, OctopusOutcomeItem } from './outcome.ts';
import type { OctopusPlan } from './plan.ts';
import type { OctopusSettings } from './settings.ts';

/** The plan in words, and warnings about it. */
export function octopusPlanText(
  { packages, totalBytes, warnings, made }: OctopusPlan,
  { registry: server, space, isDryRun }: Pick<OctopusSettings, 'registry' | 'space' | 'isDryRun'>,
  scrub: Scrub,
): Pick<Publication, 'lines' | 'warnings'> {
  const what = `${formatCount(packages.length, 'package')}, ${formatBytes(totalBytes)}`;
  const where = server === undefined ? '' : `${server.href}${space === undefined ? '' : `, space ${printable(space)}`}`;
  const inside = made === undefined ? '' : `, ${formatCount(made.fileCount, 'file')} packed`;
  return {
    lines: [
      ...(server === undefined
        ? planHead(`Packing ${what}`, { full: printable(made?.outputFile ?? '') }, scrub)
        : planHead(`Publishing ${what}`, { full: where, short: server.href }, scrub)),
      ...planLines(
        packages.map(({ source }) => ({
          name: printable(source.path),
          details: `, ${formatBytes(source.size)}${inside}`,
        })),
        { isDryRun, scrub },
      ),
    ],
    warnings,
  };
}

/** The outcome, for the log, the result, the output variables and Code Insights. */
export function concludeOctopus(
  { items, error }: OctopusOutcome,
  { registry: server }: Pick<OctopusSettings, 'registry'>,
): Conclusion {
  const { uploaded, uploadedBytes } = totalsOf(items);
  const [first, ...others] = items;
  const only = others.length === 0 ? first : undefined;
  const count = formatCount(uploaded.length, 'package');
  return {
    error,
    failureLines: items.map(({ url = '', ...item }) => failureLine({ ...item, url })),
    summary: (elapsedMs, scrub) => summaryLines(summaryOf(items, server, elapsedMs), scrub),
    result: {
      items: items.map(({ name, url, path, size, sha256, action }) => ({ name, url, path, size, sha256, action })),
    },
    variables: {
      UPLOAD_ACTION: overallAction(items),
      UPLOAD_COUNT: String(items.length),
      UPLOAD_SKIPPED_COUNT: countSkipped(items),
      PACKAGE_NAME: only?.identity.id,
      PACKAGE_VERSION: only?.identity.version,
      PACKAGE_URL: only?.url,
      PACKAGE_PATH: only?.path,
      PACKAGE_SHA256: only?.sha256,
    },
    report: {
      title: server === undefined ? 'Packed for Octopus' : 'Published to Octopus',
      details:
        server === undefined ? (first?.path ?? '') : `${count}, ${formatBytes(uploadedBytes)}, to ${server.href}`,
      totals: [{ title: 'Packages', type: 'NUMBER', value: items.length }],
      links: uploaded.flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }])),
    },
  };
}

function summaryOf(
  items: readonly OctopusOutcomeItem[],
  server: URL | undefined,
  elapsedMs: number,
): Parameters<typeof summaryLines>[0] {
  const { uploaded, uploadedBytes } = totalsOf(items);
  const rows = items.map(({ name, size, sha256, action }) => ({ name, size, digest: sha256, action }));
  if (server === undefined) {
    const [made] = items;
    return {
      headline: `Packaging successful. Created package ${printable(made?.path ?? '')}.`,
      items: rows,
      links: [],
    };
  }
  const names = uploaded.length > 0 && uploaded.length <= 3 ? ` (${uploaded.map(({ name }) => name).join(', ')})` : '';
  const published = `Published ${formatCount(uploaded.length, 'package')}`;
  const amount = `${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}`;
  const headline =
    uploaded.length === 0
      ? nothingNew(items.length, 'package')
      : fittingHeadline(`${published}${names}, ${amount}`, `${published}, ${amount}`);
  const links = linksOf(
    items.map(({ url = '' }) => ({ url })),
    server.href,
  );
  return { headline, items: rows, savings: [...skippedLines(rows), ...deltaLines(items)], links };
}

/** `sent 1.02 MB instead of 1.00 GB: the rest is that of earlier packages`, if any were sent so. */
function deltaLines(items: readonly OctopusOutcomeItem[]): readonly string[] {
  const deltas = items.filter(({ action, deltaBytes }) => action === 'uploaded' && deltaBytes !== undefined);
  if (deltas.length === 0) return [];
  const sent = deltas.reduce((sum, { deltaBytes = 0 }) => sum + deltaBytes, 0);
  const whole = deltas.reduce((sum, { size }) => sum + size, 0);
  return [`sent ${formatBytes(sent)} instead of ${formatBytes(whole)}: the rest is as in earlier packages`];
}
