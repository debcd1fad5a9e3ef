/** The distribution protocol of one repository, one function for each of its steps. */

import { HttpError, PipeError, UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { type Answer, discard, readBytes } from '../../http/answer.ts';
import { type Body, bytesBody } from '../../io/body.ts';
import type { Http } from '../../http/send.ts';
import { digestOf } from '../descriptors.ts';
import { manifestTypes } from '../media-types.ts';
import type { Document } from '../image.ts';

/** Where an upload goes on: the latest `Location`, opaque. */
export interface UploadSession {
  readonly location: URL;
  /** Bytes that one chunk must have at least, where the registry says so. */
  readonly minChunkBytes: number | undefined;
}

export interface RegistryClient {
  /** Bytes of the blob; undefined where the registry does not have it, or does not say. */
  blobSize(digest: string): Promise<number | undefined>;
  readBlob(digest: string, maxBytes: number): Promise<Buffer>;
  /** The steps of an upload are not repeated one by one: what a broken one left behind is not known. */
  startUpload(subject: string): Promise<UploadSession>;
  /** Sends all of it with the digest: the session is over. */
  putBlob(
    subject: string,
    session: UploadSession,
    digest: string,
    body: Body,
    onSent?: (bytes: number) => void,
  ): Promise<void>;
  /** Sends a part, or all of it; the session goes on. @param from the part's first byte, where it is one of several */
  patchBlob(
    subject: string,
    session: UploadSession,
    body: Body,
    from?: number,
    onSent?: (bytes: number) => void,
  ): Promise<UploadSession>;
  /** Ends a session whose bytes are all there. */
  commitBlob(subject: string, session: UploadSession, digest: string): Promise<void>;
  /**
   * The manifest under a tag or a digest; undefined where there is none, or it may not be read.
   *
   * @param accept the media types that the caller takes; default: all that the pipe knows
   */
  readManifest(reference: string, accept?: readonly string[]): Promise<Document | undefined>;
  /** Whether the registry says that there is no such manifest, rather than not to say. */
  lacksManifest(reference: string): Promise<boolean>;
  putManifest(reference: string, document: Document): Promise<void>;
}

/** Distribution-spec 1.1, "Pushing manifests": registries should take at least 4 MiB. */
const maxManifestBytes = 4 * 1024 * 1024;

export const maxConfigBytes = 8 * 1024 * 1024;

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
export function createRegistryClient(http: Http, registry: URL, repository: string): RegistryClient {
  const base = new URL(`/v2/${repository}/`, registry);
  const blobUrl = (digest: string): URL => new URL(`blobs/${digest}`, base);
  const manifestUrl = (reference: string): URL => new URL(`manifests/${reference}`, base);

  const putBlob: RegistryClient['putBlob'] = async (subject, session, digest, body, onSent) => {
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
          ...(onSent && { onSent }),
        },
        discard,
      );
    } catch (error) {
      // Whoever has answered so: what counts is whether the registry has the blob.
      if (!(error instanceof UnexpectedAnswerError) || (await client.blobSize(digest)) === undefined) throw error;
    }
  };

  const client: RegistryClient = {
    async blobSize(digest) {
      try {
        return await http.send(
          { method: 'HEAD', url: blobUrl(digest), accept: [200], redirects: 5 },
          async (answer) => {
            await discard(answer);
            if (/html/i.test(answer.header('content-type') ?? '')) return undefined;
            const length = answer.header('content-length') ?? '';
            return /^\d+$/.test(length) ? Number(length) : undefined;
          },
        );
      } catch (error) {
        // 404 says that it is not there. Registries that answer 403 or 405 here take the blob all the same.
        if (error instanceof HttpError && error.refusal.status < 500 && ![401, 429].includes(error.refusal.status))
          return undefined;
        throw error;
      }
    },

    async readBlob(digest, maxBytes) {
      const bytes = await http.send(
        { method: 'GET', url: blobUrl(digest), accept: [200], redirects: 5, answersContent: true },
        (answer) => readBytes(answer, maxBytes),
      );
      checkDigest(bytes, digest, 'blob');
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
      } as const;
      return await http.send({ ...request, ...(onSent && { onSent }) }, sessionOf);
    },

    async commitBlob(subject, session, digest) {
      await putBlob(subject, session, digest, bytesBody(''));
    },

    async readManifest(reference, accept = manifestTypes) {
      try {
        return await http.send(
          {
            method: 'GET',
            url: manifestUrl(reference),
            accept: [200],
            redirects: 5,
            headers: { accept: accept.join(', ') },
          },
          async (answer) => {
            const bytes = await readBytes(answer, maxManifestBytes);
            const digest = digestOf(bytes);
            const claimed = answer.header('docker-content-digest');
            if (
              (claimed?.startsWith('sha256:') === true && claimed !== digest) ||
              (reference.startsWith('sha256:') && reference !== digest)
            ) {
              throw new VerificationError(
                `${answer.url.host} answered for ${reference} with a manifest of another digest, ${digest}`,
              );
            }
            return { mediaType: mediaTypeOf(answer), digest, bytes };
          },
        );
      } catch (error) {
        if (error instanceof HttpError && [400, 403, 404, 405].includes(error.refusal.status)) return undefined;
        throw error;
      }
    },

    async lacksManifest(reference) {
      try {
        await http.send(
          { method: 'HEAD', url: manifestUrl(reference), accept: [200], redirects: 5, headers: manifestHeaders },
          discard,
        );
      } catch (error) {
        if (error instanceof HttpError && error.refusal.status < 500) return error.refusal.status === 404;
        throw error;
      }
      return false;
    },

    async putManifest(reference, document) {
      try {
        for (let isAgain = false; ; isAgain = true) {
          const status = await sendManifest(reference, document);
          // The specification's answer; a tag is read back whatever the answer was.
          if (status === 201 || !reference.startsWith('sha256:') || !(await client.lacksManifest(reference))) return;
          if (isAgain)
            throw new UnexpectedAnswerError(
              `${reference}: ${registry.host} answered ${status} to the manifest, and does not have it`,
              { status, isForeign: false, isMissing: true },
            );
        }
      } catch (error) {
        if (!(error instanceof UnexpectedAnswerError) || !error.isForeign) throw error;
        if ((await client.readManifest(reference))?.digest !== document.digest) throw error;
      }
    },
  };
  return client;

  /** @returns the status */
  async function sendManifest(reference: string, { mediaType, digest, bytes }: Document): Promise<number> {
    return await http.send(
      {
        subject: reference,
        method: 'PUT',
        url: manifestUrl(reference),
        accept: [200, 201, 202, 204],
        body: bytesBody(bytes),
        headers: { 'content-type': mediaType },
      },
      async (answer) => {
        await discard(answer);
        const claimed = answer.header('docker-content-digest');
        if (claimed?.startsWith('sha256:') === true && claimed !== digest) {
          throw new VerificationError(
            `${answer.url.host} stored the manifest of ${reference} as ${claimed}, not ${digest}`,
          );
        }
        return answer.status;
      },
    );
  }
}

const manifestHeaders = { accept: manifestTypes.join(', ') } as const;
const octets = { 'content-type': 'application/octet-stream' } as const;

function checkDigest(bytes: Uint8Array, digest: string, what: string): void {
  if (digestOf(bytes) !== digest)
    throw new VerificationError(`the registry answered for ${what} ${digest} with other content`);
}

function mediaTypeOf(answer: Answer): string {
  return (answer.header('content-type') ?? '').replace(/;.*$/s, '').trim();
}

/** The query is kept byte for byte: its state is the registry's, and re-encoding it breaks it. */
function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  url.search = `${url.search}${url.search === '' ? '?' : '&'}digest=${digest}`;
  return url;
}

async function sessionOf(answer: Answer): Promise<UploadSession> {
  await discard(answer);
  const location = URL.parse(answer.header('location') ?? '', answer.url.href);
  if (answer.header('location') === undefined || location === null)
    throw new PipeError(`${answer.url.host} did not say where the upload goes on`);
  const min = answer.header('oci-chunk-min-length') ?? '';
  return { location, minChunkBytes: /^\d{1,12}$/.test(min) ? Number(min) : undefined };
}
