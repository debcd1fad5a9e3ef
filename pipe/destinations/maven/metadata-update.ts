/** Updates a metadata file: reads, merges, writes, and reads it back, because others may write at the same time. */

import { type HttpError, VerificationError } from '../../errors.ts';
import { sleep } from '../../http/origin-gate.ts';
import { algorithms } from './algorithms.ts';
import { checksumsOf } from './checksums.ts';
import type { Log } from '../../toolkit/log.ts';
import type { MavenClient } from './client.ts';
import { emptyMetadata, type Metadata, metadataName, parseMetadata } from './metadata.ts';
import type { ReadBack } from '../../http/read-back.ts';
import { type ChecksumPublisher, isPolicyRefusal } from './stored-files.ts';

export interface MetadataTools {
  readonly client: MavenClient;
  readonly checksums: ChecksumPublisher;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly readBack: ReadBack;
}

interface MetadataChange {
  /** The file's directory, relative to the repository. */
  readonly directory: string;
  /** The new content of the file. */
  format(known: Metadata): string;
  /** Whether the metadata includes what this run published. */
  isApplied(known: Metadata): boolean;
  /** Called when the last byte of the file was sent: from then on, it may be there. */
  onSentWhole(): void;
  /** Called after the file was written; a failure may still follow. */
  onWritten(): void;
}

/** Others would have to write in between each time. */
const maxWrites = 5;
const baseWaitMs = 100;

/** The stored metadata, empty if there is none. @throws PipeError if it cannot be read, or is not valid */
export async function readKnown(client: MavenClient, directory: string): Promise<Metadata> {
  return (await readStored(client, directory))?.metadata ?? emptyMetadata;
}

/**
 * Applies a change to a metadata file. A document that was there before the write is an old state, which a repository
 * may go on showing for a while. Any other document that lacks the change is another publisher's: it is merged, and
 * written again.
 *
 * @returns whether the change could be read back. If not, it logs a warning: some repositories make these files
 *   themselves, and show them later or never
 * @throws VerificationError if the change is overwritten each time
 */
export async function updateMetadata(change: MetadataChange, tools: MetadataTools): Promise<boolean> {
  const { client, signal } = tools;
  const url = client.url(change.directory + metadataName).href;
  /** What a later read may still show, although it is not the newest. */
  const seen = new Set<string>();
  let latest: Stored | undefined;
  for (let writes = 1; ; writes++) {
    const found = await readStored(client, change.directory);
    if (found !== undefined && !seen.has(found.text)) latest = found;
    if (latest !== undefined) seen.add(latest.text);
    const content = change.format(latest?.metadata ?? emptyMetadata);
    seen.add(content);
    const refusal = await write(change, content, seen, tools);
    const after = await readAfter(change, refusal === undefined, seen, tools);
    if (after !== undefined && change.isApplied(after.metadata)) {
      // Someone else has written it since, so the checksums may be from either version.
      if (after.text !== content) await repairChecksums(change.directory, after, tools);
      else if (refusal !== undefined) await publishWrongChecksums(change.directory, after, tools);
      return true;
    }
    const isNewer = after !== undefined && !seen.has(after.text);
    if (refusal === undefined && !isNewer) {
      const shown = after === undefined ? 'cannot be read back' : 'the repository still shows the earlier version';
      tools.log.warning(`${url} was written, but ${shown}: it may show it later, or make such files itself`);
      return false;
    }
    // A conflict with another publisher ends; any other reason stays.
    if (refusal !== undefined && (refusal.refusal.status !== 409 || writes === maxWrites)) throw refusal;
    if (writes === maxWrites) {
      throw new VerificationError(
        `${url} was written ${writes} times, but what this run published was missing each time it was read back`,
      );
    }
    if (isNewer) latest = after;
    await sleep(Math.random() * baseWaitMs * 2 ** writes, signal);
  }
}

/**
 * Writes the file and its checksums. Only a 201 proves that the file is stored: after any other answer, the checksums wait
 * until it is shown, because they would be wrong for the earlier version.
 *
 * @returns the refusal, if the repository refuses the file or one of its checksums: the file may be there nevertheless
 */
async function write(
  change: MetadataChange,
  content: string,
  seen: ReadonlySet<string>,
  tools: MetadataTools,
): Promise<HttpError | undefined> {
  const { client, checksums } = tools;
  const path = change.directory + metadataName;
  try {
    const status = await client.putString(path, metadataName, content, () => change.onSentWhole());
    change.onWritten();
    const isStored = status === 201 || (await readAfter(change, true, seen, tools))?.text === content;
    if (isStored) await checksums.publish({ path, name: metadataName }, checksumsOf(Buffer.from(content)));
    return undefined;
  } catch (error) {
    if (!isPolicyRefusal(error)) throw error;
    return error;
  }
}

async function readAfter(
  change: MetadataChange,
  isWritten: boolean,
  seen: ReadonlySet<string>,
  { client, readBack }: MetadataTools,
): Promise<Stored | undefined> {
  const read = async (): Promise<Stored | undefined> => await readStored(client, change.directory);
  if (!isWritten) return await read();
  return await readBack(
    read,
    (stored) => stored !== undefined && (change.isApplied(stored.metadata) || !seen.has(stored.text)),
  );
}

/** Repairs the checksums of metadata that needs no change: an earlier run may have ended before it wrote them. */
export async function checkMetadata(directory: string, tools: MetadataTools): Promise<void> {
  const stored = await readStored(tools.client, directory);
  if (stored !== undefined) await repairChecksums(directory, stored, tools);
}

/** For metadata that this run has not written. A refusal is only a warning: a repository may make both files itself. */
async function repairChecksums(directory: string, stored: Stored, tools: MetadataTools): Promise<void> {
  try {
    await publishWrongChecksums(directory, stored, tools);
  } catch (error) {
    if (!isPolicyRefusal(error)) throw error;
    tools.log.warning(`A checksum of ${tools.client.url(directory + metadataName).href} is wrong: ${error.message}`);
  }
}

async function publishWrongChecksums(
  directory: string,
  { bytes }: Stored,
  { client, checksums }: MetadataTools,
): Promise<void> {
  const path = directory + metadataName;
  const wanted = checksumsOf(bytes);
  const isWrong = await Promise.all(
    algorithms.map(
      async (algorithm) => (await client.readChecksum(path, metadataName, algorithm)) !== wanted[algorithm],
    ),
  );
  const wrong = algorithms.filter((_, index) => isWrong[index]);
  await checksums.publish({ path, name: metadataName }, wanted, wrong);
}

interface Stored {
  readonly bytes: Buffer;
  readonly text: string;
  readonly metadata: Metadata;
}

async function readStored(client: MavenClient, directory: string): Promise<Stored | undefined> {
  const path = directory + metadataName;
  const bytes = await client.readMetadata(path, metadataName);
  if (bytes === undefined) return undefined;
  return { bytes, text: bytes.toString(), metadata: parseMetadata(bytes, client.url(path).href) };
}
