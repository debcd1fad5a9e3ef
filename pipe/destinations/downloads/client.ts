/** Bitbucket Cloud's REST API for a repository's Downloads, one function for each operation. */

import { InputError, PipeError, UnexpectedAnswerError } from '../../errors.ts';
import { type Answer, discard, parseAnswer, readBytes } from '../../http/answer.ts';
import type { SizedBody } from '../../io/body.ts';
import { asList, asObject } from '../../io/json.ts';
import type { Http } from '../../http/send.ts';
import { printable } from '../../toolkit/stdout.ts';
import { fileForm } from '../../http/multipart.ts';

/** A file among the repository's Downloads. */
export interface Download {
  readonly name: string;
  readonly size: number;
  /** Microseconds since 1970, by the server's clock. */
  readonly createdUs: number;
  /** Its age when it was listed, also by the server's clock; undefined if the server sent no `Date`. */
  readonly ageMs: number | undefined;
}

/**
 * The Downloads of one repository.
 *
 * Each method throws HttpError, NetworkError or StalledError if the request fails, and UnexpectedAnswerError if the answer
 * is not one of Bitbucket's.
 */
export interface DownloadsClient {
  /**
   * Uploads a file. A download with the same name is replaced.
   *
   * @param onSent is called with the number of bytes of `content` that this attempt has sent
   * @throws UnexpectedAnswerError if the server answers anything but 201: only the listing shows whether it has the file
   */
  upload(name: string, content: SizedBody, onSent: (bytes: number) => void): Promise<void>;
  /** All downloads, from all pages, each name once. @throws PipeError if the pages never end, or there are too many downloads */
  list(): Promise<readonly Download[]>;
  /** Reads a download's content. `read` is called again if the transfer breaks off. */
  read<T>(name: string, read: (answer: Answer) => Promise<T>): Promise<T>;
  /** Whether there is a download with this name, whatever the listing shows. */
  exists(name: string): Promise<boolean>;
  /** Deletes a download. @returns false if it no longer existed @throws UnexpectedAnswerError if it is still there */
  remove(name: string): Promise<boolean>;
}

const pageLength = 100;
const maxPages = 10_000;
/** Bitbucket writes about 1.5 kB for each download. */
const maxPageBytes = 2 * 1024 * 1024;
/** The whole listing is held in memory. */
const maxDownloads = 100_000;
/** What is held of names, and of the addresses of pages. */
const maxCharacters = 8 * 1024 * 1024;
const maxRedirects = 3;
const redirectStatuses = [301, 302, 303, 307, 308] as const;

/**
 * The client for the Downloads of `workspace/repository`.
 *
 * @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-downloads/
 */
export function createDownloadsClient(http: Http, apiUrl: URL, workspace: string, repository: string): DownloadsClient {
  const collection = `${apiUrl.href.replace(/\/+$/, '')}/repositories/${encodeURIComponent(workspace)}/${encodeURIComponent(repository)}/downloads`;
  const item = (name: string): URL => new URL(`${collection}/${encodeURIComponent(name)}`);

  const client: DownloadsClient = {
    async upload(name, content, onSent) {
      const form = fileForm('files', name, content);
      const overhead = form.body.length - content.length;
      await http.send(
        {
          subject: printable(name),
          method: 'POST',
          url: new URL(collection),
          accept: [200, 201, 202, 204],
          headers: { 'content-type': form.contentType, accept: 'application/json' },
          body: form.body,
          unendingAnswer: 'doubtful',
          onSent: (bytes) => onSent(Math.min(content.length, Math.max(0, bytes - overhead))),
        },
        async (answer) => {
          await discard(answer);
          const { status } = answer;
          if (status !== 201)
            throw new UnexpectedAnswerError(`${printable(name)}: the server answered ${status}, not 201 (Created)`, {
              status,
              isForeign: false,
            });
        },
      );
    },

    async list() {
      const downloads = new Map<string, Download>();
      const seen = new Set<string>();
      let query: string | undefined = `?pagelen=${pageLength}`;
      let characters = 0;
      for (let pages = 0; query !== undefined; pages++) {
        if (seen.has(query) || pages > maxPages)
          throw new PipeError(`the listing of ${collection} does not end: it leads back to ${query}`);
        seen.add(query);
        characters += query.length;
        const url: URL = new URL(collection + query);
        const page: Page = await http.send(
          { method: 'GET', url, accept: [200], headers: { accept: 'application/json' } },
          async (answer) =>
            parseAnswer(answer, await readBytes(answer, maxPageBytes), 'a listing of downloads', (document) =>
              readPage(document, collection, Date.parse(answer.header('date') ?? '')),
            ),
        );
        const { values, next } = page;
        // Other uploads shift the pages: a download on the last page can appear again on the next.
        for (const download of values) {
          const before = downloads.get(download.name);
          if (before === undefined) characters += download.name.length;
          if (before === undefined || before.createdUs < download.createdUs) downloads.set(download.name, download);
        }
        if (downloads.size > maxDownloads || characters > maxCharacters)
          throw new PipeError(
            `the listing of ${collection} is too long: the limit is ${maxDownloads} downloads, with ${maxCharacters} characters of names`,
          );
        query = next;
      }
      return [...downloads.values()];
    },

    async read(name, read) {
      return await http.send(
        {
          subject: printable(name),
          method: 'GET',
          url: item(name),
          accept: [200],
          redirects: maxRedirects,
          answersContent: true,
          isStreamed: true,
        },
        read,
      );
    },

    async exists(name) {
      return await http.send(
        {
          subject: printable(name),
          method: 'GET',
          url: item(name),
          accept: [200, ...redirectStatuses, 404],
          answersContent: true,
        },
        async ({ status, body }) => {
          // Without a redirect, the body is the whole content: read no further.
          for await (const _ of body) break;
          return status !== 404;
        },
      );
    },

    async remove(name) {
      const status = await http.send(
        {
          subject: printable(name),
          method: 'DELETE',
          url: item(name),
          accept: [200, 204, 404],
          unendingAnswer: 'ignored',
        },
        async (answer) => {
          await discard(answer);
          return answer.status;
        },
      );
      // Bitbucket answers 204: a 200 may come from a gateway.
      if (status === 200 && (await client.exists(name)))
        throw new UnexpectedAnswerError(
          `${printable(name)}: the server answered 200 to its deletion, not 204, and it is still there`,
          { status, isForeign: false },
        );
      return status !== 404;
    },
  };
  return client;
}

interface Page {
  readonly values: readonly Download[];
  /** The query of the next page. Only the query: behind a gateway, the URL may name another host. */
  readonly next: string | undefined;
}

/** @param nowMs by the server's clock; NaN if unknown. @throws InputError if it is not a page of downloads */
function readPage(document: unknown, collection: string, nowMs: number): Page {
  const { values, next } = asObject(document, 'it');
  return {
    values: asList(values, 'values').map((value, index) => readDownload(value, `values[${index}]`, nowMs)),
    next: typeof next === 'string' ? (URL.parse(next, collection)?.search ?? undefined) : undefined,
  };
}

function readDownload(value: unknown, where: string, nowMs: number): Download {
  const { name, size, created_on: createdOn } = asObject(value, where);
  const createdUs = typeof createdOn === 'string' ? parseTimeUs(createdOn) : NaN;
  if (typeof name !== 'string' || typeof size !== 'number' || Number.isNaN(createdUs))
    throw new InputError(`${where} has no name, size or date`);
  return { name, size, createdUs, ageMs: Number.isNaN(nowMs) ? undefined : nowMs - createdUs / 1000 };
}

/** `2026-01-02T03:04:05.678901+00:00`: a Date would drop the microseconds that distinguish almost simultaneous uploads. */
function parseTimeUs(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return Date.parse(text.replace(/\.\d+/, '')) * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}
