/** Updates a metadata file: reads, merges, writes, and reads it back, because others may write at the same time. */

import { VerificationError } from '../../errors.ts';
import { sleep } from '../../http/origin-gate.ts';
import { askUntil, type Patience } from '../../http/read-back.ts';
import { algorithms, checksumsOf } from './checksums.ts';
import type { Log } from '../../toolkit/log.ts';
import type { MavenClient } from './client.ts';
import { emptyMetadata, type Metadata, metadataName, parseMetadata } from './metadata.ts';
import type { ChecksumPublisher } from './stored-files.ts';

export interface MetadataTools {
  readonly client: MavenClient;
  readonly checksums: ChecksumPublisher;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** For a repository that shows a stored file only later. */
  readonly patience: Patience;
}

interface MetadataChange {
  /** The file's directory, relative to the repository. */
  readonly directory: string;
  /** The new content of the file. */
  format(known: Metadata): string;
  /** Whether the metadata includes what this run published. */
  isApplied(known: Metadata): boolean;
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
 * Applies a change to a metadata file.
 *
 * @returns whether the change could be read back; if the repository shows no file, it logs a warning: some repositories
 *   make these files themselves
 * @throws VerificationError if the change is overwritten each time
 */
export async function updateMetadata(change: MetadataChange, tools: MetadataTools): Promise<boolean> {
  const { client, checksums, signal, patience } = tools;
  const path = change.directory + metadataName;
  for (let writes = 1; ; writes++) {
    const known = await readKnown(client, change.directory);
    const content = change.format(known);
    await client.putString(path, metadataName, content);
    change.onWritten();
    await checksums.publish({ path, name: metadataName }, checksumsOf(Buffer.from(content)));
    const after = await askUntil(
      async () => await readStored(client, change.directory),
      (stored) => stored !== undefined,
      patience,
    );
    if (after === undefined) {
      tools.log.warning(
        `${client.url(path).href} was written, but cannot be read back: the repository may show it later, or not keep such files`,
      );
      return false;
    }
    if (change.isApplied(after.metadata)) {
      // Someone else has written it since, so the checksums may be from either version.
      if (after.bytes.toString() !== content) await repairChecksums(change.directory, after.bytes, tools);
      return true;
    }
    if (writes === maxWrites) {
      throw new VerificationError(
        `${client.url(path).href} was written ${writes} times, but what this run published was missing each time it was read back`,
      );
    }
    await sleep(Math.random() * baseWaitMs * 2 ** writes, signal);
  }
}

/** Repairs the checksums of metadata that needs no change: an earlier run may have ended before it wrote them. */
export async function checkMetadata(directory: string, tools: MetadataTools): Promise<void> {
  const stored = await readStored(tools.client, directory);
  if (stored !== undefined) await repairChecksums(directory, stored.bytes, tools);
}

async function repairChecksums(directory: string, bytes: Buffer, { client, checksums }: MetadataTools): Promise<void> {
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
  readonly metadata: Metadata;
}

async function readStored(client: MavenClient, directory: string): Promise<Stored | undefined> {
  const path = directory + metadataName;
  const bytes = await client.readMetadata(path, metadataName);
  return bytes === undefined ? undefined : { bytes, metadata: parseMetadata(bytes, client.url(path).href) };
}
