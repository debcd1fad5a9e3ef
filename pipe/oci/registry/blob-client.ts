/** The steps of the distribution protocol for the blobs of one repository. */

import { HttpError, PipeError, UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { type Answer, discard, readBytes } from '../../http/answer.ts';
import { keepEncrypted } from '../../http/keep-encrypted.ts';
import { isRateLimited, isTransient } from '../../http/retry.ts';
import type { Http } from '../../http/send.ts';
import { type Body, bytesBody } from '../../io/body.ts';
import { digestOf } from '../descriptors.ts';

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
  /** Asks once, without retries, while something else goes on. Never throws: a question that fails is `unclear`. */
  peekBlob(digest: string): Promise<'there' | 'missing' | 'unclear'>;
  /** @throws VerificationError if the content does not match the digest */
  readBlob(digest: string, maxBytes: number): Promise<Buffer>;
  /**
   * Has the registry take a blob from another of its repositories. Never throws: what cannot be mounted can be sent.
   *
   * @returns whether the blob is there now
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
   */
  mountBlob(digest: string, from: string): Promise<boolean>;
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
  /** Gives up a session. Never throws: many registries cannot do this, and all of them remove old sessions some day. */
  cancelUpload(session: UploadSession): Promise<void>;
}

const maxRedirects = 5;
/** While the rate of requests is limited: then the blob is sent. */
const maxMountAttempts = 3;

/** The steps for the repository at `base`: `https://registry/v2/acme/app/`. */
export function createBlobClient(http: Http, base: URL): BlobClient {
  const blobUrl = (digest: string): URL => new URL(`blobs/${digest}`, base);

  const putBlob: BlobClient['putBlob'] = async (subject, session, digest, body, onSent) => {
    await http.send(
      {
        subject,
        method: 'PUT',
        url: withDigest(session.location, digest),
        accept: [200, 201, 202, 204],
        body,
        headers: octets,
        once: true,
        redirects: maxRedirects,
        unendingAnswer: 'doubtful',
        ...(onSent && { onSent }),
      },
      discard,
    );
  };

  const headBlob = async (digest: string, once: boolean): Promise<number | undefined> =>
    await http.send(
      { method: 'HEAD', url: blobUrl(digest), accept: [200], redirects: maxRedirects, once },
      async (answer) => {
        await discard(answer);
        if (/html/i.test(answer.header('content-type') ?? '')) return undefined;
        const length = answer.header('content-length') ?? '';
        return /^\d+$/.test(length) ? Number(length) : undefined;
      },
    );

  const client: BlobClient = {
    async blobSize(digest) {
      try {
        return await headBlob(digest, false);
      } catch (error) {
        // 404: it does not exist. Registries that answer 403 or 405 here still accept the blob.
        if (!(error instanceof HttpError) || isTransient(error) || error.refusal.status === 401) throw error;
        if (error.refusal.status >= 500) throw error;
        return undefined;
      }
    },

    async peekBlob(digest) {
      try {
        return (await headBlob(digest, true)) === undefined ? 'unclear' : 'there';
      } catch (error) {
        if (!(error instanceof PipeError)) throw error;
        return error instanceof HttpError && error.refusal.status === 404 ? 'missing' : 'unclear';
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

    async mountBlob(digest, from) {
      const url = new URL('blobs/uploads/', base);
      url.search = `mount=${digest}&from=${from}`;
      const request = { method: 'POST', url, body: bytesBody(''), once: true, unendingAnswer: 'ignored' } as const;
      let attempts = 0;
      const mount = async (): Promise<UploadSession | 'mounted' | undefined> => {
        attempts++;
        try {
          return await http.send({ ...request, accept: [201, 202] }, async (answer) => {
            if (answer.status === 202) return await sessionOf(answer);
            await discard(answer);
            return 'mounted';
          });
        } catch (error) {
          if (!(error instanceof PipeError) || (isRateLimited(error) && attempts < maxMountAttempts)) throw error;
          return undefined;
        }
      };
      try {
        const result = await http.repeat(`mounting ${digest}`, url, mount);
        // It has opened an upload instead, which could end before a layer is compressed.
        if (typeof result === 'object') await client.cancelUpload(result);
        return result === 'mounted';
      } catch (error) {
        if (!(error instanceof PipeError)) throw error;
        return false;
      }
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

    async cancelUpload({ location }) {
      try {
        await http.send({ method: 'DELETE', url: location, accept: [200, 202, 204], once: true }, discard);
      } catch (error) {
        if (!(error instanceof PipeError)) throw error;
      }
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
