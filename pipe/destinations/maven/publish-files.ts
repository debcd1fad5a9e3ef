/** Publishes the files of an artifact, each with its checksums, and looks whether they have stayed. */

import { type Action, failedAction } from '../outcome.ts';
import { otherContent } from '../report.ts';
import { observeBody, readThrough } from '../../io/observed-body.ts';
import { mapConcurrently } from '../../io/map-concurrently.ts';
import { HttpError, UnexpectedAnswerError } from '../../errors.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Progress } from '../../toolkit/progress.ts';
import { formatBytes } from '../../toolkit/units.ts';
import { findRefused, isConflict, type ReadBack } from '../../http/read-back.ts';
import { algorithms } from './algorithms.ts';
import { type Checksums, createChecksums, getsChecksums } from './checksums.ts';
import { ifAbsent, type MavenClient } from './client.ts';
import { encodeSegment, fileName, versionDirectory } from './coordinates.ts';
import type { MavenItem } from './outcome.ts';
import type { PlannedArtifact, PlannedFile } from './planned.ts';
import {
  type ChecksumPublisher,
  compareStored,
  holdsContent,
  type IdenticalFile,
  isPolicyRefusal,
  joinConflicts,
  VersionConflictError,
  type WantedFile,
} from './stored-files.ts';

export interface FileTools {
  readonly client: MavenClient;
  readonly log: Log;
  readonly progress: Progress;
  /** Ends the run, and cuts running transfers. */
  readonly signal: AbortSignal;
  readonly concurrency: number;
  readonly checksums: ChecksumPublisher;
  readonly readBack: ReadBack;
}

/** A file to publish, and what has become of it. */
export interface Entry {
  readonly planned: PlannedFile;
  readonly wanted: WantedFile;
  readonly url: string;
  action: Action;
  /** Why it is not published, if that is known. */
  obstacle?: string;
  /** The status of the answer to the file. */
  status?: number;
  identical?: IdenticalFile | undefined;
  sums?: Checksums;
}

/** The files of an artifact. @param version of their names; timestamped for a SNAPSHOT */
export function toEntries({ files, pom }: PlannedArtifact, version: string, client: MavenClient): readonly Entry[] {
  return files.map((planned) => {
    const name = fileName(pom.artifactId, version, planned.kind);
    const path = versionDirectory(pom) + encodeSegment(name);
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

/** The file's part in the outcome. */
export function toItem({ planned, wanted, url, action, obstacle, sums, identical }: Entry): MavenItem {
  const { name, algorithms: kinds } = wanted;
  const savedRequests = identical === undefined ? 0 : 1 + kinds.length - identical.lackingChecksums.length;
  const size = action === 'skipped' && obstacle !== undefined ? undefined : planned.size;
  return { name, kind: planned.kind, size, url, sha256: sums?.sha256, action, obstacle, savedRequests };
}

/** Finds the files that are there already. @throws VersionConflictError naming every file that is stored with different content */
export async function findIdentical(entries: readonly Entry[], tools: FileTools): Promise<void> {
  const conflicts: VersionConflictError[] = [];
  await mapConcurrently(entries, tools.concurrency, async (entry) => {
    try {
      entry.identical = await compareStored(tools.client, entry.wanted);
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      leave(entry);
      conflicts.push(error);
    }
  });
  if (conflicts.length > 0) throw joinConflicts(conflicts, conflicts.map(({ message }) => message).join('; '));
}

/** Makes sure that no file has its name yet. @throws VersionConflictError if one has */
export async function expectNone(entries: readonly Entry[], { client, concurrency }: FileTools): Promise<void> {
  const found = await mapConcurrently(entries, concurrency, async ({ wanted }) =>
    (await client.exists(wanted.path, wanted.name)) === true ? wanted.name : undefined,
  );
  const taken = found.find((name) => name !== undefined);
  if (taken !== undefined) throw new VersionConflictError(`${taken} is already there`);
}

/**
 * Publishes the file, unless an identical one is there.
 *
 * @returns the outcome in words
 * @throws VersionConflictError if another publisher has its name
 */
export async function publishFile(entry: Entry, tools: FileTools): Promise<string> {
  const { wanted, identical } = entry;
  const { checksums } = tools;
  tools.signal.throwIfAborted();
  if (identical !== undefined) {
    entry.sums = await wanted.checksums();
    if (identical.lackingChecksums.length > 0) await checksums.publish(wanted, entry.sums, identical.lackingChecksums);
    entry.action = 'skipped';
    tools.progress.skip(wanted.size);
    return `skipped, already there with identical content`;
  }
  const sums = await sendFile(entry, tools);
  entry.action = 'uploaded';
  entry.sums = sums;
  await checkStored(entry, tools);
  await checksums.publish(wanted, sums, wanted.algorithms);
  return `uploaded, ${formatBytes(wanted.size)}, sha256 ${sums.sha256}`;
}

/**
 * Looks, some time after the files were published, whether they and their checksums are still this run's: a repository
 * that ignores conditions lets another publisher replace them who began at the same time.
 *
 * The first file decides who has published a release: only its publisher restores the others.
 *
 * @param mayRestore whether files after the first are sent again if another publisher has replaced them
 * @returns whether nothing had to be restored
 * @throws VersionConflictError if a file is another publisher's
 */
export async function lookAtFiles(entries: readonly Entry[], mayRestore: boolean, tools: FileTools): Promise<boolean> {
  const replaced = await mapConcurrently(entries, tools.concurrency, async (entry) => await findReplaced(entry, tools));
  const conflicts = replaced.filter((conflict) => conflict !== undefined);
  const isWinner = replaced[0] === undefined;
  if (conflicts.length > 0 && !(mayRestore && isWinner)) {
    entries.forEach((entry, index) => {
      if (replaced[index] !== undefined) leave(entry);
    });
    throw new VersionConflictError(conflicts.join('; '));
  }
  await mapConcurrently([...entries.entries()], tools.concurrency, async ([index, entry]) => {
    const { wanted, sums } = entry;
    if (replaced[index] !== undefined) {
      tools.log.warning(`${replaced[index]}: publishing it again`);
      entry.sums = await sendFile(entry, tools, { isReplacing: true });
      await tools.checksums.publish(wanted, entry.sums, wanted.algorithms);
    } else if (sums !== undefined) await tools.checksums.repair(wanted, sums);
  });
  return conflicts.length === 0;
}

/** What is there instead of the file; undefined if it is there, or if the repository does not show it. */
async function findReplaced({ wanted, sums }: Entry, { client }: FileTools): Promise<string | undefined> {
  if (sums === undefined) return undefined;
  try {
    await holdsContent(client, wanted, sums, await client.find(wanted.path, wanted.name));
    return undefined;
  } catch (error) {
    if (error instanceof VersionConflictError) return error.message;
    // As before the metadata was written: a repository may let nobody read.
    if (error instanceof HttpError && error.refusal.status < 500) return undefined;
    throw error;
  }
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

async function sendFile(
  entry: Entry,
  { client, progress, log, readBack }: FileTools,
  { isReplacing = false }: { readonly isReplacing?: boolean } = {},
): Promise<Checksums> {
  const { planned, wanted } = entry;
  const { path, name, size } = wanted;
  const hashed = observeBody(planned.body, createChecksums);
  const transfer = progress.start(name, size);
  let wasFullySent = false;
  const onSent = (bytes: number): void => {
    wasFullySent ||= bytes === size;
    transfer.sent(bytes);
  };
  try {
    entry.status = await client.put(
      path,
      name,
      hashed.body,
      isReplacing ? { onSent } : { condition: ifAbsent, isClaim: true, onSent },
    );
    return hashed.accepted().digest();
  } catch (error) {
    entry.action = failedAction(error, wasFullySent);
    // If an answer is lost, the retry finds the file of the first attempt, and is refused as a changed release is.
    if (isPolicyRefusal(error) && (await isAlreadyStored(client, entry, error, readBack))) {
      log.debug(`${name}: ${error.message}; the stored file is identical`);
      return await wanted.checksums();
    }
    throw error;
  } finally {
    transfer.end();
  }
}

/** Marks a file that is not published, since the repository has another under its name. */
function leave(entry: Entry): void {
  entry.action = 'skipped';
  entry.obstacle = otherContent();
}

/** @throws VersionConflictError if another publisher has stored a different file in the meantime */
async function isAlreadyStored(
  client: MavenClient,
  entry: Entry,
  refusal: HttpError,
  readBack: ReadBack,
): Promise<boolean> {
  const compare = async (): Promise<IdenticalFile | undefined> => await compareStored(client, entry.wanted);
  try {
    return (await findRefused(isConflict(refusal), compare, readBack)) !== undefined;
  } catch (error) {
    if (error instanceof VersionConflictError) {
      leave(entry);
      throw new VersionConflictError(`${error.message} (${refusal.message})`, { cause: refusal });
    }
    // The refusal itself is more helpful.
    return false;
  }
}

async function hashFile(planned: PlannedFile): Promise<Checksums> {
  return (await readThrough(planned.body, createChecksums())).digest();
}
