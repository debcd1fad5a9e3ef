/** A Maven repository over HTTP, one function for each thing that is asked of it. */

import { HttpError, UnexpectedAnswerError } from '../../errors.ts';
import { type Answer, discard, readBytes } from '../../http/answer.ts';
import { bytesBody, type SizedBody } from '../../io/body.ts';
import { createSha256 } from '../../io/hashes.ts';
import { readThrough } from '../../io/observed-body.ts';
import type { Http } from '../../http/send.ts';
import { type Algorithm, parseChecksum } from './checksums.ts';
import { maxXmlBytes } from './xml.ts';

/** A file that the repository has. */
interface StoredFile {
  /** Bytes; undefined where the repository does not say. */
  readonly size: number | undefined;
  /** Undefined where it was not read. */
  readonly sha256?: string;
}

/** Paths are relative to the repository, each segment encoded. */
export interface MavenClient {
  url(path: string): URL;
  /**
   * Stores a file, or replaces it.
   *
   * @returns the status that it was answered with
   * @throws UnexpectedAnswerError if the answer is a web page or reports an error, and the file is not there afterwards
   */
  put(path: string, subject: string, body: SizedBody, onSent?: (bytes: number) => void): Promise<number>;
  putText(path: string, subject: string, text: string): Promise<void>;
  /** Whether the repository shows a file there; undefined if it does not say. */
  shows(path: string, subject: string): Promise<boolean | undefined>;
  /** What the repository has there; undefined where it has nothing. */
  find(path: string, subject: string): Promise<StoredFile | undefined>;
  /** Reads all of a file, to hash it. */
  hash(path: string, subject: string): Promise<StoredFile | undefined>;
  /** The checksum in the file of that kind beside a file; undefined where there is none. */
  readChecksum(path: string, subject: string, algorithm: Algorithm): Promise<string | undefined>;
  /** All of a metadata file; undefined where there is none. @throws PipeError where it is too long to be one */
  readMetadata(path: string, subject: string): Promise<Buffer | undefined>;
}

/** Repositories differ. */
const stored = [200, 201, 202, 204] as const;
/** Some keep files elsewhere. */
const maxRedirects = 3;
const maxChecksumBytes = 16 * 1024;
/** Answers of repositories that do not know HEAD, or of which only GET tells the reason. */
const tellsNothing: ReadonlySet<number> = new Set([400, 401, 403, 405, 501]);

/** @see https://maven.apache.org/repository/layout.html */
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
   * Whether the repository has what was sent. Plain web servers (Apache's WebDAV) say 201 with a page: then the size of
   * an artifact is enough, which was not there before. Small files, such as checksums, may have been.
   */
  async function holds(path: string, subject: string, body: SizedBody, status: number): Promise<boolean> {
    if (status === 201 && body.length > maxChecksumBytes) {
      const found = await client.find(path, subject);
      if (found?.size !== undefined) return found.size === body.length;
    }
    const found = await client.hash(path, subject);
    return found?.sha256 === (await readThrough(body, createSha256())).digest();
  }

  const client: MavenClient = {
    url,

    async put(path, subject, body, onSent) {
      const request = { subject, method: 'PUT', url: url(path), accept: stored, body } as const;
      try {
        return await http.send(onSent === undefined ? request : { ...request, onSent }, async (answer) => {
          await discard(answer);
          return answer.status;
        });
      } catch (error) {
        if (!(error instanceof UnexpectedAnswerError) || !(await holds(path, subject, body, error.status))) throw error;
        return error.status;
      }
    },

    async shows(path, subject) {
      try {
        return (await head(path, subject)) !== undefined;
      } catch (error) {
        if (error instanceof HttpError && error.refusal.status < 500) return undefined;
        throw error;
      }
    },

    async putText(path, subject, text) {
      await client.put(path, subject, bytesBody(text));
    },

    async find(path, subject) {
      try {
        return await head(path, subject);
      } catch (error) {
        if (error instanceof HttpError && tellsNothing.has(error.refusal.status))
          return await client.hash(path, subject);
        throw error;
      }
    },

    async hash(path, subject) {
      return await get(path, subject, async (answer) => {
        const hash = createSha256();
        let size = 0;
        for await (const chunk of answer.body) {
          size += chunk.length;
          hash.update(chunk);
        }
        return { size, sha256: hash.digest() };
      });
    },

    async readChecksum(path, subject, algorithm) {
      const bytes = await get(`${path}.${algorithm}`, `${subject}.${algorithm}`, (answer) =>
        readBytes(answer, maxChecksumBytes),
      );
      return bytes === undefined ? undefined : parseChecksum(bytes.toString('latin1'), algorithm);
    },

    async readMetadata(path, subject) {
      // As Maven asks: a cache in between could know an older one.
      return await get(path, subject, (answer) => readBytes(answer, maxXmlBytes), { 'cache-control': 'no-cache' });
    },
  };
  return client;
}

function lengthOf(answer: Answer): number | undefined {
  const length = answer.header('content-length');
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}
