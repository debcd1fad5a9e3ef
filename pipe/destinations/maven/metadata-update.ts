/** Updates a metadata file: reads, merges, writes and reads it back, because others may write at the same time. */

import { type HttpError, VerificationError } from '../../errors.ts';
import { sleep } from '../../http/origin-gate.ts';
import { algorithms } from './algorithms.ts';
import { checksumsOf } from './checksums.ts';
import type { Log } from '../../toolkit/log.ts';
import { bytesBody } from '../../io/body.ts';
import { type Condition, conditionOf, isConditionRequired, type MavenClient } from './client.ts';
import { emptyMetadata, type Metadata, metadataName, parseMetadata } from './metadata.ts';
import type { Patience, ReadBack } from '../../http/read-back.ts';
import { type ChecksumPublisher, isPolicyRefusal } from './stored-files.ts';

export interface MetadataTools {
  readonly client: MavenClient;
  readonly checksums: ChecksumPublisher;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly readBack: ReadBack;
  readonly patience: Patience;
}

/** A change to a metadata file, which can be made to whatever the file has become. */
export interface MetadataChange {
  /** The file's directory, relative to the repository. */
  readonly directory: string;
  /** The new content of the file. */
  format(known: Metadata): string;
  /** Whether the metadata includes what this run published. */
  isApplied(known: Metadata): boolean;
  /** Whether another publisher may have written it later: not only if it is applied, if others may take over what it lists. */
  mayFollow?(known: Metadata): boolean;
  /** Called when the last byte of the file was sent: from then on, it may be there. */
  onSentWhole(): void;
  /** Called after the file was written; a failure may still follow. */
  onWritten(): void;
}

/** What a later look finds: the document of the last time, a newer one with the change in it, or one that had lost it. */
export type Seen = 'same' | 'newer' | 'lost';

/** Others would have to write in between each time. */
const maxWrites = 10;
/** Refusals because of another publisher: 409, and 412 and 428 to a condition (RFC 9110, 15.5.13; RFC 6585, 3). */
const conflictStatuses: ReadonlySet<number> = new Set([409, 412, 428]);

/** The stored metadata, empty if there is none. @throws PipeError if it cannot be read, or is not valid */
export async function readKnown(client: MavenClient, directory: string): Promise<Metadata> {
  return (await readStored(client, directory))?.metadata ?? emptyMetadata;
}

/** A change to a metadata file, which stays in it whatever others write. */
export class MetadataUpdate {
  readonly #change: MetadataChange;
  readonly #tools: MetadataTools;
  readonly #url: string;
  /** What a later read may still show, although it is not the newest. */
  readonly #seen = new Set<string>();
  #latest: Stored | undefined;
  /** The document whose checksums this run has published or compared. */
  #checked: string | undefined;

  constructor(change: MetadataChange, tools: MetadataTools) {
    this.#change = change;
    this.#tools = tools;
    this.#url = tools.client.url(change.directory + metadataName).href;
  }

  /**
   * Applies the change. A document that was there before the write is an old state, which a repository may go on showing
   * for a while. Any other document that lacks the change is another publisher's: it is merged, and written again.
   *
   * @returns whether the change could be read back. If not, it logs a warning: some repositories make these files
   *   themselves, and show them later or never
   * @throws VerificationError if the change is overwritten each time
   */
  async write(): Promise<boolean> {
    const { log, signal, patience } = this.#tools;
    for (let writes = 1; ; writes++) {
      const found = await this.#read();
      if (found !== undefined && !this.#seen.has(found.text)) this.#latest = found;
      if (this.#latest !== undefined) this.#seen.add(this.#latest.text);
      const content = this.#change.format(this.#latest?.metadata ?? emptyMetadata);
      this.#seen.add(content);
      const refusal = await this.#put(content, conditionOf(found));
      const after = refusal === undefined ? await this.#readBack() : await this.#read();
      if (after !== undefined && this.#change.isApplied(after.metadata)) {
        // If someone else has written it since, the checksums are compared by the later look.
        if (after.text === content) await this.#completeChecksums(after, refusal);
        return true;
      }
      const isNewer = after !== undefined && !this.#seen.has(after.text);
      if (refusal === undefined && !isNewer) {
        const shown = after === undefined ? 'cannot be read back' : 'the repository still shows the earlier version';
        log.warning(`${this.#url} was written, but ${shown}: it may show it later, or make such files itself`);
        return false;
      }
      // A conflict with another publisher ends; any other reason stays.
      if (refusal !== undefined && (!conflictStatuses.has(refusal.refusal.status) || writes === maxWrites))
        throw refusal;
      if (writes === maxWrites) {
        throw new VerificationError(
          `${this.#url} was written ${writes} times, but what this run published was missing each time it was read back`,
        );
      }
      if (isNewer) this.#latest = after;
      await sleep(Math.random() * patience.baseMs * Math.min(4, 0.2 * 2 ** writes), signal);
    }
  }

  /**
   * Looks again, some time after the change was confirmed: another publisher may have read the document before that and
   * written it after. A lost change is applied again, and checksums of an earlier document are replaced.
   *
   * @throws VerificationError if the change is overwritten each time
   */
  async look(): Promise<Seen> {
    const stored = await this.#readBack();
    // Nothing, or an earlier state: the change was confirmed, so this is not the newest.
    if (stored === undefined) return 'same';
    const mayFollow = this.#change.mayFollow?.(stored.metadata);
    if (!(mayFollow ?? this.#change.isApplied(stored.metadata))) {
      if (this.#seen.has(stored.text)) return 'same';
      this.#tools.log.debug(`${this.#url}: another publisher has replaced it`);
      await this.write();
      return 'lost';
    }
    if (stored.text === this.#checked) return 'same';
    await repairChecksums(this.#change.directory, stored, this.#tools);
    this.#checked = stored.text;
    return 'newer';
  }

  /**
   * Writes the file and its checksums. Only a 201 proves that the file is stored: after any other answer, the checksums
   * wait until it is shown, because they would be wrong for the earlier version.
   *
   * @returns the refusal, if the repository refuses the file or one of its checksums: the file may be there nevertheless
   */
  async #put(content: string, condition: Condition): Promise<HttpError | undefined> {
    const { client, checksums } = this.#tools;
    const path = this.#change.directory + metadataName;
    const body = bytesBody(content);
    const onSent = (bytes: number): void => {
      if (bytes === body.length) this.#change.onSentWhole();
    };
    try {
      const status = await client.put(path, metadataName, body, { condition, onSent });
      this.#change.onWritten();
      if (status !== 201) return undefined;
      await checksums.publish({ path, name: metadataName }, checksumsOf(Buffer.from(content)));
      this.#checked = content;
      return undefined;
    } catch (error) {
      if (!isPolicyRefusal(error) && !isConditionRequired(error)) throw error;
      return error;
    }
  }

  /** @param refusal of the file, which is there nevertheless, or of one of its checksums */
  async #completeChecksums(stored: Stored, refusal: HttpError | undefined): Promise<void> {
    const { directory } = this.#change;
    if (refusal !== undefined) await publishWrongChecksums(directory, stored, this.#tools);
    else if (this.#checked !== stored.text) {
      const name = metadataName;
      await this.#tools.checksums.publish({ path: directory + name, name }, checksumsOf(stored.bytes));
    }
    this.#checked = stored.text;
  }

  async #read(): Promise<Stored | undefined> {
    return await readStored(this.#tools.client, this.#change.directory);
  }

  async #readBack(): Promise<Stored | undefined> {
    return await this.#tools.readBack(
      async () => await this.#read(),
      (stored) => stored !== undefined && (this.#change.isApplied(stored.metadata) || !this.#seen.has(stored.text)),
    );
  }
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
  readonly etag: string | undefined;
  readonly text: string;
  readonly metadata: Metadata;
}

async function readStored(client: MavenClient, directory: string): Promise<Stored | undefined> {
  const path = directory + metadataName;
  const found = await client.readMetadata(path, metadataName);
  if (found === undefined) return undefined;
  const { bytes, etag } = found;
  return { bytes, etag, text: bytes.toString(), metadata: parseMetadata(bytes, client.url(path).href) };
}
