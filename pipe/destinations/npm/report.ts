/** Describes the plan and the outcome of publishing npm packages, for people and for programs. */

import { shortened } from '../../toolkit/columns.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion, Publication } from '../destination.ts';
import { countSkipped, overallAction } from '../output-variables.ts';
import { planHead, planLines } from '../plan-lines.ts';
import { failureLine, totalsOf } from '../report.ts';
import { fittingHeadline, linksOf, nothingNew, skippedLines, summaryLines } from '../summary.ts';
import type { NpmOutcome } from './outcome.ts';
import type { NpmPlan } from './plan.ts';
import type { NpmSettings } from './settings.ts';

/** Leaves room for the name of the file. */
const idColumns = 32;
const wordColumns = 16;

type Target = Pick<NpmSettings, 'registry'>;

/** The plan in words, and warnings about it. */
export function npmPlanText(
  { packages, totalBytes, leftOutDirectories, warnings: unmatched }: NpmPlan,
  { registry, isDryRun }: Pick<NpmSettings, 'registry' | 'isDryRun'>,
  scrub: Scrub,
): Pick<Publication, 'lines' | 'warnings'> {
  return {
    lines: [
      ...planHead(
        `Publishing ${formatCount(packages.length, 'package')}, ${formatBytes(totalBytes)}`,
        { full: registry.href },
        scrub,
      ),
      ...planLines(
        packages.map(({ source, id, tag, access, fileCount, unpackedBytes }) => ({
          name: printable(source.path),
          details: `: ${shortened(id, idColumns, scrub)}, ${formatBytes(source.size)}`,
          more: [
            formatCount(fileCount, 'file'),
            `${formatBytes(unpackedBytes)} unpacked`,
            `dist-tag ${shortened(tag, wordColumns, scrub)}`,
            ...(access === undefined ? [] : [`access ${shortened(printable(access), wordColumns, scrub)}`]),
          ].join(', '),
        })),
        { isDryRun, scrub },
      ),
    ],
    warnings: [
      ...unmatched,
      ...packages.flatMap(({ warnings }) => warnings),
      ...leftOutDirectories.map((directory) => `${printable(directory)} is a directory, so it is left out`),
    ],
  };
}

/** The outcome, for the log, the result, the output variables and Code Insights. */
export function concludeNpm({ items, error }: NpmOutcome, { registry }: Target): Conclusion {
  const { uploaded, uploadedBytes } = totalsOf(items);
  const [first, ...others] = items;
  const only = others.length === 0 ? first : undefined;
  const count = formatCount(uploaded.length, 'package');
  return {
    error,
    failureLines: items.map(({ id, ...item }) => failureLine({ ...item, name: id })),
    summary(elapsedMs, scrub) {
      const names = uploaded.length > 0 && uploaded.length <= 3 ? ` (${uploaded.map(({ id }) => id).join(', ')})` : '';
      const amount = `${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}`;
      const rows = items.map(({ id, size, sha256, action }) => ({ name: id, size, digest: sha256, action }));
      const headline =
        uploaded.length === 0
          ? nothingNew(items.length, 'package')
          : fittingHeadline(`Published ${count}${names}, ${amount}`, `Published ${count}, ${amount}`);
      const links = linksOf(items, registry.href);
      return summaryLines({ headline, items: rows, savings: skippedLines(rows), links }, scrub);
    },
    result: {
      items: items.map(({ id: name, url, size, sha256, integrity, tag, action }) => ({
        name,
        url,
        size,
        sha256,
        integrity,
        tag,
        action,
      })),
    },
    variables: {
      UPLOAD_ACTION: overallAction(items),
      UPLOAD_COUNT: String(items.length),
      UPLOAD_SKIPPED_COUNT: countSkipped(items),
      PACKAGE_NAME: only?.name,
      PACKAGE_VERSION: only?.version,
      PACKAGE_URL: only?.url,
      PACKAGE_SHA256: only?.sha256,
      PACKAGE_INTEGRITY: only?.integrity,
    },
    report: {
      title: 'Published npm packages',
      details: `${count}, ${formatBytes(uploadedBytes)}, to ${registry.href}`,
      totals: [{ title: 'Packages', type: 'NUMBER', value: uploaded.length }],
      links: uploaded.map(({ id: name, url }) => ({ name, url })),
    },
  };
}
