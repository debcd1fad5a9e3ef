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
interface StoredFile {
  /** In bytes; undefined if the repository does not send it. */
  readonly size: number | undefined;
  /** Lower-case hexadecimal digits; undefined if the file was not read. */
  readonly sha256?: string;
}

/** Paths are relative to the repository, with each segment encoded. A subject names the file in messages. */
export interface MavenClient {
  url(path: string): URL;
  /**
   * Stores a file, or replaces it.
   *
   * @returns the status of the answer
   * @throws UnexpectedAnswerError if the answer is a web page or reports an error, and the file is not stored
   */
  put(path: string, subject: string, body: SizedBody, onSent?: (bytes: number) => void): Promise<number>;
  /** As `put`, for a string. @param onSentWhole called when its last byte was sent */
  putString(path: string, subject: string, content: string, onSentWhole?: () => void): Promise<number>;
  /** Whether the repository shows the file; undefined if it refuses to answer. */
  exists(path: string, subject: string): Promise<boolean | undefined>;
  /** The stored file; undefined if there is none. */
  find(path: string, subject: string): Promise<StoredFile | undefined>;
  /** As `find`, but reads the whole file to hash it. */
  hash(path: string, subject: string): Promise<StoredFile | undefined>;
  /** The checksum stored beside a file; undefined if there is none of that kind. */
  readChecksum(path: string, subject: string, algorithm: Algorithm): Promise<string | undefined>;
  /** The whole metadata file; undefined if there is none. @throws PipeError if it is too large */
  readMetadata(path: string, subject: string): Promise<Buffer | undefined>;
}

/** Repositories confirm a stored file in different ways. */
const successStatuses = [200, 201, 202, 204] as const;
/** Some repositories redirect to the storage of their files. */
const maxRedirects = 3;
const maxChecksumBytes = 16 * 1024;
/** Answers to HEAD from repositories that do not support it, or that give a reason for a refusal only to GET. */
const inconclusiveStatuses: ReadonlySet<number> = new Set([400, 401, 403, 405, 501]);

/**
 * A client for one repository.
 *
 * @see https://maven.apache.org/repository/layout.html
 */
export function createMavenClient(http: Http, registry: URL): MavenClient {
  const url = (path: string): URL => new URL(path, registry);

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
        return answer.status === 200 ? { size: lengthOf(answer) } : undefined;
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

  const client: MavenClient = {
    url,

    async put(path, subject, body, onSent) {
      const request = {
        subject,
        method: 'PUT',
        url: url(path),
        accept: successStatuses,
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
    },

    async exists(path, subject) {
      try {
        return (await head(path, subject)) !== undefined;
      } catch (error) {
        if (error instanceof HttpError && error.refusal.status < 500) return undefined;
        throw error;
      }
    },

    async putString(path, subject, content, onSentWhole) {
      const body = bytesBody(content);
      return await client.put(path, subject, body, (bytes) => {
        if (bytes === body.length) onSentWhole?.();
      });
    },

    async find(path, subject) {
      try {
        return await head(path, subject);
      } catch (error) {
        if (error instanceof HttpError && inconclusiveStatuses.has(error.refusal.status))
          return await client.hash(path, subject);
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
      return await get(path, subject, (answer) => readBytes(answer, maxXmlBytes), { 'cache-control': 'no-cache' });
    },
  };
  return client;
}

function lengthOf(answer: Answer): number | undefined {
  const length = answer.header('content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
