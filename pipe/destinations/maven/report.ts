/** Reports the plan and the outcome of publishing to a Maven repository, for people and for machines. */

import { aroundName, maxInfoColumns, shortened } from '../../toolkit/columns.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';
import type { Conclusion } from '../destination.ts';
import { type OutputValues, overallAction } from '../output-variables.ts';
import { planHead, type PlanItem, planLines, type PlanStyle } from '../plan-lines.ts';
import { failureLine, totalsOf } from '../report.ts';
import { fittingHeadline, linksOf, maxHeadlineColumns, nothingNew, skippedLines, summaryLines } from '../summary.ts';
import { type Coordinates, groupDirectory, isSnapshot, kindName, versionDirectory } from './coordinates.ts';
import { metadataName } from './metadata.ts';
import type { ArtifactOutcome, MavenOutcome } from './outcome.ts';
import { countFiles, type MavenPlan, type PlannedArtifact } from './planned.ts';
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
  const { artifacts, directories, totalBytes } = plan;
  const [first] = artifacts;
  const files = `${formatCount(countFiles(plan), 'file')}, ${formatBytes(totalBytes)}`;
  const what =
    directories.length === 0 && first !== undefined
      ? ['Publishing ', nameOf(first.pom), `${buildWords(first)}, ${files}`]
      : [`Publishing ${formatCount(artifacts.length, 'artifact')} from `, namesOf(directories), `, ${files}`];
  const [before = '', name = '', after = ''] = what;
  const head = aroundName([before, name, after], maxInfoColumns - ','.length, scrub);
  const items =
    directories.length === 0 ? artifacts.flatMap((each) => fileItems(each, scrub)) : artifacts.map(artifactItem);
  return [
    ...planHead(head, { full: settings.registry.href }, scrub),
    ...planLines(items, { ...settings, scrub }),
    ...pluginLines(artifacts, { ...settings, scrub }),
  ];
}

function fileItems({ files }: PlannedArtifact, scrub: Scrub): readonly PlanItem[] {
  return files.map(({ kind, from, size }) => ({
    name: from,
    details: `, ${formatBytes(size)}: ${shortened(kindName(kind), kindColumns, scrub)}`,
  }));
}

function artifactItem(artifact: PlannedArtifact): PlanItem {
  const { pom, files } = artifact;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const details = `${buildWords(artifact)}, ${formatCount(files.length, 'file')}, ${formatBytes(bytes)}`;
  return { name: nameOf(pom), details };
}

function buildWords({ pom }: PlannedArtifact): string {
  return isSnapshot(pom) ? ', as its next build' : '';
}

/** The prefixes of plugins, which are listed apart from the files. */
function pluginLines(artifacts: readonly PlannedArtifact[], style: PlanStyle): readonly string[] {
  const { scrub } = style;
  const items = artifacts.flatMap(({ pom, plugin }) =>
    plugin === undefined
      ? []
      : [
          {
            name: groupDirectory(pom) + metadataName,
            details: `: prefix ${shortened(printable(plugin.prefix), kindColumns, scrub)}`,
          },
        ],
  );
  return items.length === 0 ? [] : planLines(items, style);
}

/** The conclusion of a publication, with an item for each file. */
export function concludeMaven(finished: FinishedPublication): Conclusion {
  const { plan, outcome, settings } = finished;
  const { artifacts, indexes, error } = outcome;
  const items = artifacts.flatMap((artifact) => artifact.items);
  return {
    error,
    failureLines: [...items.map(failureLine), ...indexes.map(failureLine)],
    summary: (elapsedMs, scrub) => summaryOf(finished, elapsedMs, scrub),
    result: { items: artifacts.flatMap(resultItems) },
    variables: { UPLOAD_ACTION: overallAction(items), ...packageVariables(artifacts) },
    report: {
      title: plan.directories.length === 0 ? 'Published a Maven artifact' : 'Published Maven artifacts',
      details: artifacts.map(({ coordinates, version }) => nameOf({ ...coordinates, version })).join(', '),
      link: pageOf(artifacts, settings),
      totals: [{ title: 'Size', type: 'TEXT', value: formatBytes(plan.totalBytes) }],
      links: items,
    },
  };
}

function resultItems({ coordinates, version, items }: ArtifactOutcome): readonly unknown[] {
  const name = nameOf({ ...coordinates, version });
  return items.map(({ kind, size, url, sha256, action }) => ({
    name: [name, kind.classifier, kind.extension].filter((part) => part !== undefined).join(':'),
    url,
    size,
    sha256,
    action,
  }));
}

/** Those of a single artifact. */
function packageVariables([only, another]: readonly ArtifactOutcome[]): OutputValues {
  if (only === undefined || another !== undefined) return {};
  const { coordinates, version, items } = only;
  return {
    PACKAGE_NAME: `${coordinates.groupId}:${coordinates.artifactId}`,
    PACKAGE_VERSION: version,
    PACKAGE_URL: items[0]?.url,
    PACKAGE_SHA256: items[0]?.sha256,
  };
}

function summaryOf(finished: FinishedPublication, elapsedMs: number, scrub: Scrub): readonly string[] {
  const { artifacts } = finished.outcome;
  const items = artifacts.flatMap((artifact) => artifact.items);
  const rows = items.map(({ sha256, ...item }) => ({ ...item, digest: sha256 }));
  const urls = artifacts.map(({ coordinates }) => ({ url: directoryUrl(coordinates, finished.settings) }));
  return summaryLines(
    {
      headline: headlineOf(finished, elapsedMs, scrub),
      items: rows,
      savings: skippedLines(rows),
      links: linksOf(urls, finished.settings.registry.href),
    },
    scrub,
  );
}

function headlineOf({ outcome: { artifacts } }: FinishedPublication, elapsedMs: number, scrub: Scrub): string {
  const { uploaded, uploadedBytes } = totalsOf(artifacts.flatMap(({ items }) => items));
  const count = formatCount(uploaded.length, 'file');
  const amount = `${formatBytes(uploadedBytes)} in ${formatDuration(elapsedMs)}`;
  const [only, another] = artifacts;
  if (only === undefined || another !== undefined)
    return uploaded.length === 0
      ? nothingNew(artifacts.length, 'artifact')
      : fittingHeadline(`Published ${formatCount(artifacts.length, 'artifact')}: ${count}, ${amount}`);
  const name = nameOf(only.coordinates);
  const build = isSnapshot(only.coordinates) ? ` as ${only.version}` : '';
  const around = (before: string, after: string): string =>
    aroundName([before, name, after], maxHeadlineColumns, scrub);
  return uploaded.length === 0
    ? around('', ' is already there, with identical content')
    : fittingHeadline(`Published ${name}${build}: ${count}, ${amount}`, around('Published ', `${build}: ${count}`));
}

function nameOf({ groupId, artifactId, version }: Coordinates): string {
  return `${groupId}:${artifactId}:${version}`;
}

function namesOf(directories: readonly string[]): string {
  return directories.map(printable).join(', ');
}

/** The directory of a single artifact, or else the repository. */
function pageOf([only, another]: readonly ArtifactOutcome[], settings: FinishedPublication['settings']): string {
  return only === undefined || another !== undefined
    ? settings.registry.href
    : directoryUrl(only.coordinates, settings);
}

function directoryUrl(coordinates: Coordinates, { registry }: FinishedPublication['settings']): string {
  return new URL(versionDirectory(coordinates), registry).href;
}
