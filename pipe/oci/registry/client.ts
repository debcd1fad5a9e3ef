/** The distribution protocol for one repository, one method for each step. */

import { HttpError, PipeError, UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { type Answer, discard, readBytes } from '../../http/answer.ts';
import { type Body, bytesBody } from '../../io/body.ts';
import { keepEncrypted } from '../../http/keep-encrypted.ts';
import { isTransient } from '../../http/retry.ts';
import type { Http } from '../../http/send.ts';
import { digestOf } from '../descriptors.ts';
import { manifestTypes } from '../media-types.ts';
import type { Document } from '../image.ts';
import { mayBeThereAlready } from './refusals.ts';

/** An upload in progress. */
export interface UploadSession {
  /** Where to continue: the latest `Location`, which is opaque. */
  readonly location: URL;
  /** The smallest chunk that the registry accepts, if it states one. */
  readonly minChunkBytes: number | undefined;
}

/** What a registry has said of a manifest that it stored. */
export interface ManifestReceipt {
  /** By a 201, or because it has the manifest. After another success, a tag must be read back. */
  readonly isConfirmed: boolean;
  /** The registry lists it as a referrer of its subject (`OCI-Subject`). */
  readonly isListed: boolean;
}

/** Every method throws what `Http.send` throws, and a PipeError if an answer makes no sense. */
export interface RegistryClient {
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
  /**
   * Reads the manifest under a tag or a digest; undefined if it does not exist or may not be read.
   *
   * @param accept the media types that the caller accepts; default: all that the pipe knows
   * @throws VerificationError if the content does not match the digest
   */
  readManifest(reference: string, accept?: readonly string[]): Promise<Document | undefined>;
  /** Whether the registry answers that the manifest does not exist; false if it is unclear. */
  lacksManifest(reference: string): Promise<boolean>;
  /**
   * Stores a manifest under a tag or its digest.
   *
   * @throws VerificationError if the registry stores it under another digest
   */
  putManifest(reference: string, document: Document): Promise<ManifestReceipt>;
}

/** Distribution-spec 1.1, "Pushing manifests": registries should accept at least 4 MiB. */
const maxManifestBytes = 4 * 1024 * 1024;

const maxRedirects = 5;

/** Far above what image builders write. */
export const maxConfigBytes = 8 * 1024 * 1024;

/**
 * A client for one repository.
 *
 * @param repository its path in the registry: `acme/app`
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
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
          redirects: maxRedirects,
          ...(onSent && { onSent }),
        },
        discard,
      );
    } catch (error) {
      // A gateway may have answered, or another job was faster: what counts is whether the registry has the blob.
      const isOpen = error instanceof UnexpectedAnswerError || mayBeThereAlready(error);
      if (!isOpen || (await client.blobSize(digest)) === undefined) throw error;
    }
  };

  const client: RegistryClient = {
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
        redirects: maxRedirects,
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
            redirects: maxRedirects,
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
                `${answer.url.host} returned a different manifest for ${reference}: ${digest}`,
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
          {
            method: 'HEAD',
            url: manifestUrl(reference),
            accept: [200],
            redirects: maxRedirects,
            headers: manifestHeaders,
          },
          discard,
        );
      } catch (error) {
        if (!(error instanceof HttpError) || isTransient(error) || error.refusal.status >= 500) throw error;
        return error.refusal.status === 404;
      }
      return false;
    },

    async putManifest(reference, document) {
      try {
        for (let isAgain = false; ; isAgain = true) {
          const { status, isListed } = await sendManifest(reference, document);
          // 201 is what the specification asks for. Tags are read back anyway.
          if (status === 201 || !reference.startsWith('sha256:')) return { isConfirmed: status === 201, isListed };
          if (!(await client.lacksManifest(reference))) return { isConfirmed: true, isListed };
          if (isAgain)
            throw new UnexpectedAnswerError(
              `${reference}: ${registry.host} answered ${status} to the manifest, but does not have it`,
              { status, isForeign: false, isMissing: true },
            );
        }
      } catch (error) {
        if (!(error instanceof UnexpectedAnswerError) || !error.isForeign) throw error;
        if ((await client.readManifest(reference))?.digest !== document.digest) throw error;
        return { isConfirmed: true, isListed: false };
      }
    },
  };
  return client;

  async function sendManifest(
    reference: string,
    { mediaType, digest, bytes }: Document,
  ): Promise<{ status: number; isListed: boolean }> {
    return await http.send(
      {
        subject: reference,
        method: 'PUT',
        url: manifestUrl(reference),
        accept: [200, 201, 202, 204],
        body: bytesBody(bytes),
        headers: { 'content-type': mediaType },
        redirects: maxRedirects,
      },
      async (answer) => {
        await discard(answer);
        const claimed = answer.header('docker-content-digest');
        if (claimed?.startsWith('sha256:') === true && claimed !== digest) {
          throw new VerificationError(
            `${answer.url.host} stored the manifest ${reference} as ${claimed}, not ${digest}`,
          );
        }
        return { status: answer.status, isListed: answer.header('oci-subject') !== undefined };
      },
    );
  }
}

const manifestHeaders = { accept: manifestTypes.join(', ') } as const;
const octets = { 'content-type': 'application/octet-stream' } as const;

function mediaTypeOf(answer: Answer): string {
  return (answer.header('content-type') ?? '').replace(/;.*$/s, '').trim();
}

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
    throw new PipeError(
      `${answer.url.host} did not say where to continue the upload: its answer has no valid Location`,
    );
  const min = answer.header('oci-chunk-min-length') ?? '';
  return {
    location: keepEncrypted(answer.url, location),
    minChunkBytes: /^\d{1,12}$/.test(min) ? Number(min) : undefined,
  };
}
