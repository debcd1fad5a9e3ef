/** The part of Bitbucket Cloud's REST API 2.0 that serves the Downloads of one private repository. */
import { apiError, json, noSuchRepository, Refusal } from './answers.ts';
import { authorize } from './authorize.ts';
import { contentPath } from './content-server.ts';
import type { DownloadStore, KeptDownload } from './download-store.ts';
import { receiveUpload } from './download-upload.ts';
import type { Exchange } from './exchange.ts';
import { checkQuery, positiveInteger } from './query.ts';
import { decodeSegment, splitPath } from './request-path.ts';
import type { SignedUrls } from './signed-urls.ts';

export interface DownloadsApiOptions {
  readonly store: DownloadStore;
  readonly urls: SignedUrls;
  readonly workspace: string;
  readonly repository: string;
  readonly maxFileBytes: number;
  readonly pageLength: number;
  /** Known once the servers listen. */
  readonly apiUrl: () => string;
  readonly contentOrigin: () => string;
}

const maxPageLength = 100;

export async function serveDownloadsApi(exchange: Exchange, options: DownloadsApiOptions): Promise<void> {
  const { pathname, query } = splitPath(exchange.path);
  const [, workspace, repository, name] =
    /^\/2\.0\/repositories\/([^/]+)\/([^/]+)\/downloads(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (workspace === undefined || repository === undefined) {
    throw new Refusal(apiError(404, 'Resource not found'), 'no such resource');
  }
  const { method } = exchange;
  const allowed = name === undefined ? ['GET', 'POST'] : ['GET', 'DELETE'];
  if (!allowed.includes(method)) {
    const answer = apiError(405, `Method "${method}" not allowed.`);
    throw new Refusal({ ...answer, headers: { ...answer.headers, allow: allowed.join(', ') } }, 'method not allowed');
  }
  authorize(exchange, method === 'GET' ? 'read' : 'write');
  if (decodeSegment(workspace) !== options.workspace || decodeSegment(repository) !== options.repository) {
    throw new Refusal(noSuchRepository);
  }
  checkQuery(exchange, query, method === 'GET' && name === undefined ? ['page', 'pagelen'] : []);
  if (name === undefined) {
    return method === 'GET' ? list(exchange, query, options) : receiveUpload(exchange, options);
  }
  const download = options.store.downloads.get(decodeSegment(name));
  if (download === undefined) throw new Refusal(apiError(404, `No such file: ${decodeSegment(name)}`));
  if (method === 'GET') {
    const location = options.contentOrigin() + options.urls.sign(contentPath(download));
    return exchange.respond({ status: 302, headers: { location } });
  }
  options.store.delete(download.name);
  return exchange.respond({ status: 204 });
}

function list(exchange: Exchange, query: URLSearchParams, options: DownloadsApiOptions): Promise<void> {
  const pagelen = positiveInteger(query, 'pagelen', options.pageLength);
  const page = positiveInteger(query, 'page', 1);
  if (pagelen > maxPageLength) throw new Refusal(apiError(400, 'Invalid pagelen'));
  const url = `${options.apiUrl()}/repositories/${options.workspace}/${options.repository}/downloads`;
  const all = options.store.newestFirst();
  const values = all.slice((page - 1) * pagelen, page * pagelen).map((download) => describe(download, url));
  const pageUrl = (number: number): string => `${url}?pagelen=${pagelen}&page=${number}`;
  return exchange.respond(
    json(200, {
      values,
      pagelen,
      size: all.length,
      page,
      ...(page * pagelen < all.length && { next: pageUrl(page + 1) }),
      ...(page > 1 && { previous: pageUrl(page - 1) }),
    }),
  );
}

function describe({ name, size, createdOn, fetches }: KeptDownload, url: string): object {
  return {
    type: 'download',
    name,
    size,
    // With microseconds, like Bitbucket's times.
    created_on: createdOn.toISOString().replace(/Z$/, '000+00:00'),
    downloads: fetches,
    user: { type: 'user', display_name: 'Dev', nickname: 'dev' },
    links: { self: { href: `${url}/${encodeURIComponent(name)}` } },
  };
}
