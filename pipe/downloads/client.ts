/** Bitbucket Cloud's REST API for a repository's Downloads, one function for each of its operations. */

import { PipeError } from '../errors.ts';
import { type Answer, discard, readJson } from '../http/answer.ts';
import type { SizedBody } from '../http/body.ts';
import type { Http } from '../http/send.ts';
import { printable } from '../toolkit/output.ts';
import { fileForm } from './multipart.ts';

/** A file among the repository's Downloads. */
export interface Download {
  readonly name: string;
  readonly size: number;
  readonly createdOn: Date;
}

export interface DownloadsClient {
  /** Puts a file there; one of the same name is replaced. */
  upload(name: string, content: SizedBody, onSent: (bytes: number) => void): Promise<void>;
  /** All downloads, over all pages. */
  list(): Promise<readonly Download[]>;
  /** Reads a download's content. `read` starts over where the transfer breaks off. */
  read<T>(name: string, read: (answer: Answer) => Promise<T>): Promise<T>;
  /** Deletes a download; one that is gone already is no error. */
  remove(name: string): Promise<void>;
}

const pageLength = 100;
const maxPages = 10_000;
const maxPageBytes = 16 * 1024 * 1024;
const maxRedirects = 3;

/** @see https://developer.atlassian.com/cloud/bitbucket/rest/api-group-downloads/ */
export function createDownloadsClient(http: Http, apiUrl: URL, workspace: string, repository: string): DownloadsClient {
  const collection = `${apiUrl.href.replace(/\/+$/, '')}/repositories/${encodeURIComponent(workspace)}/${encodeURIComponent(repository)}/downloads`;
  const item = (name: string): URL => new URL(`${collection}/${encodeURIComponent(name)}`);

  return {
    async upload(name, content, onSent) {
      const form = fileForm('files', name, content);
      const overhead = form.body.length - content.length;
      await http.send(
        {
          subject: printable(name),
          method: 'POST',
          url: new URL(collection),
          accept: [200, 201],
          headers: { 'content-type': form.contentType, accept: 'application/json' },
          body: form.body,
          onSent: (bytes) => onSent(Math.min(content.length, Math.max(0, bytes - overhead))),
        },
        discard,
      );
    },

    async list() {
      const downloads: Download[] = [];
      const seen = new Set<string>();
      let query: string | undefined = `?pagelen=${pageLength}`;
      for (let pages = 0; query !== undefined; pages++) {
        if (seen.has(query) || pages > maxPages)
          throw new PipeError(`the listing of ${collection} does not end: it leads back to ${query}`);
        seen.add(query);
        const url: URL = new URL(collection + query);
        const page = await http.send(
          { method: 'GET', url, accept: [200], headers: { accept: 'application/json' } },
          (answer) => readJson(answer, maxPageBytes),
        );
        const { values, next } = parsePage(page, collection);
        downloads.push(...values);
        query = next;
      }
      return downloads;
    },

    async read(name, read) {
      return await http.send(
        { subject: printable(name), method: 'GET', url: item(name), accept: [200], redirects: maxRedirects },
        read,
      );
    },

    async remove(name) {
      await http.send(
        { subject: printable(name), method: 'DELETE', url: item(name), accept: [200, 204, 404] },
        discard,
      );
    },
  };
}

interface Page {
  readonly values: readonly Download[];
  /** The query of the next page: its address may name a host that a gateway stands in for. */
  readonly next: string | undefined;
}

function parsePage(page: unknown, collection: string): Page {
  const { values, next } = (page ?? {}) as { values?: unknown; next?: unknown };
  if (!Array.isArray(values))
    throw new PipeError(`${collection} answered with something that is not a listing of downloads`);
  return {
    values: values.map((value) => parseDownload(value as Readonly<Record<string, unknown>>, collection)),
    next: typeof next === 'string' ? (URL.parse(next, collection)?.search ?? undefined) : undefined,
  };
}

function parseDownload(value: Readonly<Record<string, unknown>>, collection: string): Download {
  const { name, size, created_on: createdOn } = value;
  const date = new Date(String(createdOn));
  if (typeof name !== 'string' || typeof size !== 'number' || Number.isNaN(date.getTime())) {
    throw new PipeError(`${collection} lists a download without a name, a size or a date`);
  }
  return { name, size, createdOn: date };
}
