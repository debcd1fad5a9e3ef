/** Carries out a plan: publishes the files, each with its checksums, then the metadata. */

import { type Action, failedAction } from '../outcome.ts';
import { observeBody, readThrough } from '../../io/observed-body.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { type HttpError, UnexpectedAnswerError } from '../../errors.ts';
import type { Patience } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Progress } from '../../toolkit/progress.ts';
import { formatBytes } from '../../toolkit/units.ts';
import type { MavenClient } from './client.ts';
import {
  artifactDirectory,
  encodeSegment,
  fileName,
  formatTimestamp,
  groupDirectory,
  isSnapshot,
  versionDirectory,
} from './coordinates.ts';
import { addPlugin, artifactOfPrefix, hasPlugin } from './group-plugins.ts';
import { algorithms } from './algorithms.ts';
import { type Checksums, createChecksums, getsChecksums } from './checksums.ts';
import {
  addBuild,
  addVersion,
  formatMetadata,
  hasBuild,
  type Metadata,
  metadataName,
  nextBuild,
  type SnapshotBuild,
} from './metadata.ts';
import { checkMetadata, type MetadataTools, readKnown, updateMetadata } from './metadata-update.ts';
import type { IndexItem, MavenItem, MavenOutcome } from './outcome.ts';
import type { MavenPlan, PlannedFile } from './plan.ts';
import type { Plugin } from './plugin-descriptor.ts';
import { createReadBack, findRefused, isConflict, type ReadBack } from '../../http/read-back.ts';
import {
  ChecksumPublisher,
  compareStored,
  type IdenticalFile,
  isPolicyRefusal,
  VersionConflictError,
  type WantedFile,
} from './stored-files.ts';

interface PublishTools {
  readonly client: MavenClient;
  readonly log: Log;
  readonly progress: Progress;
  /** Ends the run, and cuts running transfers. */
  readonly signal: AbortSignal;
  readonly concurrency: number;
  /** For a repository that shows a stored file only later. */
  readonly patience: Patience;
  readonly now: () => Date;
}

interface Entry {
  readonly planned: PlannedFile;
  readonly wanted: WantedFile;
  readonly url: string;
  action: Action;
  /** The status of the answer to the file. */
  status?: number;
  identical?: IdenticalFile | undefined;
  sha256?: string;
}

interface Index {
  readonly directory: string;
  action: Action;
}

/** Publishes an artifact. Never throws: an error is part of the outcome. */
export async function publishArtifact(plan: MavenPlan, tools: PublishTools): Promise<MavenOutcome> {
  const { client, log, signal, patience } = tools;
  const isSnapshotVersion = isSnapshot(plan.pom);
  const versionIndex: Index = { directory: versionDirectory(plan.pom), action: 'not sent' };
  const artifactIndex: Index = { directory: artifactDirectory(plan.pom), action: 'not sent' };
  const groupIndex: Index = { directory: groupDirectory(plan.pom), action: 'not sent' };
  const indexes = [
    ...(isSnapshotVersion ? [versionIndex] : []),
    artifactIndex,
    // Third, as in Maven: a listed prefix must resolve to a plugin that can be found.
    ...(plan.plugin === undefined ? [] : [groupIndex]),
  ];
  let { version } = plan.pom;
  let entries = toEntries(plan, version, client);
  const outcome = (): MavenOutcome => ({ version, items: entries.map(toItem), indexes: indexes.map(toIndexItem) });
  try {
    // Checks what is stored before anything is sent.
    const known = await readKnown(client, artifactIndex.directory);
    if (plan.plugin !== undefined) await readKnown(client, groupIndex.directory);
    const build = isSnapshotVersion
      ? nextBuild(await readKnown(client, versionIndex.directory), plan.pom, formatTimestamp(tools.now()))
      : undefined;
    if (build === undefined) await findIdentical(entries, plan, tools);
    else {
      ({ version } = build);
      entries = toEntries(plan, version, client);
    }
    const readBack = createReadBack(patience);
    const checksums = new ChecksumPublisher(client, log, readBack);
    for (const entry of entries) await publishFile(entry, { ...tools, checksums, readBack });
    const update = { client, checksums, log, signal, readBack };
    if (build !== undefined) await updateIndex(versionIndex, buildChange(plan, build), update);
    const isKnown = (metadata: Metadata): boolean => metadata.versions.includes(plan.pom.version);
    if (entries.every(({ action }) => action === 'skipped') && isKnown(known)) {
      await checkMetadata(artifactIndex.directory, update);
      artifactIndex.action = 'skipped';
    } else {
      const isPlugin = plan.pom.packaging === 'maven-plugin';
      const format = (metadata: Metadata): string =>
        formatMetadata(addVersion(metadata, plan.pom, { isPlugin, date: tools.now() }));
      await updateIndex(artifactIndex, { format, isApplied: isKnown }, update);
    }
    if (plan.plugin !== undefined) await publishPrefix(plan.plugin, groupIndex, update);
    return outcome();
  } catch (error) {
    return { ...outcome(), error: signal.aborted ? signal.reason : error };
  }
}

function toEntries(plan: MavenPlan, version: string, client: MavenClient): readonly Entry[] {
  return plan.files.map((planned) => {
    const name = fileName(plan.pom.artifactId, version, planned.kind);
    const path = versionDirectory(plan.pom) + encodeSegment(name);
    const wanted = {
      path,
      name: printable(name),
      size: planned.size,
      algorithms: getsChecksums(planned.kind.extension) ? algorithms : [],
      checksums: () => hashFile(planned),
    };
    return { planned, wanted, url: client.url(path).href, action: 'not sent' };
  });
}

function toItem({ planned, wanted, url, action, sha256 }: Entry): MavenItem {
  return { name: wanted.name, kind: planned.kind, size: planned.size, url, sha256, action };
}

function toIndexItem({ directory, action }: Index): IndexItem {
  return { name: directory + metadataName, action };
}

/** @throws VersionConflictError naming every file that is stored with different content */
async function findIdentical(entries: readonly Entry[], plan: MavenPlan, tools: PublishTools): Promise<void> {
  const conflicts: string[] = [];
  await mapConcurrently(entries, tools.concurrency, async (entry) => {
    try {
      entry.identical = await compareStored(tools.client, entry.wanted);
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      conflicts.push(error.message);
    }
  });
  const { groupId, artifactId, version } = plan.pom;
  if (conflicts.length > 0)
    throw new VersionConflictError(
      `${groupId}:${artifactId}:${version} is already published with different content: ${conflicts.join('; ')}`,
    );
}

interface FileTools extends PublishTools {
  readonly checksums: ChecksumPublisher;
  readonly readBack: ReadBack;
}

async function publishFile(entry: Entry, tools: FileTools): Promise<void> {
  const { wanted, identical, url } = entry;
  const { checksums } = tools;
  tools.signal.throwIfAborted();
  if (identical !== undefined) {
    const known = await wanted.checksums();
    entry.sha256 = known.sha256;
    if (identical.missingChecksums.length > 0) await checksums.publish(wanted, known, identical.missingChecksums);
    entry.action = 'skipped';
    tools.progress.skip(wanted.size);
    tools.log.info(`${wanted.name}: skipped, already there with identical content, ${url}`);
    return;
  }
  const sums = await sendFile(entry, tools);
  entry.action = 'uploaded';
  entry.sha256 = sums.sha256;
  await checkStored(entry, tools);
  await checksums.publish(wanted, sums, wanted.algorithms);
  tools.log.info(`${wanted.name}: uploaded, ${formatBytes(wanted.size)}, sha256 ${sums.sha256}, ${url}`);
}

/** Before anything refers to the file: an answer, especially other than 201 (Created), does not prove that it is stored. */
async function checkStored(entry: Entry, { client, log, readBack }: FileTools): Promise<void> {
  const { wanted, status } = entry;
  if (status === undefined) return;
  const isStored = await readBack(
    async () => await client.exists(wanted.path, wanted.name),
    (exists) => exists !== false,
  );
  if (isStored !== false) return;
  if (status !== 201) {
    entry.action = 'failed';
    throw new UnexpectedAnswerError(
      `${wanted.name}: the repository answered ${status} instead of 201 (Created), and does not have the file`,
      { status, isForeign: false, isMissing: true },
    );
  }
  log.warning(`${wanted.name} was uploaded, but the repository does not show it yet`);
}

async function sendFile(entry: Entry, { client, progress, log, readBack }: FileTools): Promise<Checksums> {
  const { planned, wanted } = entry;
  const { path, name, size } = wanted;
  const hashed = observeBody(planned.body, createChecksums);
  const transfer = progress.start(name, size);
  let wasFullySent = false;
  try {
    entry.status = await client.put(path, name, hashed.body, (bytes) => {
      wasFullySent ||= bytes === size;
      transfer.sent(bytes);
    });
    return hashed.accepted().digest();
  } catch (error) {
    entry.action = failedAction(error, wasFullySent);
    // If an answer is lost, the retry finds the file of the first attempt, and is refused as a changed release is.
    if (isPolicyRefusal(error) && (await isAlreadyStored(client, wanted, error, readBack))) {
      log.debug(`${name}: ${error.message}; the stored file is identical`);
      return await wanted.checksums();
    }
    throw error;
  } finally {
    transfer.end();
  }
}

/** @throws VersionConflictError if another publisher has stored a different file in the meantime */
async function isAlreadyStored(
  client: MavenClient,
  wanted: WantedFile,
  refusal: HttpError,
  readBack: ReadBack,
): Promise<boolean> {
  const compare = async (): Promise<IdenticalFile | undefined> => await compareStored(client, wanted);
  try {
    return (await findRefused(isConflict(refusal), compare, readBack)) !== undefined;
  } catch (error) {
    if (error instanceof VersionConflictError)
      throw new VersionConflictError(`${error.message} (${refusal.message})`, { cause: refusal });
    // The refusal itself is more helpful.
    return false;
  }
}

function buildChange(
  plan: MavenPlan,
  build: SnapshotBuild,
): { format(known: Metadata): string; isApplied(known: Metadata): boolean } {
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
  await updateIndex(index, { format, isApplied: (metadata) => hasPlugin(metadata, plugin) }, tools);
}

async function updateIndex(
  index: Index,
  change: { format(known: Metadata): string; isApplied(known: Metadata): boolean },
  tools: MetadataTools,
): Promise<void> {
  let wasSentWhole = false;
  let wasWritten = false;
  const onSentWhole = (): void => {
    wasSentWhole = true;
  };
  const onWritten = (): void => {
    wasWritten = true;
  };
  try {
    const { directory } = index;
    const isConfirmed = await updateMetadata({ ...change, directory, onSentWhole, onWritten }, tools);
    index.action = isConfirmed ? 'uploaded' : 'unconfirmed';
  } catch (error) {
    index.action = wasWritten ? 'unconfirmed' : failedAction(error, wasSentWhole);
    throw error;
  }
}

async function hashFile(planned: PlannedFile): Promise<Checksums> {
  return (await readThrough(planned.body, createChecksums())).digest();
}
