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
import type { NpmOutcome, NpmOutcomeItem } from './outcome.ts';
import type { NpmPlan } from './plan.ts';
import type { NpmSettings } from './settings.ts';

/** Leaves room for the name of the file. */
const idColumns = 32;
const wordColumns = 16;
/** Leaves room for the command and the identifier. */
const approvedColumns = 20;

type Target = Pick<NpmSettings, 'registry' | 'stages'>;

/** More commands would hide what is above them. */
const maxApprovals = 20;

/** The plan in words, and warnings about it. */
export function npmPlanText(
  { packages, totalBytes, leftOutDirectories, warnings: unmatched }: NpmPlan,
  { registry, isDryRun, stages }: Pick<NpmSettings, 'registry' | 'isDryRun' | 'stages'>,
  scrub: Scrub,
): Pick<Publication, 'lines' | 'warnings'> {
  return {
    lines: [
      ...planHead(
        `${stages ? 'Staging' : 'Publishing'} ${formatCount(packages.length, 'package')}, ${formatBytes(totalBytes)}`,
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
export function concludeNpm({ items, error }: NpmOutcome, { registry, stages }: Target): Conclusion {
  const { uploaded, uploadedBytes } = totalsOf(items);
  const [first, ...others] = items;
  const only = others.length === 0 ? first : undefined;
  const count = formatCount(uploaded.length, 'package');
  const done = stages ? 'Staged' : 'Published';
  const stageIds = items.flatMap(({ stageId }) => (stageId === undefined ? [] : [stageId]));
  return {
    error,
    failureLines: items.map(outcomeLine),
    summary(elapsedMs, scrub) {
      const names = uploaded.length > 0 && uploaded.length <= 3 ? ` (${uploaded.map(({ id }) => id).join(', ')})` : '';
      const amount = `${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}`;
      const rows = items.map(({ id, size, sha256, action }) => ({ name: id, size, digest: sha256, action }));
      const headline =
        uploaded.length === 0
          ? nothingNew(items.length, 'package')
          : fittingHeadline(`${done} ${count}${names}, ${amount}`, `${done} ${count}, ${amount}`);
      const links =
        stageIds.length === 0
          ? { links: linksOf(items, registry.href) }
          : {
              links: approvals(items, scrub),
              linksTitle: 'published once a person approves it, with a second factor:',
            };
      return summaryLines({ headline, items: rows, savings: skippedLines(rows), ...links }, scrub);
    },
    result: {
      items: items.map(({ id: name, url, size, sha256, integrity, tag, stageId, action }) => ({
        name,
        url,
        size,
        sha256,
        integrity,
        tag,
        stageId,
        action,
      })),
    },
    variables: {
      UPLOAD_ACTION: overallAction(items),
      UPLOAD_COUNT: String(items.length),
      UPLOAD_SKIPPED_COUNT: countSkipped(items),
      PACKAGE_NAME: only?.name,
      PACKAGE_VERSION: only?.version,
      // Nothing is there before the approval.
      PACKAGE_URL: only?.stageId === undefined ? only?.url : undefined,
      PACKAGE_SHA256: only?.sha256,
      PACKAGE_INTEGRITY: only?.integrity,
      NPM_STAGE_IDS: stageIds.length === 0 ? undefined : stageIds.join(' '),
    },
    report: {
      title: `${done} npm packages`,
      details: `${count}, ${formatBytes(uploadedBytes)}, to ${registry.href}`,
      totals: [{ title: 'Packages', type: 'NUMBER', value: uploaded.length }],
      links: stages ? [] : uploaded.map(({ id: name, url }) => ({ name, url })),
    },
  };
}

/** The outcome of one package of a run that failed. */
function outcomeLine({ id, stageId, ...item }: NpmOutcomeItem): string {
  if (stageId === undefined || item.action !== 'uploaded') return failureLine({ ...item, name: id });
  return `  ${printable(id)}: staged, npm stage approve ${stageId} publishes it`;
}

/** The command for each staged version, as long as there are not too many. */
function approvals(items: readonly NpmOutcomeItem[], scrub: Scrub): readonly string[] {
  const staged = items.filter(({ stageId }) => stageId !== undefined);
  if (staged.length > maxApprovals) return ['npm stage list'];
  return staged.map(({ id, stageId }) =>
    staged.length === 1
      ? `npm stage approve ${stageId}`
      : `npm stage approve ${stageId} # ${shortened(id, approvedColumns, scrub)}`,
  );
}
