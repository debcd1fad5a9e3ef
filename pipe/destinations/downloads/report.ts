/** Describes the plan and the outcome of an upload to Downloads, for people and for programs. */

import { defaultApiUrl } from '../../settings/variables.ts';
import { aroundName, maxInfoColumns, shortened } from '../../toolkit/columns.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion, Publication } from '../destination.ts';
import { countSkipped, overallAction } from '../output-variables.ts';
import { planHead, planLines } from '../plan-lines.ts';
import { failureLine, totalsOf } from '../report.ts';
import { linksOf, nothingNew, skippedLines, type Summary, summaryLines } from '../summary.ts';
import { downloadsPage } from './links.ts';
import type { DownloadsOutcome } from './outcome.ts';
import { checksumsName, type DownloadsPlan } from './plan.ts';
import type { FileSettings } from './settings.ts';

/** Bitbucket allows about 1,000 requests an hour. */
const manyRequests = 900;

/** Leaves room for the name of the file itself. */
const otherNameColumns = 32;

/** The plan in words, and warnings about it. */
export function planText(
  plan: DownloadsPlan,
  settings: FileSettings,
  scrub: Scrub,
): Pick<Publication, 'lines' | 'warnings'> {
  const { files, totalBytes, leftOutDirectories, packed } = plan;
  const checksums = { none: '', list: ` and ${checksumsName}`, each: ' and a .sha256 file for each' }[
    settings.checksums
  ];
  const { workspace, repository, apiUrl } = settings;
  const place = `${workspace}/${repository}`;
  const downloads = `the downloads of ${place}`;
  const isBitbucket = apiUrl.host === new URL(defaultApiUrl).host;
  const lines = [
    ...planHead(
      `Publishing ${formatCount(files.length, 'file')}${checksums}, ${formatBytes(totalBytes)}`,
      { full: `${downloads} at ${apiUrl.host}`, short: isBitbucket ? downloads : `${place} at ${apiUrl.host}` },
      scrub,
    ),
    ...planLines(
      files.map(({ source, name }) => {
        const as =
          source.path === name || source.path.endsWith(`/${name}`)
            ? ''
            : ` as ${shortened(printable(name), otherNameColumns, scrub)}`;
        const inside = packed === undefined ? '' : `, ${formatCount(packed.fileCount, 'file')} packed`;
        return { name: printable(source.path), details: `${as}, ${formatBytes(source.size)}${inside}` };
      }),
      { ...settings, scrub },
    ),
  ];
  if (settings.retention !== undefined) {
    const { keep, pattern } = settings.retention;
    const kept = keep === 1 ? 'download that matches' : `${keep} downloads that match`;
    const before = `Then deleting all but the newest ${kept} `;
    lines.push(aroundName([before, printable(pattern), ''], maxInfoColumns, scrub));
  }
  const warnings = [
    ...plan.warnings,
    ...leftOutDirectories.map(
      (directory) =>
        `${printable(directory)} is a directory, so it is left out: use ${printable(directory)}/** for its files`,
    ),
  ];
  if (files.length > manyRequests) {
    warnings.push(
      `${files.length} files need ${files.length} requests, and Bitbucket allows about 1,000 an hour: an archive of them needs only one`,
    );
  }
  return { lines, warnings };
}

/** The outcome, for the log, the result, the output variables and Code Insights. */
export function concludeDownloads(outcome: DownloadsOutcome, settings: FileSettings): Conclusion {
  const { items, obstacles, deleted, isPublished, error } = outcome;
  const { uploaded, uploadedBytes } = totalsOf(items);
  const [first, ...others] = items;
  const only = others.length === 0 ? first : undefined;
  return {
    error,
    isPublished,
    failureLines:
      error === undefined ? [] : items.map((item) => failureLine({ ...item, obstacle: obstacles?.get(item.name) })),
    summary: (elapsedMs, scrub) => summaryLines(summaryOf(outcome, settings, elapsedMs), scrub),
    result: { items, deleted },
    variables: {
      UPLOAD_ACTION: overallAction(items),
      UPLOAD_COUNT: String(items.length),
      UPLOAD_SKIPPED_COUNT: countSkipped(items),
      UPLOAD_URL: only?.url ?? downloadsPage(settings),
      UPLOAD_SHA256: only?.sha256,
      UPLOAD_DELETED_COUNT: settings.retention === undefined ? undefined : String(deleted.length),
    },
    report: {
      title: 'Published to Downloads',
      details: `${formatCount(uploaded.length, 'file')}, ${formatBytes(uploadedBytes)}`,
      link: downloadsPage(settings),
      totals: [{ title: 'Files', type: 'NUMBER', value: uploaded.length }],
      links: uploaded,
    },
  };
}

function summaryOf({ items, deleted }: DownloadsOutcome, settings: FileSettings, elapsedMs: number): Summary {
  const { uploaded, uploadedBytes } = totalsOf(items);
  const rate = uploadedBytes > 0 && elapsedMs > 0 ? ` (${formatBytes(uploadedBytes / (elapsedMs / 1000))}/s)` : '';
  const rows = items.map(({ sha256, ...item }) => ({ ...item, digest: sha256 }));
  const done = `Uploaded ${formatCount(uploaded.length, 'file')}, ${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}${rate}`;
  return {
    headline: uploaded.length === 0 ? nothingNew(items.length, 'file') : done,
    // Each is a file's checksum, which stands there already.
    items: settings.checksums === 'each' ? rows.slice(0, rows.length / 2) : rows,
    isListLast: settings.checksums === 'list',
    savings: [...skippedLines(rows), ...(deleted.length > 0 ? [`deleted ${deleted.length} old`] : [])],
    links: linksOf(items, downloadsPage(settings)),
  };
}
