/** Carries out a plan: publishes the files, then the POMs, then the metadata, and looks whether all of it has stayed. */

import { createReadBack, type Patience } from '../../http/read-back.ts';
import { sleep } from '../../http/origin-gate.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import type { Scrub } from '../../toolkit/scrub.ts';
import { logItem } from '../summary.ts';
import { uploadAll } from '../upload-all.ts';
import type { Coordinates } from './coordinates.ts';
import type { Index } from './index-file.ts';
import { Job } from './job.ts';
import { type MetadataTools, readKnown } from './metadata-update.ts';
import type { MavenOutcome } from './outcome.ts';
import { countFiles, type MavenPlan } from './planned.ts';
import { type Entry, type FileTools, findIdentical, lookAtFiles, publishFile } from './publish-files.ts';
import { type List, pluginLists, publishPrefixes, publishVersions, versionLists } from './publish-lists.ts';
import { ChecksumPublisher, joinConflicts, VersionConflictError } from './stored-files.ts';

interface PublishTools extends Omit<FileTools, 'checksums' | 'readBack'> {
  /** For a repository that shows a stored file only later. */
  readonly patience: Patience;
  readonly now: () => Date;
  /** For names that are shortened. */
  readonly scrub: Scrub;
}

/** In case that others go on publishing. */
const maxLooks = 10;

interface Run {
  readonly plan: MavenPlan;
  readonly tools: PublishTools & FileTools & MetadataTools;
  readonly jobs: readonly Job[];
  readonly versions: readonly List[];
  /** Third, after a SNAPSHOT's own, as in Maven: a listed prefix must resolve to a plugin that can be found. */
  readonly plugins: readonly List[];
}

/** Publishes the artifacts. Never throws: an error is part of the outcome. */
export async function publishArtifacts(plan: MavenPlan, given: PublishTools): Promise<MavenOutcome> {
  const { client, log, signal, patience } = given;
  const readBack = createReadBack(patience);
  const tools = { ...given, readBack, checksums: new ChecksumPublisher(client, log, readBack) };
  const jobs = plan.artifacts.map((artifact) => new Job(artifact, client));
  const run = { plan, tools, jobs, versions: versionLists(jobs), plugins: pluginLists(jobs) };
  const outcome = (): MavenOutcome => ({
    artifacts: jobs.map((job) => job.outcome()),
    indexes: indexesOf(run).map((index) => index.item()),
  });
  try {
    await lookBefore(run);
    let pending: readonly Job[] = jobs;
    do {
      await sendFiles(pending, run);
      await publishLists(pending, run);
      pending = await lookAgain(run);
    } while (pending.length > 0);
    return outcome();
  } catch (error) {
    return { ...outcome(), error: signal.aborted ? signal.reason : error };
  }
}

function indexesOf({ jobs, versions, plugins }: Run): readonly Index[] {
  const ofBuilds = jobs.flatMap(({ index }) => (index === undefined ? [] : [index]));
  return [...ofBuilds, ...[...versions, ...plugins].map(({ index }) => index)];
}

/** Checks what is stored before anything is sent. @throws VersionConflictError naming each release that has other content */
async function lookBefore({ jobs, versions, plugins, tools }: Run): Promise<void> {
  await mapConcurrently([...versions, ...plugins], tools.concurrency, async (list) => {
    list.known = await readKnown(tools.client, list.index.directory);
  });
  const found = await mapConcurrently(releasesOf(jobs), tools.concurrency, async (job) => {
    try {
      await naming(job.artifact.pom, async () => await findIdentical(job.entries, tools));
      return [];
    } catch (error) {
      if (error instanceof VersionConflictError) return [error];
      throw error;
    }
  });
  if (found.flat().length > 0) throw joinConflicts(found.flat());
}

function releasesOf(jobs: readonly Job[]): readonly Job[] {
  return jobs.filter(({ index }) => index === undefined);
}

/** @throws VersionConflictError that names the release, if a file of it is stored with different content */
async function naming<T>({ groupId, artifactId, version }: Coordinates, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VersionConflictError)) throw error;
    const what = `${groupId}:${artifactId}:${version} is already published with different content`;
    throw new VersionConflictError(`${what}: ${error.message}`, { cause: error, advice: error.advice });
  }
}

/**
 * Publishes the files of all artifacts and, after them, the POMs: each of them stands for files that are then there. Those
 * of a SNAPSHOT stand for nothing until they are listed.
 *
 * @throws VersionConflictError if a file of a release is another publisher's
 */
async function sendFiles(jobs: readonly Job[], { plan, tools }: Run): Promise<void> {
  const count = countFiles(plan);
  const send = async (entry: Entry): Promise<void> =>
    logItem(tools, count, entry.wanted.name, await publishFile(entry, tools));
  const releases = releasesOf(jobs).flatMap(({ artifact, entries }) =>
    entries.map((entry, index) => ({
      isPom: index === entries.length - 1,
      publish: async (): Promise<void> => await naming(artifact.pom, async () => await send(entry)),
    })),
  );
  const builds = jobs.flatMap((job) => {
    const sendAll = async (entries: readonly Entry[]): Promise<void> => {
      for (const entry of entries) await send(entry);
    };
    return job.index === undefined ? [] : [async (): Promise<void> => await job.sendBuild(tools, sendAll)];
  });
  const files = releases.flatMap(({ isPom, publish }) => (isPom ? [] : [publish]));
  const poms = releases.flatMap(({ isPom, publish }) => (isPom ? [publish] : []));
  // The first file claims the release: of steps that publish different files at once, only one gets any further.
  for (const phase of [files.slice(0, 1), [...files.slice(1), ...builds], poms])
    await uploadAll(phase, atOnce(plan, tools), async (publish) => await publish(), tools);
}

/** The files of one artifact are sent in their order. */
function atOnce({ directories }: MavenPlan, { concurrency }: FileTools): number {
  return directories.length === 0 ? 1 : concurrency;
}

/** Lists what is published, each list after those that it leads to. */
async function publishLists(jobs: readonly Job[], { plan, tools, versions, plugins }: Run): Promise<void> {
  const concurrency = atOnce(plan, tools);
  const ofThese = (list: List): boolean => list.jobs.some((job) => jobs.includes(job));
  await uploadAll(jobs, concurrency, async (job) => await job.listBuild(tools), tools);
  await uploadAll(versions.filter(ofThese), concurrency, async (list) => await publishVersions(list, tools), tools);
  await uploadAll(plugins.filter(ofThese), concurrency, async (list) => await publishPrefixes(list, tools), tools);
}

/**
 * Looks again after half a second to one and a half, as nothing shows whether the repository honours conditions. The time
 * is random, since steps that began together would go on replacing each other's work together.
 *
 * @returns the SNAPSHOTs of whose build a file is another publisher's
 * @throws VersionConflictError if a file of a release is
 */
async function lookAgain(run: Run): Promise<readonly Job[]> {
  const { jobs, tools } = run;
  let areFilesSettled = !jobs.some(({ entries }) => entries.some(({ action }) => action === 'uploaded'));
  const changed = indexesOf(run).filter((index) => index.isChanged);
  if (areFilesSettled && changed.length === 0) return [];
  for (let looks = 1, withoutLoss = 0; looks <= maxLooks && withoutLoss < 2; looks++) {
    await sleep((1 + 2 * Math.random()) * tools.patience.baseMs, tools.signal);
    if (!areFilesSettled) {
      areFilesSettled = await lookAtReleases(run, looks === 1);
      const lost = await lookAtBuilds(run);
      if (lost.length > 0) return lost;
    }
    const seen = await mapConcurrently(changed, tools.concurrency, async (index) => await index.look());
    if (areFilesSettled && seen.every((each) => each === 'same')) return [];
    withoutLoss = areFilesSettled && !seen.includes('lost') ? withoutLoss + 1 : 0;
  }
  return [];
}

/** As `lookAtFiles`: the first file of the run decides who has published the releases. */
async function lookAtReleases({ jobs, tools }: Run, mayRestore: boolean): Promise<boolean> {
  const releases = releasesOf(jobs);
  const entries = releases.flatMap((job) => job.entries);
  const look = async (): Promise<boolean> => await lookAtFiles(entries, mayRestore, tools);
  const [first, second] = releases;
  return first !== undefined && second === undefined ? await naming(first.artifact.pom, look) : await look();
}

async function lookAtBuilds({ jobs, tools }: Run): Promise<readonly Job[]> {
  const lost: Job[] = [];
  for (const job of jobs.filter(({ index }) => index !== undefined))
    try {
      await lookAtFiles(job.entries, false, tools);
    } catch (error) {
      await job.abandonBuild(error, tools);
      lost.push(job);
    }
  return lost;
}
