/** Reports the plan and the outcome of publishing to a Maven repository, for people and for machines. */

import { aroundName, maxInfoColumns, shortened } from '../../toolkit/columns.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion } from '../destination.ts';
import { overallAction } from '../output-variables.ts';
import { planHead, planLines } from '../plan-lines.ts';
import { failureLine, totalsOf } from '../report.ts';
import { fittingHeadline, maxHeadlineColumns, skippedLines, summaryLines } from '../summary.ts';
import { type Coordinates, groupDirectory, isSnapshot, kindName, versionDirectory } from './coordinates.ts';
import { metadataName } from './metadata.ts';
import type { MavenOutcome } from './outcome.ts';
import type { MavenPlan } from './plan.ts';
import type { MavenSettings } from './settings.ts';

/** Leaves room for the name of the file. */
const kindColumns = 32;

/** A finished publication, whether it succeeded or not. */
export interface FinishedPublication {
  readonly plan: MavenPlan;
  readonly outcome: MavenOutcome;
  readonly settings: Pick<MavenSettings, 'registry'>;
}

/** The plan, line by line: what will be sent, and where to. */
export function mavenPlanLines(
  plan: MavenPlan,
  settings: Pick<MavenSettings, 'registry' | 'isDryRun'>,
  scrub: Scrub,
): readonly string[] {
  const { files, plugin, pom, totalBytes } = plan;
  const build = isSnapshot(pom) ? ', as its next build' : '';
  return [
    ...planHead(
      aroundName(
        ['Publishing ', nameOf(pom), `${build}, ${formatCount(files.length, 'file')}, ${formatBytes(totalBytes)}`],
        maxInfoColumns - ','.length,
        scrub,
      ),
      { full: settings.registry.href },
      scrub,
    ),
    ...planLines(
      files.map(({ kind, from, size }) => ({
        name: from,
        details: `, ${formatBytes(size)}: ${shortened(kindName(kind), kindColumns, scrub)}`,
      })),
      { ...settings, scrub },
    ),
    ...(plugin === undefined
      ? []
      : [
          aroundName(
            [
              '  ',
              groupDirectory(pom) + metadataName,
              `: prefix ${shortened(printable(plugin.prefix), kindColumns, scrub)}`,
            ],
            maxInfoColumns,
            scrub,
          ),
        ]),
  ];
}

/** The conclusion of a publication, with an item for each file. */
export function concludeMaven(finished: FinishedPublication): Conclusion {
  const { plan, outcome, settings } = finished;
  const { items, indexes, version, error } = outcome;
  const name = nameOf({ ...plan.pom, version });
  return {
    error,
    failureLines: [...items.map(failureLine), ...indexes.map(failureLine)],
    summary: (elapsedMs, scrub) => summaryOf(finished, elapsedMs, scrub),
    result: {
      items: items.map(({ kind, size, url, sha256, action }) => ({
        name: [name, kind.classifier, kind.extension].filter((part) => part !== undefined).join(':'),
        url,
        size,
        sha256,
        action,
      })),
    },
    variables: {
      UPLOAD_ACTION: overallAction(items),
      PACKAGE_NAME: `${plan.pom.groupId}:${plan.pom.artifactId}`,
      PACKAGE_VERSION: version,
      PACKAGE_URL: items[0]?.url,
      PACKAGE_SHA256: items[0]?.sha256,
    },
    report: {
      title: 'Published a Maven artifact',
      details: name,
      link: directoryUrl(plan, settings),
      totals: [{ title: 'Size', type: 'TEXT', value: formatBytes(plan.totalBytes) }],
      links: items,
    },
  };
}

function summaryOf(
  { plan, outcome, settings }: FinishedPublication,
  elapsedMs: number,
  scrub: Scrub,
): readonly string[] {
  const { uploaded, uploadedBytes } = totalsOf(outcome.items);
  const build = isSnapshot(plan.pom) ? ` as ${outcome.version}` : '';
  const count = formatCount(uploaded.length, 'file');
  const name = nameOf(plan.pom);
  const amount = `${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}`;
  const around = (before: string, after: string): string =>
    aroundName([before, name, after], maxHeadlineColumns, scrub);
  const rows = outcome.items.map(({ sha256, ...item }) => ({ ...item, digest: sha256 }));
  const headline =
    uploaded.length === 0
      ? around('', ' is already there, with identical content')
      : fittingHeadline(`Published ${name}${build}: ${count}, ${amount}`, around('Published ', `${build}: ${count}`));
  const links = [directoryUrl(plan, settings)];
  return summaryLines({ headline, items: rows, savings: skippedLines(rows), links }, scrub);
}

function nameOf({ groupId, artifactId, version }: Coordinates): string {
  return `${groupId}:${artifactId}:${version}`;
}

function directoryUrl({ pom }: MavenPlan, { registry }: FinishedPublication['settings']): string {
  return new URL(versionDirectory(pom), registry).href;
}
