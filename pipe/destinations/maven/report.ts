/** Reports the plan and the outcome of publishing to a Maven repository, for people and for machines. */

import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion } from '../destination.ts';
import { overallAction } from '../output-variables.ts';
import { planLines } from '../plan-lines.ts';
import { failureLine, totalsOf } from '../report.ts';
import { fittingHeadline, skippedLines, summaryLines } from '../summary.ts';
import { type Coordinates, groupDirectory, isSnapshot, kindName, versionDirectory } from './coordinates.ts';
import { metadataName } from './metadata.ts';
import type { MavenOutcome } from './outcome.ts';
import type { MavenPlan } from './plan.ts';
import type { MavenSettings } from './settings.ts';

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
): readonly string[] {
  const { files, plugin, pom, totalBytes } = plan;
  const build = isSnapshot(pom) ? ', as its next build' : '';
  return [
    `Publishing ${nameOf(pom)}${build}, ${formatCount(files.length, 'file')}, ${formatBytes(totalBytes)}, to ${settings.registry.href}`,
    ...planLines(
      files.map(({ kind, from, size }) => ({ name: from, details: `, ${formatBytes(size)}: ${kindName(kind)}` })),
      settings.isDryRun,
    ),
    ...(plugin === undefined ? [] : [`  ${groupDirectory(pom)}${metadataName}: prefix ${printable(plugin.prefix)}`]),
  ];
}

/** The conclusion of a publication, with an item for each file. */
export function concludeMaven(finished: FinishedPublication): Conclusion {
  const { plan, outcome, settings } = finished;
  const { items, indexes, version, error } = outcome;
  const name = nameOf({ ...plan.pom, version });
  return {
    error,
    failureLines: [
      ...items.map((item) => failureLine(item.name, item.action, item.url)),
      ...indexes.map((index) => failureLine(index.name, index.action)),
    ],
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
  const done = `Published ${nameOf(plan.pom)}${build}: ${count}`;
  const rows = outcome.items.map(({ name, size, sha256, action }) => ({ name, size, digest: sha256, action }));
  const headline =
    uploaded.length === 0
      ? `${nameOf(plan.pom)} is already there, with identical content`
      : fittingHeadline(`${done}, ${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}`, done);
  const links = [directoryUrl(plan, settings)];
  return summaryLines({ headline, items: rows, savings: skippedLines(rows), links }, scrub);
}

function nameOf({ groupId, artifactId, version }: Coordinates): string {
  return `${groupId}:${artifactId}:${version}`;
}

function directoryUrl({ pom }: MavenPlan, { registry }: FinishedPublication['settings']): string {
  return new URL(versionDirectory(pom), registry).href;
}
