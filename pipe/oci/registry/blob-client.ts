/** The steps of the distribution protocol for the blobs of one repository. */

import { HttpError, UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { type Answer, discard, readBytes } from '../../http/answer.ts';
import { keepEncrypted } from '../../http/keep-encrypted.ts';
import { findRefused, type ReadBack } from '../../http/read-back.ts';
import { isTransient } from '../../http/retry.ts';
import type { Http } from '../../http/send.ts';
import { type Body, bytesBody } from '../../io/body.ts';
import { digestOf } from '../descriptors.ts';
import { mayBeThereAlready, saysItExists } from './refusals.ts';

/** An upload in progress. */
export interface UploadSession {
  /** Where to continue: the latest `Location`, which is opaque. */
  readonly location: URL;
  /** The smallest chunk that the registry accepts, if it states one. */
  readonly minChunkBytes: number | undefined;
}

/** Every method throws what `Http.send` throws, and a PipeError if an answer makes no sense. */
export interface BlobClient {
  /** Bytes of the blob; undefined if the registry does not have it, or does not state its size. */
  blobSize(digest: string): Promise<number | undefined>;
  /** @throws VerificationError if the content does not match the digest */
  readBlob(digest: string, maxBytes: number): Promise<Buffer>;
  /** The steps of an upload are not retried one by one: the state after a failed step is unknown. */
  startUpload(subject: string): Promise<UploadSession>;
  /** Sends the whole blob with its digest, which ends the session. */
  putBlob(
    subject: string,
    session: UploadSession,
    digest: string,
    body: Body,
    onSent?: (bytes: number) => void,
  ): Promise<void>;
  /** Sends a chunk or the whole blob; the session continues. @param from offset of the chunk, if it is one of several */
  patchBlob(
    subject: string,
    session: UploadSession,
    body: Body,
    from?: number,
    onSent?: (bytes: number) => void,
  ): Promise<UploadSession>;
  /** Ends a session after the last byte. */
  commitBlob(subject: string, session: UploadSession, digest: string): Promise<void>;
}

const maxRedirects = 5;

/** The steps for the repository at `base`: `https://registry/v2/acme/app/`. */
export function createBlobClient(http: Http, base: URL, readBack: ReadBack): BlobClient {
  const blobUrl = (digest: string): URL => new URL(`blobs/${digest}`, base);

  const putBlob: BlobClient['putBlob'] = async (subject, session, digest, body, onSent) => {
    try {
      await http.send(
        {
          subject,
          method: 'PUT',
          url: withDigest(session.location, digest),
          accept: [200, 201, 202, 204],
          body,
          headers: octets,
          once: true,
          unendingAnswer: 'doubtful',
          redirects: maxRedirects,
          ...(onSent && { onSent }),
        },
        discard,
      );
    } catch (error) {
      // A gateway may have answered, or another job was faster: what counts is whether the registry has the blob.
      if (!(error instanceof UnexpectedAnswerError) && !mayBeThereAlready(error)) throw error;
      const find = async (): Promise<number | undefined> => await client.blobSize(digest);
      if ((await findRefused(saysItExists(error), find, readBack)) === undefined) throw error;
    }
  };

  const client: BlobClient = {
    async blobSize(digest) {
      try {
        return await http.send(
          { method: 'HEAD', url: blobUrl(digest), accept: [200], redirects: maxRedirects },
          async (answer) => {
            await discard(answer);
            if (/html/i.test(answer.header('content-type') ?? '')) return undefined;
            const length = answer.header('content-length') ?? '';
            return /^\d+$/.test(length) ? Number(length) : undefined;
          },
        );
      } catch (error) {
        // 404: it does not exist. Registries that answer 403 or 405 here still accept the blob.
        if (!(error instanceof HttpError) || isTransient(error) || error.refusal.status === 401) throw error;
        if (error.refusal.status >= 500) throw error;
        return undefined;
      }
    },

    async readBlob(digest, maxBytes) {
      const bytes = await http.send(
        { method: 'GET', url: blobUrl(digest), accept: [200], redirects: maxRedirects, answersContent: true },
        (answer) => readBytes(answer, maxBytes),
      );
      if (digestOf(bytes) !== digest)
        throw new VerificationError(`the registry returned different content for the blob ${digest}`);
      return bytes;
    },

    async startUpload(subject) {
      return await http.send(
        {
          subject,
          method: 'POST',
          url: new URL('blobs/uploads/', base),
          accept: [202],
          body: bytesBody(''),
          once: true,
          unendingAnswer: 'ignored',
          redirects: maxRedirects,
        },
        sessionOf,
      );
    },

    putBlob,

    async patchBlob(subject, session, body, from, onSent) {
      const range =
        from === undefined || body.length === undefined ? {} : { 'content-range': `${from}-${from + body.length - 1}` };
      const request = {
        subject,
        method: 'PATCH',
        url: session.location,
        accept: [200, 201, 202, 204],
        body,
        headers: { ...octets, ...range },
        once: true,
        unendingAnswer: 'ignored',
        redirects: maxRedirects,
      } as const;
      return await http.send({ ...request, ...(onSent && { onSent }) }, sessionOf);
    },

    async commitBlob(subject, session, digest) {
      await putBlob(subject, session, digest, bytesBody(''));
    },
  };
  return client;
}

const octets = { 'content-type': 'application/octet-stream' } as const;

/** Keeps the query byte for byte: it holds the state of the registry, which re-encoding would break. */
function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  url.search = `${url.search}${url.search === '' ? '?' : '&'}digest=${digest}`;
  return url;
}

async function sessionOf(answer: Answer): Promise<UploadSession> {
  await discard(answer);
  const location = URL.parse(answer.header('location') ?? '', answer.url.href);
  if (answer.header('location') === undefined || location === null)
    throw new UnexpectedAnswerError(
      `${answer.url.host} did not say where to continue the upload: its answer has no valid Location`,
      { status: answer.status, isForeign: true },
    );
  const min = answer.header('oci-chunk-min-length') ?? '';
  return {
    location: keepEncrypted(answer.url, location),
    minChunkBytes: /^\d{1,12}$/.test(min) ? Number(min) : undefined,
  };
}
