/** Carries out a plan: files, each with its checksums, then the metadata, and tells what became of each. */

import { type Action, failedAction } from '../outcome.ts';
import { observeBody, readThrough } from '../../io/observed-body.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { UnexpectedAnswerError } from '../../errors.ts';
import { askUntil, type Patience } from '../../http/read-back.ts';
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
import { type Checksums, createChecksums } from './checksums.ts';
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
import {
  ChecksumPublisher,
  compareStored,
  isPolicy,
  type Present,
  VersionConflictError,
  type WantedFile,
} from './stored-files.ts';

interface PublishTools {
  readonly client: MavenClient;
  readonly log: Log;
  readonly progress: Progress;
  /** Ends the run; what is under way is cut. */
  readonly signal: AbortSignal;
  readonly concurrency: number;
  /** With a repository that does not show at once what it has stored. */
  readonly patience: Patience;
  readonly now: () => Date;
}

interface Entry {
  readonly planned: PlannedFile;
  readonly wanted: WantedFile;
  readonly url: string;
  action: Action;
  /** What the repository answered to the file. */
  status?: number;
  present?: Present | undefined;
  sha256?: string;
}

interface Index {
  readonly directory: string;
  action: Action;
}

/** Never throws: what went wrong is part of the outcome. */
export async function publishArtifact(plan: MavenPlan, tools: PublishTools): Promise<MavenOutcome> {
  const { client, log, signal, patience } = tools;
  const isOfSnapshot = isSnapshot(plan.pom);
  const ofVersion: Index = { directory: versionDirectory(plan.pom), action: 'not sent' };
  const ofArtifact: Index = { directory: artifactDirectory(plan.pom), action: 'not sent' };
  const ofGroup: Index = { directory: groupDirectory(plan.pom), action: 'not sent' };
  const indexes = [
    ...(isOfSnapshot ? [ofVersion] : []),
    ofArtifact,
    // Third, as Maven has it: a prefix leads to a plugin that can be found.
    ...(plan.plugin === undefined ? [] : [ofGroup]),
  ];
  let { version } = plan.pom;
  let entries = toEntries(plan, version, client);
  const outcome = (): MavenOutcome => ({ version, items: entries.map(toItem), indexes: indexes.map(toIndexItem) });
  try {
    // Before anything is sent: whether what is there allows it.
    const known = await readKnown(client, ofArtifact.directory);
    if (plan.plugin !== undefined) await readKnown(client, ofGroup.directory);
    const build = isOfSnapshot
      ? nextBuild(await readKnown(client, ofVersion.directory), plan.pom, formatTimestamp(tools.now()))
      : undefined;
    if (build === undefined) await findPresent(entries, plan, tools);
    else {
      ({ version } = build);
      entries = toEntries(plan, version, client);
    }
    const checksums = new ChecksumPublisher(client, log);
    for (const entry of entries) await publishFile(entry, checksums, tools);
    const update = { client, checksums, log, signal, patience };
    if (build !== undefined) await updateIndex(ofVersion, buildChange(plan, build), update);
    const isKnown = (metadata: Metadata): boolean => metadata.versions.includes(plan.pom.version);
    if (entries.every(({ action }) => action === 'skipped') && isKnown(known)) {
      await checkMetadata(ofArtifact.directory, update);
      ofArtifact.action = 'skipped';
    } else {
      const isPlugin = plan.pom.packaging === 'maven-plugin';
      const format = (metadata: Metadata): string =>
        formatMetadata(addVersion(metadata, plan.pom, { isPlugin, date: tools.now() }));
      await updateIndex(ofArtifact, { format, isIn: isKnown }, update);
    }
    if (plan.plugin !== undefined) await publishPrefix(plan.plugin, ofGroup, update);
    return outcome();
  } catch (error) {
    return { ...outcome(), error: signal.aborted ? signal.reason : error };
  }
}

function toEntries(plan: MavenPlan, version: string, client: MavenClient): readonly Entry[] {
  return plan.files.map((planned) => {
    const name = fileName(plan.pom.artifactId, version, planned.kind);
    const path = versionDirectory(plan.pom) + encodeSegment(name);
    const wanted = { path, name: printable(name), size: planned.size, checksums: () => hashFile(planned) };
    return { planned, wanted, url: client.url(path).href, action: 'not sent' };
  });
}

function toItem({ planned, wanted, url, action, sha256 }: Entry): MavenItem {
  return { name: wanted.name, kind: planned.kind, size: planned.size, url, sha256, action };
}

function toIndexItem({ directory, action }: Index): IndexItem {
  return { name: directory + metadataName, action };
}

/** @throws VersionConflictError naming every file that is there with other contents */
async function findPresent(entries: readonly Entry[], plan: MavenPlan, tools: PublishTools): Promise<void> {
  const conflicts: string[] = [];
  await mapConcurrently(entries, tools.concurrency, async (entry) => {
    try {
      entry.present = await compareStored(tools.client, entry.wanted);
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      conflicts.push(error.message);
    }
  });
  const { groupId, artifactId, version } = plan.pom;
  if (conflicts.length > 0)
    throw new VersionConflictError(
      `${groupId}:${artifactId}:${version} is published already, with other contents: ${conflicts.join('; ')}`,
    );
}

async function publishFile(entry: Entry, checksums: ChecksumPublisher, tools: PublishTools): Promise<void> {
  const { wanted, present, url } = entry;
  tools.signal.throwIfAborted();
  if (present !== undefined) {
    const known = await wanted.checksums();
    entry.sha256 = known.sha256;
    if (present.missing.length > 0) await checksums.publish(wanted, known, present.missing);
    entry.action = 'skipped';
    tools.progress.skip(wanted.size);
    tools.log.info(`${wanted.name}: skipped, it is there already, and the very same, ${url}`);
    return;
  }
  const sums = await sendFile(entry, tools);
  entry.action = 'uploaded';
  entry.sha256 = sums.sha256;
  await checkShown(entry, tools);
  await checksums.publish(wanted, sums);
  tools.log.info(`${wanted.name}: uploaded, ${formatBytes(wanted.size)}, sha256 ${sums.sha256}, ${url}`);
}

/** Before anything refers to the file: an answer does not prove that it is there, and any but 201 (Created) says little. */
async function checkShown(entry: Entry, { client, log, patience }: PublishTools): Promise<void> {
  const { wanted, status } = entry;
  if (status === undefined) return;
  const isShown = await askUntil(
    async () => await client.shows(wanted.path, wanted.name),
    (shown) => shown !== false,
    patience,
  );
  if (isShown !== false) return;
  if (status !== 201) {
    entry.action = 'failed';
    throw new UnexpectedAnswerError(
      `${wanted.name}: the repository answered ${status}, not 201 (Created), and does not have the file`,
      { status, isForeign: false, isMissing: true },
    );
  }
  log.warning(`${wanted.name} was uploaded, and the repository does not show it yet`);
}

async function sendFile(entry: Entry, { client, progress, log }: PublishTools): Promise<Checksums> {
  const { planned, wanted } = entry;
  const { path, name, size } = wanted;
  const hashed = observeBody(planned.body, createChecksums);
  const transfer = progress.start(name, size);
  let wasSentWhole = false;
  try {
    entry.status = await client.put(path, name, hashed.body, (bytes) => {
      wasSentWhole ||= bytes === size;
      transfer.sent(bytes);
    });
    return hashed.accepted().digest();
  } catch (error) {
    entry.action = failedAction(error, wasSentWhole);
    // After a lost answer, a second try meets what the first one has stored, and is refused as a release is.
    if (isPolicy(error) && (await isThere(client, wanted))) {
      log.debug(`${name}: ${error.message}; what is there is the very same`);
      return await wanted.checksums();
    }
    throw error;
  } finally {
    transfer.end();
  }
}

async function isThere(client: MavenClient, wanted: WantedFile): Promise<boolean> {
  try {
    return (await compareStored(client, wanted)) !== undefined;
  } catch {
    // The refusal itself says more.
    return false;
  }
}

function buildChange(
  plan: MavenPlan,
  build: SnapshotBuild,
): { format(known: Metadata): string; isIn(known: Metadata): boolean } {
  const pom = plan.files.filter(({ kind }) => kind.extension === 'pom' && kind.classifier === undefined);
  const artifacts = plan.files.filter((file) => !pom.includes(file));
  // Maven has the POM second.
  const kinds = [...artifacts.slice(0, 1), ...pom, ...artifacts.slice(1)].map(({ kind }) => kind);
  return {
    format: (known) => formatMetadata(addBuild(known, plan.pom, build, kinds)),
    isIn: (known) => hasBuild(known, build, kinds),
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
    tools.log.warning(
      `The prefix ${printable(prefix)}, until now that of ${printable(earlier)}, leads to ${artifactId}`,
    );
  const format = (metadata: Metadata): string => formatMetadata(addPlugin(metadata, plugin));
  await updateIndex(index, { format, isIn: (metadata) => hasPlugin(metadata, plugin) }, tools);
}

async function updateIndex(
  index: Index,
  change: { format(known: Metadata): string; isIn(known: Metadata): boolean },
  tools: MetadataTools,
): Promise<void> {
  index.action = 'failed';
  const onWritten = (): void => {
    index.action = 'unconfirmed';
  };
  const isConfirmed = await updateMetadata({ ...change, directory: index.directory, onWritten }, tools);
  if (isConfirmed) index.action = 'uploaded';
}

async function hashFile(planned: PlannedFile): Promise<Checksums> {
  return (await readThrough(planned.body, createChecksums())).digest();
}
