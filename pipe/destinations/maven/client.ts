/** A Maven repository over HTTP, one function for each request. */

import { HttpError, UnexpectedAnswerError } from '../../errors.ts';
import { type Answer, discard, readBytes } from '../../http/answer.ts';
import { bytesBody, type SizedBody } from '../../io/body.ts';
import { measure } from '../../io/hashes.ts';
import type { Http } from '../../http/send.ts';
import { type Algorithm } from './algorithms.ts';
import { parseChecksum } from './checksums.ts';
import { maxXmlBytes } from './xml.ts';

/** A file in the repository. */
export interface StoredFile {
  /** In bytes; undefined if the repository does not send it. */
  readonly size: number | undefined;
  /** Lower-case hexadecimal digits; undefined if the file was not read. */
  readonly sha256?: string;
  /** What headers say of the file's digest, in hexadecimal and in lower case; undefined if it was read instead. */
  readonly digests?: string;
  readonly etag?: string | undefined;
}

/** A metadata file. */
export interface ReadMetadata {
  readonly bytes: Buffer;
  /** Only if it is a strong one, so that it can be a condition. */
  readonly etag: string | undefined;
}

/** The condition of a PUT, as headers (RFC 9110, 13.1); empty for none. A repository may ignore it. */
export type Condition = Readonly<Record<string, string>>;

/** Nothing may be stored under the name yet. */
export const ifAbsent: Condition = { 'if-none-match': '*' };

/** What was found must still be there: nothing, or the file with its ETag. None if the file has no strong ETag. */
export function conditionOf(found: Pick<StoredFile, 'etag'> | undefined): Condition {
  if (found === undefined) return ifAbsent;
  return found.etag === undefined ? {} : { 'if-match': found.etag };
}

/** The repository accepts the request only with a condition (RFC 6585, 3). */
export function isConditionRequired(error: unknown): error is HttpError {
  return error instanceof HttpError && error.refusal.status === 428;
}

interface PutOptions {
  readonly condition?: Condition;
  /** Is not sent without the condition if the name is taken meanwhile: the refusal is thrown instead. */
  readonly isClaim?: boolean;
  /** Called with the bytes that were sent. */
  readonly onSent?: (bytes: number) => void;
}

/** Paths are relative to the repository, with each segment encoded. A subject names the file in messages. */
export interface MavenClient {
  url(path: string): URL;
  /**
   * Stores a file, or replaces it. A condition that the repository does not understand is left out.
   *
   * @returns the status of the answer
   * @throws HttpError with the status 412 if the condition is false
   * @throws UnexpectedAnswerError if the answer is a web page or reports an error, and the file is not stored
   */
  put(path: string, subject: string, body: SizedBody, options?: PutOptions): Promise<number>;
  /** As `put`, but replaces whatever is there, also in a repository that requires a condition. */
  replace(path: string, subject: string, content: string): Promise<void>;
  /** Whether the repository shows the file; undefined if it refuses to answer. */
  exists(path: string, subject: string): Promise<boolean | undefined>;
  /** The stored file; undefined if there is none. */
  find(path: string, subject: string): Promise<StoredFile | undefined>;
  /** As `find`, but reads the whole file to hash it. */
  hash(path: string, subject: string): Promise<StoredFile | undefined>;
  /** The checksum stored beside a file; undefined if there is none of that kind. */
  readChecksum(path: string, subject: string, algorithm: Algorithm): Promise<string | undefined>;
  /** The whole metadata file; undefined if there is none. @throws PipeError if it is too large */
  readMetadata(path: string, subject: string): Promise<ReadMetadata | undefined>;
}

/** Repositories confirm a stored file in different ways. */
const successStatuses = [200, 201, 202, 204] as const;
/** Some repositories redirect to the storage of their files. */
const maxRedirects = 3;
const maxChecksumBytes = 16 * 1024;
/** Answers to HEAD from repositories that do not support it, or that give a reason for a refusal only to GET. */
const inconclusiveStatuses: ReadonlySet<number> = new Set([400, 401, 403, 405, 501]);

/** Answers to a condition from repositories that do not know it: object storage answers 501. */
const unknownHeaderStatuses: ReadonlySet<number> = new Set([400, 501]);
/** Of Artifactory, Nexus and others; an ETag may contain the digest. */
const digestHeaders = ['etag', 'x-checksum-sha1', 'x-checksum-sha256', 'x-checksum-sha512'];
/** Digests in base64 (RFC 9530, and RFC 3230 before it): `sha-256=:…:`, and `SHA-256=…`. */
const encodedDigestHeaders = ['repr-digest', 'digest'];
const encodedDigest = /\bsha(?:-(?:1|256|512))?=:?([\w+/]+)/gi;

/**
 * A client for one repository.
 *
 * @see https://maven.apache.org/repository/layout.html
 */
export function createMavenClient(http: Http, registry: URL): MavenClient {
  const url = (path: string): URL => new URL(path, registry);
  let knowsConditions = true;
  let requiresConditions = false;

  async function get<T>(
    path: string,
    subject: string,
    read: (answer: Answer) => Promise<T>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T | undefined> {
    const request = { subject, method: 'GET', url: url(path), accept: [200, 404], headers } as const;
    return await http.send({ ...request, redirects: maxRedirects, answersContent: true }, async (answer) => {
      if (answer.status === 200) return await read(answer);
      await discard(answer);
      return undefined;
    });
  }

  async function head(path: string, subject: string): Promise<StoredFile | undefined> {
    return await http.send(
      { subject, method: 'HEAD', url: url(path), accept: [200, 404], redirects: maxRedirects },
      async (answer) => {
        await discard(answer);
        if (answer.status !== 200) return undefined;
        return { size: lengthOf(answer), digests: digestsOf(answer), etag: strongEtag(answer) };
      },
    );
  }

  /**
   * Whether the repository has what was sent. Plain web servers (Apache's WebDAV) answer 201 with a web page. Then the
   * size of an artifact is enough, because it is a new file. A small file, such as a checksum, may be an older one.
   */
  async function isStored(path: string, subject: string, body: SizedBody, status: number): Promise<boolean> {
    if (status === 201 && body.length > maxChecksumBytes) {
      const found = await client.find(path, subject);
      if (found?.size !== undefined) return found.size === body.length;
    }
    const found = await client.hash(path, subject);
    return found?.sha256 === (await measure(body.open())).sha256;
  }

  async function putOnce(path: string, subject: string, body: SizedBody, options: PutOptions): Promise<number> {
    const { condition: headers = {}, onSent } = options;
    const request = {
      subject,
      method: 'PUT',
      url: url(path),
      accept: successStatuses,
      headers,
      body,
      unendingAnswer: 'doubtful',
    } as const;
    try {
      return await http.send(onSent === undefined ? request : { ...request, onSent }, async (answer) => {
        await discard(answer);
        return answer.status;
      });
    } catch (error) {
      if (!(error instanceof UnexpectedAnswerError) || !(await isStored(path, subject, body, error.status)))
        throw error;
      return error.status;
    }
  }

  async function currentCondition(path: string, subject: string): Promise<Condition> {
    return conditionOf(await client.find(path, subject));
  }

  const client: MavenClient = {
    url,

    async put(path, subject, body, options = {}) {
      const { condition = {}, ...others } = options;
      const isConditional = knowsConditions && Object.keys(condition).length > 0;
      try {
        return await putOnce(path, subject, body, isConditional ? options : others);
      } catch (error) {
        if (!isConditional || !hasStatus(error, unknownHeaderStatuses)) throw error;
        if (options.isClaim === true && (await client.exists(path, subject)) === true) throw error;
        const status = await putOnce(path, subject, body, others);
        knowsConditions = false;
        return status;
      }
    },

    async replace(path, subject, content) {
      const body = bytesBody(content);
      const put = async (condition: Condition): Promise<number> => await putOnce(path, subject, body, { condition });
      try {
        await put(requiresConditions ? await currentCondition(path, subject) : {});
      } catch (error) {
        if (requiresConditions || !isConditionRequired(error)) throw error;
        await put(await currentCondition(path, subject));
        requiresConditions = true;
      }
    },

    async exists(path, subject) {
      try {
        return (await head(path, subject)) !== undefined;
      } catch (error) {
        if (error instanceof HttpError && error.refusal.status < 500) return undefined;
        throw error;
      }
    },

    async find(path, subject) {
      try {
        return await head(path, subject);
      } catch (error) {
        if (hasStatus(error, inconclusiveStatuses)) return await client.hash(path, subject);
        throw error;
      }
    },

    async hash(path, subject) {
      return await get(path, subject, async ({ body }) => {
        const { length: size, sha256 } = await measure(body);
        return { size, sha256 };
      });
    },

    async readChecksum(path, subject, algorithm) {
      const bytes = await get(`${path}.${algorithm}`, `${subject}.${algorithm}`, (answer) =>
        readBytes(answer, maxChecksumBytes),
      );
      return bytes === undefined ? undefined : parseChecksum(bytes.toString('latin1'), algorithm);
    },

    async readMetadata(path, subject) {
      // As Maven does: a cache in between may have an older one.
      const headers = { 'cache-control': 'no-cache' };
      const read = async (answer: Answer): Promise<ReadMetadata> => ({
        bytes: await readBytes(answer, maxXmlBytes),
        etag: strongEtag(answer),
      });
      return await get(path, subject, read, headers);
    },
  };
  return client;
}

function digestsOf(answer: Answer): string {
  const named = digestHeaders.map((name) => answer.header(name) ?? '');
  const encoded = encodedDigestHeaders.flatMap((name) => [...(answer.header(name) ?? '').matchAll(encodedDigest)]);
  return [...named, ...encoded.map(([, digits = '']) => Buffer.from(digits, 'base64').toString('hex'))]
    .join(' ')
    .toLowerCase();
}

/** A weak one (RFC 9110, 8.8.3) cannot be a condition of a PUT: it may stay the same when the file changes. */
function strongEtag(answer: Answer): string | undefined {
  const etag = answer.header('etag')?.trim();
  return etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag) ? etag : undefined;
}

function hasStatus(error: unknown, statuses: ReadonlySet<number>): boolean {
  return error instanceof HttpError && statuses.has(error.refusal.status);
}

function lengthOf(answer: Answer): number | undefined {
  const length = answer.header('content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
