/** Uploads, and takes nobody's word for it but a 201: whatever else means success is settled by asking the listing. */

import { UnexpectedAnswerError } from '../../errors.ts';
import type { SizedBody } from '../../io/body.ts';
import { askUntil, type Patience } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Download, DownloadsClient } from './client.ts';

interface UploadTools {
  readonly client: Pick<DownloadsClient, 'upload' | 'list'>;
  readonly log: Pick<Log, 'warning'>;
  readonly patience: Patience;
}

/** An answer tells the time in whole seconds, and one host's clock may be a little ahead of another's. */
const clockToleranceMs = 2_000;

/** @throws UnexpectedAnswerError if the answer is not a 201, and the listing does not have the upload */
export async function uploadConfirmed(
  name: string,
  content: SizedBody,
  onSent: (bytes: number) => void,
  { client, log, patience }: UploadTools,
): Promise<void> {
  const startedAt = performance.now();
  try {
    await client.upload(name, content, onSent);
  } catch (error) {
    if (!(error instanceof UnexpectedAnswerError)) throw error;
    const isOurs = (download: Download): boolean =>
      download.name === name &&
      download.size === content.length &&
      download.ageMs !== undefined &&
      download.ageMs <= performance.now() - startedAt + clockToleranceMs;
    const find = async (): Promise<Download | undefined> => (await client.list()).find(isOurs);
    let found: Download | undefined;
    try {
      // What answers with a page or an error has hardly taken the file: no need to wait for it to show.
      found = error.isForeign ? await find() : await askUntil(find, (download) => download !== undefined, patience);
    } catch (failure) {
      patience.signal?.throwIfAborted();
      log.warning(`Could not look up whether ${printable(name)} is there all the same: ${(failure as Error).message}`);
      throw error;
    }
    if (found === undefined)
      throw new UnexpectedAnswerError(
        `${error.message}, and the listing does not have it`,
        { status: error.status, isForeign: error.isForeign, isMissing: true },
        { cause: error },
      );
    log.warning(`${error.message}, but the listing has it`);
  }
}
