/** Puts a publication to a Maven repository into the words, and the JSON, that a user gets. */

import type { Action } from '../downloads/outcome.ts';
import { type Coordinates, groupDirectory, isSnapshot, kindName, versionDirectory } from './coordinates.ts';
import { metadataName } from './metadata.ts';
import type { MavenItem, MavenOutcome } from './outcome.ts';
import type { MavenPlan } from './plan.ts';
import type { MavenSettings } from './settings.ts';
import type { Report } from '../../toolkit/code-insights.ts';
import { printable } from '../../toolkit/output.ts';
import { formatBytes, formatCount, formatDuration } from '../../toolkit/units.ts';

export interface Published {
  readonly plan: MavenPlan;
  readonly outcome: MavenOutcome;
  readonly settings: Pick<MavenSettings, 'registry'>;
  readonly elapsedMs: number;
}

function nameOf({ groupId, artifactId, version }: Coordinates): string {
  return `${groupId}:${artifactId}:${version}`;
}

function directoryUrl({ plan, settings }: Pick<Published, 'plan' | 'settings'>): string {
  return new URL(versionDirectory(plan.pom), settings.registry).href;
}

/** What will be sent, and where to. */
export function mavenPlanLines(plan: MavenPlan, settings: Pick<MavenSettings, 'registry'>): readonly string[] {
  const { files, plugin, pom, totalBytes } = plan;
  const build = isSnapshot(pom) ? ', as its next build' : '';
  return [
    `Publishing ${nameOf(pom)}${build}, ${formatCount(files.length, 'file')}, ${formatBytes(totalBytes)}, to ${settings.registry.href}`,
    ...files.map(({ kind, from, size }) => `  ${from}, ${formatBytes(size)}: ${kindName(kind)}`),
    ...(plugin === undefined ? [] : [`  ${groupDirectory(pom)}${metadataName}: prefix ${printable(plugin.prefix)}`]),
  ];
}

/** The last line of a run that succeeded. */
export function mavenSuccessText(published: Published): string {
  const { plan, outcome, elapsedMs } = published;
  const uploaded = outcome.items.filter(({ action }) => action === 'uploaded');
  const skipped = outcome.items.length - uploaded.length;
  const url = directoryUrl(published);
  if (uploaded.length === 0) return `${nameOf(plan.pom)} was there already, and is the very same: ${url}`;
  const bytes = uploaded.reduce((sum, { size }) => sum + size, 0);
  const build = isSnapshot(plan.pom) ? ` as ${outcome.version}` : '';
  const others = skipped > 0 ? `, skipped ${skipped} already there` : '';
  return `Published ${nameOf(plan.pom)}${build}: ${formatCount(uploaded.length, 'file')}, ${formatBytes(bytes)} in ${formatDuration(elapsedMs)}${others}, ${url}`;
}

const failureWords: Readonly<Record<Action, string>> = {
  uploaded: 'published',
  skipped: 'there already, the very same',
  unconfirmed: 'sent, but not confirmed by the server',
  failed: 'NOT published',
  'not sent': 'NOT published (its turn did not come)',
};

/** One line for each file of a run that failed, the indexes last. */
export function mavenFailureLines({ outcome: { items, indexes } }: Published): readonly string[] {
  return [
    ...items.map(
      ({ name, action, url }) => `  ${name}: ${failureWords[action]}${action === 'uploaded' ? `, ${url}` : ''}`,
    ),
    ...indexes.map(
      ({ name, action }) => `  ${printable(name)}: ${failureWords[action].replace('published', 'up to date')}`,
    ),
  ];
}

/** The machine-readable result: an item for each file. */
export function mavenResult({ plan, outcome, elapsedMs }: Published, error: string | undefined): unknown {
  const items = outcome.items.map(({ kind, size, url, sha256, action }) => ({
    name: [nameOf({ ...plan.pom, version: outcome.version }), kind.classifier, kind.extension]
      .filter((part) => part !== undefined)
      .join(':'),
    url,
    size,
    sha256,
    action,
  }));
  const seconds = Math.round(elapsedMs) / 1000;
  return { type: 'maven', items, seconds, ...(error === undefined ? {} : { error }) };
}

/** Variables for the steps that follow. */
export function mavenVariables({ plan, outcome }: Published): Readonly<Record<string, string | undefined>> {
  return {
    PACKAGE_NAME: `${plan.pom.groupId}:${plan.pom.artifactId}`,
    PACKAGE_VERSION: outcome.version,
    PACKAGE_URL: outcome.items[0]?.url,
  };
}

/** The Code Insights report. */
export function mavenReport(published: Published): Report {
  const { plan, outcome, elapsedMs } = published;
  const link = (item: MavenItem): Report['data'][number] => {
    return { title: item.name, type: 'LINK', value: { text: item.name, href: item.url } };
  };
  return {
    id: 'bitbucket-upload-package-maven',
    title: 'Published a Maven artifact',
    details: nameOf({ ...plan.pom, version: outcome.version }),
    reporter: 'bitbucket-upload-package',
    result: 'PASSED',
    link: directoryUrl(published),
    data: [
      { title: 'Size', type: 'TEXT', value: formatBytes(plan.totalBytes) },
      { title: 'Duration', type: 'DURATION', value: Math.round(elapsedMs) },
      ...outcome.items.slice(0, 8).map(link),
    ],
  };
}
