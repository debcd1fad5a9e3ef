/** Uploads a file. Only a 201 confirms it; after any other answer that may mean that it is stored, the listing decides. */

import { HttpError, UnexpectedAnswerError } from '../../errors.ts';
import type { SizedBody } from '../../io/body.ts';
import { measure } from '../../io/hashes.ts';
import { askUntil, mayRefuseContent, type Patience } from '../../http/read-back.ts';
import type { Log } from '../../toolkit/log.ts';
import { printable } from '../../toolkit/stdout.ts';
import type { Download, DownloadsClient } from './client.ts';
import { isStoredSince } from './freshness.ts';
import { readDigest } from './verify.ts';

interface UploadTools {
  readonly client: Pick<DownloadsClient, 'upload' | 'list' | 'read'>;
  readonly log: Pick<Log, 'warning' | 'debug'>;
  readonly patience: Patience;
}

/**
 * Uploads `content` as the download `name`.
 *
 * @returns whether the server accepted the content, or refused it although the listing shows the upload
 * @throws UnexpectedAnswerError if the answer is not a 201, and the listing does not show the upload; HttpError likewise
 */
export async function uploadConfirmed(
  name: string,
  content: SizedBody,
  onSent: (bytes: number) => void,
  { client, log, patience }: UploadTools,
): Promise<'accepted' | 'refused'> {
  const startedAt = performance.now();
  try {
    await client.upload(name, content, onSent);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof UnexpectedAnswerError) && !mayRefuseContent(error)) throw error;
    const isOurs = (download: Download): boolean =>
      download.name === name && download.size === content.length && isStoredSince(download, startedAt) === true;
    const find = async (): Promise<Download | undefined> => {
      const found = (await client.list()).find(isOurs);
      // What was there may be as large, and as new. After a success, it is hardly that.
      const isRefused = error instanceof HttpError;
      return found !== undefined && isRefused && !(await hasContent(name, content, client)) ? undefined : found;
    };
    // A server that refuses, or answers with a web page, has probably not stored the file: do not wait for it to appear.
    const isExpected = error instanceof UnexpectedAnswerError && !error.isForeign;
    let found: Download | undefined;
    try {
      found = isExpected ? await askUntil(find, (download) => download !== undefined, patience) : await find();
    } catch (failure) {
      patience.signal?.throwIfAborted();
      const message = `Could not check whether ${printable(name)} was stored anyway: ${(failure as Error).message}`;
      if (error instanceof UnexpectedAnswerError) {
        log.warning(message);
        throw error;
      }
      log.debug(message);
      // An account that may not write can seldom read.
      throw error.refusal.status === 403 ? error : new HttpError({ ...error.refusal, isDoubtful: true });
    }
    if (found === undefined) throw error instanceof HttpError ? error : missing(error);
    log.warning(`${error.message}, but the file is in the listing`);
    return error instanceof HttpError ? 'refused' : 'accepted';
  }
}

function missing(error: UnexpectedAnswerError): UnexpectedAnswerError {
  return new UnexpectedAnswerError(
    `${error.message}, and the file is not in the listing`,
    { status: error.status, isForeign: error.isForeign, isMissing: true },
    { cause: error },
  );
}

async function hasContent(name: string, content: SizedBody, client: UploadTools['client']): Promise<boolean> {
  const [theirs, ours] = await Promise.all([readDigest(name, content.length, client), measure(content.open())]);
  return theirs?.sha256 === ours.sha256;
}
