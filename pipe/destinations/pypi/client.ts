/** A Python index over HTTP, one function for each request. */

import { UnexpectedAnswerError } from '../../errors.ts';
import { type Answer, discard, parseAnswer } from '../../http/answer.ts';
import { keepEncrypted } from '../../http/keep-encrypted.ts';
import { formBody, type FormField } from '../../http/multipart.ts';
import { printableUrl } from '../../http/printable-url.ts';
import type { Http } from '../../http/send.ts';
import type { SizedBody } from '../../io/body.ts';
import { readWhole } from '../../io/bounded-read.ts';
import { measure } from '../../io/hashes.ts';
import { TooManyValuesError } from '../../io/json.ts';
import { InputError } from '../../errors.ts';
import { simpleIndexes } from './index-url.ts';
import {
  type IndexFile,
  isJsonPage,
  pageTypes,
  type ProjectFiles,
  readHtmlPage,
  readJsonPage,
} from './project-page.ts';

/** An index's answer to an upload. */
export interface Confirmation {
  readonly status: number;
  /** Whether it is the answer of an index. Others that mean a success may come from a gateway. */
  readonly isCertain: boolean;
}

export interface ReadOptions {
  /** Without retries: for a step of something larger, which `repeat` repeats. */
  readonly once?: boolean;
  /** Ends the reading of the page; its reason is then thrown. */
  readonly limit?: AbortSignal;
}

/** A file to send. */
export interface Upload {
  readonly filename: string;
  readonly fields: readonly FormField[];
  readonly content: SizedBody;
}

/** A client for one index. A subject names the file or the project in error messages. */
export interface PypiClient {
  /** The page of a project, as far as it is known where the index can be read. */
  pageUrl(project: string): URL;
  /**
   * The files of a project; `none` if the index has no such project, `too large` if its page is.
   *
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer is not a project's page
   */
  read(project: string, options?: ReadOptions): Promise<ProjectFiles | 'none' | 'too large'>;
  /**
   * The SHA-256 of a file's content, which is read for it, and is undefined if that is longer; undefined if it is not there.
   *
   * @param maxBytes reads no further
   */
  hash(
    subject: string,
    file: IndexFile,
    maxBytes: number,
  ): Promise<{ readonly sha256: string | undefined } | undefined>;
  /**
   * Sends a file once, without retries.
   *
   * @param onSent is called with the number of bytes of the content sent so far
   * @throws HttpError, NetworkError, StalledError
   * @throws UnexpectedAnswerError if the answer is a web page or reports an error
   */
  upload(subject: string, upload: Upload, onSent: (bytes: number) => void): Promise<Confirmation>;
  /** Repeats `work` while it fails for a transient reason. @throws the last error of `work` */
  repeat<T>(subject: string, work: () => Promise<T>): Promise<T>;
}

/** Of 30,000 files, in JSON. */
const maxPageBytes = 16 * 1024 * 1024;
const maxRedirects = 3;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * A client for the index that accepts uploads at `registry`.
 *
 * @throws what PypiClient says of its methods: UnexpectedAnswerError, also if a page is only ever redirected
 * @see https://docs.pypi.org/api/upload/
 */
export function createPypiClient(http: Http, registry: URL): PypiClient {
  const indexes = simpleIndexes(registry);
  /** The first that had a project. */
  let known: URL | undefined;
  const pageOf = (project: string, index: URL): URL => new URL(`${project}/`, index);

  async function readPage(
    project: string,
    index: URL,
    { once = false, limit }: ReadOptions,
  ): Promise<ProjectFiles | 'none' | 'too large'> {
    let url = pageOf(project, index);
    let status = 0;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const page = await http.send(
        {
          subject: project,
          method: 'GET',
          url,
          accept: [200, ...redirectStatuses, 404],
          headers: { accept: pageTypes, 'cache-control': 'no-cache' },
          answersContent: true,
          once,
          limit,
        },
        async (answer) => {
          ({ status } = answer);
          if (status === 200) return await readAnswer(answer);
          await discard(answer);
          if (status === 404) return 'none';
          const location = URL.parse(answer.header('location') ?? '', url.href);
          return location === null ? 'none' : keepEncrypted(url, location);
        },
      );
      if (!(page instanceof URL)) return page;
      // pypiserver sends on to PyPI what it does not have: that is another index.
      if (page.origin !== url.origin) return 'none';
      url = page;
    }
    throw new UnexpectedAnswerError(`${project}: GET ${printableUrl(url)}: ${status} after ${maxRedirects} redirects`, {
      status,
      isForeign: true,
    });
  }

  return {
    pageUrl: (project) => pageOf(project, known ?? (indexes[0] as URL)),

    async read(project, options = {}) {
      for (const index of known === undefined ? indexes : [known]) {
        const page = await readPage(project, index, options);
        if (page === 'none') continue;
        known = index;
        return page;
      }
      return 'none';
    },

    async hash(subject, { url }, maxBytes) {
      return await http.send(
        {
          subject,
          method: 'GET',
          url: keepEncrypted(registry, url),
          accept: [200, 404],
          redirects: maxRedirects,
          answersContent: true,
          isStreamed: true,
        },
        async (answer) => {
          if (answer.status === 200) {
            const { length, sha256 } = await measure(answer.body, maxBytes);
            return { sha256: length > maxBytes ? undefined : sha256 };
          }
          await discard(answer);
          return undefined;
        },
      );
    },

    async upload(subject, { filename, fields, content }, onSent) {
      const form = formBody(fields, { field: 'content', filename, content });
      const overhead = form.body.length - content.length;
      return await http.send(
        {
          subject,
          method: 'POST',
          url: registry,
          accept: [200, 201, 202, 204],
          headers: { 'content-type': form.contentType, accept: '*/*' },
          body: form.body,
          once: true,
          unendingAnswer: 'doubtful',
          onSent: (bytes) => onSent(Math.min(content.length, Math.max(0, bytes - overhead))),
        },
        async (answer) => {
          await discard(answer);
          const { status } = answer;
          return { status, isCertain: status === 200 || status === 201 };
        },
      );
    },

    async repeat(subject, work) {
      return await http.repeat(`${subject}: POST ${registry.href}`, registry, work);
    },
  };
}

/** @throws UnexpectedAnswerError if it is not a project's page */
async function readAnswer(answer: Answer): Promise<ProjectFiles | 'too large'> {
  const { url, status } = answer;
  const bytes = await readWhole(answer.body, maxPageBytes);
  if (bytes === undefined) return 'too large';
  try {
    if (isJsonPage(answer.header('content-type') ?? ''))
      return parseAnswer(answer, bytes, 'a page of a Python index', (document) => readJsonPage(document, url));
    return readHtmlPage(bytes.toString('utf8'), url);
  } catch (error) {
    if ((error as Error).cause instanceof TooManyValuesError) return 'too large';
    if (!(error instanceof InputError)) throw error;
    throw new UnexpectedAnswerError(
      `${printableUrl(url)} answered ${status} with something that is not a page of a Python index: ${error.message}`,
      { status, isForeign: true },
      { cause: error },
    );
  }
}
