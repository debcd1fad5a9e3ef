/** Brings a metadata file up to date: read, merged, written, and read back, since others may write at the same time. */

import { VerificationError } from '../../errors.ts';
import { sleep } from '../../http/origin-gate.ts';
import { askUntil, type Patience } from '../../http/read-back.ts';
import { algorithms, checksumsOf } from './checksums.ts';
import type { Log } from '../../toolkit/log.ts';
import type { MavenClient } from './client.ts';
import { type Metadata, metadataName, noMetadata, parseMetadata } from './metadata.ts';
import type { ChecksumPublisher } from './stored-files.ts';

export interface MetadataTools {
  readonly client: MavenClient;
  readonly checksums: ChecksumPublisher;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** With a repository that does not show at once what it has stored. */
  readonly patience: Patience;
}

interface MetadataChange {
  /** The file's directory, below the repository. */
  readonly directory: string;
  /** The content that the file is to have. */
  format(known: Metadata): string;
  /** Whether what the run has published is in it. */
  isIn(known: Metadata): boolean;
  /** Told of whether the file has been written; a failure may still follow. */
  onWritten(): void;
}

/** Somebody else would have to write in between as often. */
const maxWrites = 5;
const baseWaitMs = 100;

/** @returns what is there, empty where there is none. @throws PipeError where it cannot be read or understood */
export async function readKnown(client: MavenClient, directory: string): Promise<Metadata> {
  return (await readStored(client, directory))?.metadata ?? noMetadata;
}

/**
 * @returns whether it was seen there; a repository that shows nothing is only warned of: some make such files themselves
 * @throws VerificationError where what was written does not stay
 */
export async function updateMetadata(change: MetadataChange, tools: MetadataTools): Promise<boolean> {
  const { client, checksums, signal, patience } = tools;
  const path = change.directory + metadataName;
  for (let writes = 1; ; writes++) {
    const known = await readKnown(client, change.directory);
    const text = change.format(known);
    await client.putText(path, metadataName, text);
    change.onWritten();
    await checksums.publish({ path, name: metadataName }, checksumsOf(Buffer.from(text)));
    const after = await askUntil(
      async () => await readStored(client, change.directory),
      (stored) => stored !== undefined,
      patience,
    );
    if (after === undefined) {
      tools.log.warning(
        `${client.url(path).href} was written, but cannot be read back: the repository shows it later, or keeps no such file`,
      );
      return false;
    }
    if (change.isIn(after.metadata)) {
      // Somebody has written since: whose checksums are there, nobody knows.
      if (after.bytes.toString() !== text) await repairChecksums(change.directory, after.bytes, tools);
      return true;
    }
    if (writes === maxWrites) {
      throw new VerificationError(
        `${client.url(path).href} was written ${writes} times, and each time what this run published is missing when it is read back`,
      );
    }
    await sleep(Math.random() * baseWaitMs * 2 ** writes, signal);
  }
}

/** Makes sure that metadata which needs no change has its own checksums: an earlier run may have ended in between. */
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
