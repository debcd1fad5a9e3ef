/** Publishes the lists that refer to published files: the versions of an artifact, and the plugins of a group. */

import { printable } from '../../toolkit/stdout.ts';
import { artifactDirectory, type Coordinates, groupDirectory } from './coordinates.ts';
import { addPlugin, artifactOfPrefix, hasPlugin } from './group-plugins.ts';
import { Index } from './index-file.ts';
import type { Job } from './job.ts';
import { addVersion, emptyMetadata, formatMetadata, type Metadata } from './metadata.ts';
import { checkMetadata, type MetadataTools, readKnown } from './metadata-update.ts';
import type { Plugin } from './plugin-descriptor.ts';

interface ListTools extends MetadataTools {
  readonly now: () => Date;
}

/** A list, and the jobs of the run that it is to name. */
export interface List {
  readonly index: Index;
  readonly jobs: readonly Job[];
  /** Its content before the run. */
  known: Metadata;
}

/** The lists of versions, one for each artifact. */
export function versionLists(jobs: readonly Job[]): readonly List[] {
  return toLists(jobs, artifactDirectory);
}

/** The lists of plugins, one for each group that has any. */
export function pluginLists(jobs: readonly Job[]): readonly List[] {
  return toLists(
    jobs.filter(({ artifact }) => artifact.plugin !== undefined),
    groupDirectory,
  );
}

function toLists(jobs: readonly Job[], directoryOf: (coordinates: Coordinates) => string): readonly List[] {
  return [...Map.groupBy(jobs, ({ artifact }) => directoryOf(artifact.pom))].map(([directory, own]) => ({
    index: new Index(directory),
    jobs: own,
    known: emptyMetadata,
  }));
}

/** Adds the versions to the list of their artifact. */
export async function publishVersions({ index, jobs, known }: List, tools: ListTools): Promise<void> {
  const isKnown = (metadata: Metadata): boolean =>
    jobs.every(({ artifact }) => metadata.versions.includes(artifact.pom.version));
  if (jobs.every(({ entries }) => entries.every(({ action }) => action === 'skipped')) && isKnown(known)) {
    await leave(index, tools);
    return;
  }
  const add = (metadata: Metadata, { artifact: { pom } }: Job): Metadata =>
    addVersion(metadata, pom, { isPlugin: pom.packaging === 'maven-plugin', date: tools.now() });
  const format = (metadata: Metadata): string => formatMetadata(jobs.reduce(add, metadata));
  await index.apply({ format, isApplied: isKnown }, tools);
}

/**
 * Adds the plugins to the list of their group. A prefix that another plugin has is taken over, with a warning.
 *
 * @throws PipeError if the list cannot be read, or is not valid
 */
export async function publishPrefixes({ index, jobs }: List, tools: ListTools): Promise<void> {
  // Versions of one plugin have the same prefix.
  const byPrefix = new Map(jobs.flatMap(({ artifact: { plugin } }) => (plugin ? [[plugin.prefix, plugin]] : [])));
  const plugins: readonly Plugin[] = [...byPrefix.values()];
  const known = await readKnown(tools.client, index.directory);
  if (plugins.every((plugin) => hasPlugin(known, plugin))) {
    await leave(index, tools);
    return;
  }
  for (const { prefix, artifactId } of plugins) {
    const earlier = artifactOfPrefix(known, prefix);
    if (earlier !== undefined && earlier !== artifactId)
      tools.log.warning(`The prefix ${printable(prefix)} now refers to ${artifactId} instead of ${printable(earlier)}`);
  }
  const format = (metadata: Metadata): string => formatMetadata(plugins.reduce(addPlugin, metadata));
  const isApplied = (metadata: Metadata): boolean => plugins.every((plugin) => hasPlugin(metadata, plugin));
  // Another plugin may take over the prefix.
  const mayFollow = (metadata: Metadata): boolean =>
    plugins.every(({ prefix }) => artifactOfPrefix(metadata, prefix) !== undefined);
  await index.apply({ format, isApplied, mayFollow }, tools);
}

async function leave(index: Index, tools: MetadataTools): Promise<void> {
  await checkMetadata(index.directory, tools);
  index.action = 'skipped';
}
