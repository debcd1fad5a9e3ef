/** The steps of the distribution protocol for the manifests of one repository. */

import { HttpError, UnexpectedAnswerError, VerificationError } from '../../errors.ts';
import { type Answer, discard, readBytes } from '../../http/answer.ts';
import { isTransient } from '../../http/retry.ts';
import type { Http } from '../../http/send.ts';
import { bytesBody } from '../../io/body.ts';
import { digestOf } from '../descriptors.ts';
import type { Document } from '../image.ts';
import { manifestTypes } from '../media-types.ts';
import { isDigestInvalid } from './refusals.ts';

/** What a registry has said of a manifest that it stored. */
export interface ManifestReceipt {
  /** By a 201, or because it has the manifest. After another success, a tag must be read back. */
  readonly isConfirmed: boolean;
  /** The registry lists it as a referrer of its subject (`OCI-Subject`). */
  readonly isListed: boolean;
}

/** Every method throws what `Http.send` throws. */
export interface ManifestClient {
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
  /**
   * Stores a manifest under several tags, if the registry knows how. Tries it once.
   *
   * @returns the tags that now point to it (`OCI-Tag`)
   */
  putTags(tags: readonly string[], document: Document): Promise<readonly string[]>;
}

/** Distribution-spec 1.1, "Pushing manifests": registries should accept at least 4 MiB. */
const maxManifestBytes = 4 * 1024 * 1024;

const maxRedirects = 5;

/** To a manifest. */
interface ManifestAnswer {
  readonly status: number;
  readonly isListed: boolean;
  /** Those that it is stored under. */
  readonly tags: readonly string[];
}

/** The steps for the repository at `base`: `https://registry/v2/acme/app/`. */
export function createManifestClient(http: Http, base: URL): ManifestClient {
  const repository = base.host + base.pathname.replace(/^\/v2(?=\/)/, '').replace(/\/$/, '');
  const nameOf = (reference: string): string =>
    `${repository}${reference.startsWith('sha256:') ? '@' : ':'}${reference}`;
  const manifestUrl = (reference: string): URL => new URL(`manifests/${reference}`, base);
  const client: ManifestClient = {
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
          const { status, isListed } = await repeatManifest(reference, document);
          // 201 is what the specification asks for. Tags are read back anyway.
          if (status === 201 || !reference.startsWith('sha256:')) return { isConfirmed: status === 201, isListed };
          if (!(await client.lacksManifest(reference))) return { isConfirmed: true, isListed };
          if (isAgain)
            throw new UnexpectedAnswerError(
              `${reference}: ${base.host} answered ${status} to the manifest, but does not have it`,
              { status, isForeign: false, isMissing: true },
            );
        }
      } catch (error) {
        if (!(error instanceof UnexpectedAnswerError) || !error.isForeign) throw error;
        if ((await client.readManifest(reference))?.digest !== document.digest) throw error;
        return { isConfirmed: true, isListed: false };
      }
    },

    async putTags(tags, document) {
      const url = manifestUrl(document.digest);
      for (const tag of tags) url.searchParams.append('tag', tag);
      return (await sendManifest(document.digest, url, document)).tags;
    },
  };
  return client;

  async function repeatManifest(reference: string, document: Document): Promise<ManifestAnswer> {
    const url = manifestUrl(reference);
    return await http.repeat(nameOf(reference), url, async () => {
      try {
        return await sendManifest(reference, url, document);
      } catch (error) {
        throw isDigestInvalid(error) ? new HttpError({ ...error.refusal, isTransient: true }) : error;
      }
    });
  }

  async function sendManifest(
    reference: string,
    url: URL,
    { mediaType, digest, bytes }: Document,
  ): Promise<ManifestAnswer> {
    return await http.send(
      {
        subject: nameOf(reference),
        method: 'PUT',
        url,
        accept: [200, 201, 202, 204],
        body: bytesBody(bytes),
        headers: { 'content-type': mediaType },
        once: true,
        redirects: maxRedirects,
        unendingAnswer: 'ignored',
      },
      async (answer) => {
        await discard(answer);
        const claimed = answer.header('docker-content-digest');
        if (claimed?.startsWith('sha256:') === true && claimed !== digest)
          throw new VerificationError(
            `${answer.url.host} stored the manifest ${reference} as ${claimed}, not ${digest}`,
          );
        return {
          status: answer.status,
          isListed: answer.header('oci-subject') !== undefined,
          tags: answer.headerValues('oci-tag').flatMap((value) => value.split(',').map((tag) => tag.trim())),
        };
      },
    );
  }
}

const manifestHeaders = { accept: manifestTypes.join(', ') } as const;

function mediaTypeOf(answer: Answer): string {
  return (answer.header('content-type') ?? '').replace(/;.*$/s, '').trim();
}
