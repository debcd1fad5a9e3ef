/** Uploads a file. Only a 201 confirms it; after any other success, the listing decides. */

import { UnexpectedAnswerError } from '../../errors.ts';
import type { SizedBody } from '../../io/body.ts';
import { askUntil, type Patience } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Download, DownloadsClient } from './client.ts';
import { isStoredSince } from './freshness.ts';

interface UploadTools {
  readonly client: Pick<DownloadsClient, 'upload' | 'list'>;
  readonly log: Pick<Log, 'warning'>;
  readonly patience: Patience;
}

/**
 * Uploads `content` as the download `name`.
 *
 * @throws UnexpectedAnswerError if the answer is not a 201, and the listing does not show the upload
 */
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
      download.name === name && download.size === content.length && isStoredSince(download, startedAt) === true;
    const find = async (): Promise<Download | undefined> => (await client.list()).find(isOurs);
    let found: Download | undefined;
    try {
      // A server that answers with a web page or an error has probably not stored the file: do not wait for it to appear.
      found = error.isForeign ? await find() : await askUntil(find, (download) => download !== undefined, patience);
    } catch (failure) {
      patience.signal?.throwIfAborted();
      log.warning(`Could not check whether ${printable(name)} was stored anyway: ${(failure as Error).message}`);
      throw error;
    }
    if (found === undefined)
      throw new UnexpectedAnswerError(
        `${error.message}, and the file is not in the listing`,
        { status: error.status, isForeign: error.isForeign, isMissing: true },
        { cause: error },
      );
    log.warning(`${error.message}, but the file is in the listing`);
  }
}
