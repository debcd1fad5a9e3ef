/** Carries out a plan: publishes the files, then the metadata, and looks whether both have stayed. */

import { PipeError } from '../../errors.ts';
import { createReadBack, type Patience } from '../../http/read-back.ts';
import { sleep } from '../../http/origin-gate.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { printable } from '../../toolkit/stdout.ts';
import { logItem } from '../summary.ts';
import { artifactDirectory, formatTimestamp, groupDirectory, isSnapshot, versionDirectory } from './coordinates.ts';
import { addPlugin, artifactOfPrefix, hasPlugin } from './group-plugins.ts';
import { type Change, Index } from './index-file.ts';
import {
  addBuild,
  addVersion,
  formatMetadata,
  hasBuild,
  type Metadata,
  nextBuild,
  type SnapshotBuild,
} from './metadata.ts';
import { checkMetadata, type MetadataTools, readKnown } from './metadata-update.ts';
import type { MavenOutcome } from './outcome.ts';
import type { MavenPlan } from './plan.ts';
import type { Plugin } from './plugin-descriptor.ts';
import {
  type Entry,
  expectNone,
  type FileTools,
  findIdentical,
  lookAtFiles,
  publishFile,
  toEntries,
  toItem,
} from './publish-files.ts';
import { ChecksumPublisher, VersionConflictError } from './stored-files.ts';

interface PublishTools extends Omit<FileTools, 'checksums' | 'readBack'> {
  /** For a repository that shows a stored file only later. */
  readonly patience: Patience;
  readonly now: () => Date;
  /** For names that are shortened. */
  readonly scrub: Scrub;
}

/** Other publishers would have to take the name of each. */
const maxBuilds = 10;
/** In case that others go on publishing. */
const maxLooks = 10;

/** Publishes an artifact. Never throws: an error is part of the outcome. */
export async function publishArtifact(plan: MavenPlan, given: PublishTools): Promise<MavenOutcome> {
  const { client, log, signal, patience } = given;
  const { pom, plugin } = plan;
  const readBack = createReadBack(patience);
  const tools = { ...given, readBack, checksums: new ChecksumPublisher(client, log, readBack) };
  const indexes = {
    version: isSnapshot(pom) ? new Index(versionDirectory(pom)) : undefined,
    artifact: new Index(artifactDirectory(pom)),
    // Third, as in Maven: a listed prefix must resolve to a plugin that can be found.
    group: plugin === undefined ? undefined : new Index(groupDirectory(pom)),
  };
  let { version } = pom;
  let entries = toEntries(plan, version, client);
  const outcome = (): MavenOutcome => ({
    version,
    items: entries.map(toItem),
    indexes: listOf(indexes).map((index) => index.item()),
  });
  try {
    // Checks what is stored before anything is sent.
    const known = await readKnown(client, indexes.artifact.directory);
    if (indexes.group !== undefined) await readKnown(client, indexes.group.directory);
    const run = { plan, tools, indexes, known };
    if (indexes.version === undefined) await publishRelease(entries, run);
    else
      await publishSnapshot(indexes.version, run, (build) => {
        ({ version } = build);
        entries = toEntries(plan, version, client);
        return entries;
      });
    return outcome();
  } catch (error) {
    return { ...outcome(), error: signal.aborted ? signal.reason : error };
  }
}

interface Indexes {
  /** Of a SNAPSHOT. */
  readonly version: Index | undefined;
  readonly artifact: Index;
  /** Of a Maven plugin. */
  readonly group: Index | undefined;
}

interface Run {
  readonly plan: MavenPlan;
  readonly tools: PublishTools & FileTools & MetadataTools;
  readonly indexes: Indexes;
  /** The artifact's metadata before the run. */
  readonly known: Metadata;
}

function listOf({ version, artifact, group }: Indexes): readonly Index[] {
  return [version, artifact, group].filter((index) => index !== undefined);
}

/** @throws VersionConflictError if the version is published with different content */
async function publishRelease(entries: readonly Entry[], run: Run): Promise<void> {
  try {
    await findIdentical(entries, run.tools);
    await publishAll(entries, undefined, run);
  } catch (error) {
    if (!(error instanceof VersionConflictError)) throw error;
    const { groupId, artifactId, version } = run.plan.pom;
    const what = `${groupId}:${artifactId}:${version} is already published with different content`;
    throw new VersionConflictError(`${what}: ${error.message}`, { cause: error });
  }
}

/** Publishes the next build whose names are free. What others have is left alone, and nothing refers to an abandoned build. */
async function publishSnapshot(
  index: Index,
  run: Run,
  begin: (build: SnapshotBuild) => readonly Entry[],
): Promise<void> {
  const { plan, tools } = run;
  const { client, log, patience, signal, now } = tools;
  for (let builds = 1, last = 0; ; builds++) {
    const listed = await readKnown(client, index.directory);
    const build = nextBuild(listed, plan.pom, formatTimestamp(now()), last);
    const entries = begin(build);
    try {
      await expectNone(entries, tools);
      await publishAll(entries, build, run);
      return;
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      if (builds === maxBuilds)
        throw new PipeError(`Other publishers took the names of ${builds} builds in a row: ${error.message}`);
      log.info(`${build.version} is another publisher's build, so this run publishes the next one: ${error.message}`);
      last = build.number;
      await sleep(Math.random() * 2 * patience.baseMs, signal);
    }
  }
}

/** @throws VersionConflictError if a file is another publisher's */
async function publishAll(entries: readonly Entry[], build: SnapshotBuild | undefined, run: Run): Promise<void> {
  const { plan, tools, indexes, known } = run;
  for (const entry of entries) logItem(tools, entries.length, entry.wanted.name, await publishFile(entry, tools));
  if (build !== undefined) await indexes.version?.apply(buildChange(plan, build), tools);
  const isKnown = (metadata: Metadata): boolean => metadata.versions.includes(plan.pom.version);
  if (entries.every(({ action }) => action === 'skipped') && isKnown(known)) {
    await checkMetadata(indexes.artifact.directory, tools);
    indexes.artifact.action = 'skipped';
  } else {
    const isPlugin = plan.pom.packaging === 'maven-plugin';
    const format = (metadata: Metadata): string =>
      formatMetadata(addVersion(metadata, plan.pom, { isPlugin, date: tools.now() }));
    await indexes.artifact.apply({ format, isApplied: isKnown }, tools);
  }
  if (plan.plugin !== undefined && indexes.group !== undefined) await publishPrefix(plan.plugin, indexes.group, tools);
  await lookAgain(entries, run);
}

/**
 * Looks again after half a second to one and a half, as nothing shows whether the repository honours conditions. The time
 * is random, since steps that began together would go on replacing each other's work together.
 *
 * @throws VersionConflictError if a file is another publisher's
 */
async function lookAgain(entries: readonly Entry[], { tools, indexes }: Run): Promise<void> {
  const { patience, signal } = tools;
  let areFilesSettled = !entries.some(({ action }) => action === 'uploaded');
  const changed = listOf(indexes).filter((index) => index.isChanged);
  if (areFilesSettled && changed.length === 0) return;
  const mayRestore = indexes.version === undefined;
  for (let looks = 1, withoutLoss = 0; looks <= maxLooks && withoutLoss < 2; looks++) {
    await sleep((1 + 2 * Math.random()) * patience.baseMs, signal);
    if (!areFilesSettled) areFilesSettled = await lookAtFiles(entries, mayRestore && looks === 1, tools);
    const seen = [];
    for (const index of changed) seen.push(await index.look());
    if (areFilesSettled && seen.every((each) => each === 'same')) return;
    withoutLoss = areFilesSettled && !seen.includes('lost') ? withoutLoss + 1 : 0;
  }
}

function buildChange(plan: MavenPlan, build: SnapshotBuild): Change {
  return {
    format: (known) => formatMetadata(addBuild(known, plan.pom, build, plan.kinds)),
    isApplied: (known) => hasBuild(known, build, plan.kinds),
  };
}

async function publishPrefix(plugin: Plugin, index: Index, tools: MetadataTools): Promise<void> {
  const known = await readKnown(tools.client, index.directory);
  if (hasPlugin(known, plugin)) {
    await checkMetadata(index.directory, tools);
    index.action = 'skipped';
    return;
  }
  const { prefix, artifactId } = plugin;
  const earlier = artifactOfPrefix(known, prefix);
  if (earlier !== undefined && earlier !== artifactId)
    tools.log.warning(`The prefix ${printable(prefix)} now refers to ${artifactId} instead of ${printable(earlier)}`);
  const format = (metadata: Metadata): string => formatMetadata(addPlugin(metadata, plugin));
  const isApplied = (metadata: Metadata): boolean => hasPlugin(metadata, plugin);
  // Another plugin may take over the prefix.
  const mayFollow = (metadata: Metadata): boolean => artifactOfPrefix(metadata, prefix) !== undefined;
  await index.apply({ format, isApplied, mayFollow }, tools);
}
