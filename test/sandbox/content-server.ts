/** The second origin: an object store that serves content for signed URLs, and rejects credentials. */
import { Refusal, text, type Answer } from './answers.ts';
import type { DownloadStore, KeptDownload } from './download-store.ts';
import type { Exchange } from './exchange.ts';
import { splitPath } from './request-path.ts';
import type { SignedUrls } from './signed-urls.ts';

export interface ContentServerOptions {
  readonly store: DownloadStore;
  readonly urls: SignedUrls;
}

export function contentPath({ id, name }: KeptDownload): string {
  return `/sandbox-uploads/${id}/downloads/${encodeURIComponent(name)}`;
}

export async function serveContent(exchange: Exchange, { store, urls }: ContentServerOptions): Promise<void> {
  const { pathname, query } = splitPath(exchange.path);
  const [, id] = /^\/sandbox-uploads\/(\d+)\/downloads\/[^/]+$/.exec(pathname) ?? [];
  const { authorization, cookie, accept = '' } = exchange.request.headers;
  if (id === undefined || exchange.method !== 'GET')
    throw new Refusal(storeError(403, 'AccessDenied'), 'no such resource');
  if (authorization !== undefined) {
    throw new Refusal(storeError(400, 'InvalidArgument'), 'credentials for another origin');
  }
  if (cookie !== undefined) throw new Refusal(storeError(400, 'InvalidArgument'), 'cookies of another origin');
  if (accept.includes('application/json')) throw new Refusal(storeError(406, 'NotAcceptable'), `Accept: ${accept}`);
  if (!urls.verify(pathname, query)) throw new Refusal(storeError(403, 'SignatureDoesNotMatch'));
  const download = store.byId(Number(id));
  if (download === undefined || !download.stored.kept) throw new Refusal(storeError(404, 'NoSuchKey'));
  download.fetches += 1;
  await exchange.respond({
    status: 200,
    headers: { 'content-type': 'application/octet-stream', etag: `"${download.id}"` },
    body: download.stored,
  });
}

function storeError(status: number, code: string): Answer {
  return text(status, `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`, 'application/xml');
}
