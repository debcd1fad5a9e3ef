/** Describes the plan and the outcome of publishing Python packages, for people and for programs. */

import { shortened } from '../../toolkit/columns.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion, Publication } from '../destination.ts';
import { countSkipped, overallAction } from '../output-variables.ts';
import { planHead, planLines } from '../plan-lines.ts';
import { failureLine, totalsOf } from '../report.ts';
import { areListed, fittingHeadline, nothingNew, skippedLines, summaryLines } from '../summary.ts';
import type { PypiOutcome, PypiOutcomeItem } from './outcome.ts';
import type { PypiPlan } from './plan.ts';
import type { PypiSettings } from './settings.ts';

/** Leaves room for the name of the file. */
const releaseColumns = 32;

const kinds = { bdist_wheel: 'wheel', sdist: 'source distribution' } as const;

/** The plan in words, and warnings about it. */
export function pypiPlanText(
  { files, totalBytes, leftOutDirectories, warnings: unmatched }: PypiPlan,
  { registry, isDryRun }: Pick<PypiSettings, 'registry' | 'isDryRun'>,
  scrub: Scrub,
): Pick<Publication, 'lines' | 'warnings'> {
  const releases = releasesOf(files);
  const what =
    releases.length === 1
      ? `${shortened(releases[0] ?? '', releaseColumns, scrub)}: `
      : `${formatCount(releases.length, 'version')}: `;
  return {
    lines: [
      ...planHead(
        `Publishing ${what}${formatCount(files.length, 'file')}, ${formatBytes(totalBytes)}`,
        { full: registry.href },
        scrub,
      ),
      ...planLines(
        files.map(({ source, filetype, name, version }) => ({
          name: printable(source.path),
          details: `: ${kinds[filetype]}, ${formatBytes(source.size)}`,
          more: releases.length === 1 ? undefined : shortened(`${name} ${version}`, releaseColumns, scrub),
        })),
        { isDryRun, scrub },
      ),
    ],
    warnings: [
      ...unmatched,
      ...files.flatMap(({ warnings }) => warnings),
      ...leftOutDirectories.map((directory) => `${printable(directory)} is a directory, so it is left out`),
    ],
  };
}

/** The outcome, for the log, the result, the output variables and Code Insights. */
export function concludePypi(
  { items, pages, error }: PypiOutcome,
  { registry }: Pick<PypiSettings, 'registry'>,
): Conclusion {
  const { uploaded, uploadedBytes } = totalsOf(items);
  const [first, ...others] = items;
  const only = others.length === 0 ? first : undefined;
  const ofOneRelease = releasesOf(items).length === 1 ? first : undefined;
  const page = pages.length === 1 ? pages[0] : undefined;
  const count = formatCount(uploaded.length, 'file');
  return {
    error,
    failureLines: items.map(({ filename, ...item }) => failureLine({ ...item, name: filename })),
    summary(elapsedMs, scrub) {
      const amount = `${count}, ${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}`;
      const names = releasesOf(uploaded).join(', ');
      const rows = items.map(({ filename: name, size, sha256: digest, action }) => ({ name, size, digest, action }));
      const headline =
        uploaded.length === 0
          ? nothingNew(items.length, 'file')
          : fittingHeadline(`Published ${names}: ${amount}`, `Published ${amount}`);
      const urls = areListed(items.length) ? [...new Set(items.map(({ url }) => url))] : pages;
      const links = areListed(urls.length) ? urls : [registry.href];
      return summaryLines({ headline, items: rows, savings: skippedLines(rows), links }, scrub);
    },
    result: {
      items: items.map(({ filename: name, url, size, sha256, action }) => ({ name, url, size, sha256, action })),
    },
    variables: {
      UPLOAD_ACTION: overallAction(items),
      UPLOAD_COUNT: String(items.length),
      UPLOAD_SKIPPED_COUNT: countSkipped(items),
      UPLOAD_URL: only?.url ?? page,
      PACKAGE_NAME: ofOneRelease?.name,
      PACKAGE_VERSION: ofOneRelease?.version,
      PACKAGE_URL: only?.url ?? page,
      PACKAGE_SHA256: only?.sha256,
    },
    report: {
      title: 'Published Python packages',
      details: `${count}, ${formatBytes(uploadedBytes)}, to ${registry.href}`,
      ...(page !== undefined && { link: page }),
      totals: [{ title: 'Files', type: 'NUMBER', value: uploaded.length }],
      links: uploaded.map(({ filename: name, url }) => ({ name, url })),
    },
  };
}

/** `name version` of each release that has files, printable. */
function releasesOf(files: readonly Pick<PypiOutcomeItem, 'name' | 'version'>[]): readonly string[] {
  return [...new Set(files.map(({ name, version }) => `${printable(name)} ${printable(version)}`))];
}
