/**
 * The staging area of an npm registry, as npm 12 uses it: versions that wait for a person's approval.
 *
 * @see https://github.com/npm/cli "lib/commands/stage", version 12
 */
import { randomUUID } from 'node:crypto';
import { json, Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { npmError } from './npm-answers.ts';
import { receiveDocument } from './npm-document.ts';
import { type NpmContext, publishVersion, type StagedVersion } from './npm-store.ts';
import { decodeSegment } from './request-path.ts';

const maxPerPage = 100;

/** @param path below `-/stage`, with its slash @throws Refusal if no client of the staging area sends such a request */
export async function serveStaging(
  exchange: Exchange,
  npm: NpmContext,
  path: string,
  query: URLSearchParams,
): Promise<void> {
  const { method } = exchange;
  if (npm.options.stages !== true) throw new Refusal(npmError(404, 'Not found'));
  if (path === '' && method === 'GET') return await list(exchange, npm, query);
  const [, escaped] = /^\/package\/([^/]+)$/.exec(path) ?? [];
  if (escaped !== undefined && method === 'POST') return await stage(exchange, npm, decodeSegment(escaped));
  const [, id = '', action = ''] = /^\/([0-9a-f-]{36})(?:\/(approve|tarball))?$/.exec(path) ?? [];
  if (id === '') throw new Refusal(npmError(404, 'Not found'), `no address of the staging area: ${path}`);
  const staged = npm.staged.get(id);
  if (staged === undefined) throw new Refusal(npmError(404, 'no such staged package'));
  if (method === 'GET' && action === '') return await exchange.respond(json(200, describe(staged, npm)));
  if (method === 'GET' && action === 'tarball')
    return await exchange.respond({
      status: 200,
      headers: { 'content-type': 'application/octet-stream' },
      body: staged.published.tarball,
    });
  if (method === 'POST' && action === 'approve') {
    checkPresence(exchange);
    const { name, version, tag, published } = staged;
    publishVersion(npm, name, version, tag, published);
    npm.staged.delete(id);
    return await exchange.respond(json(200, { ok: true }));
  }
  if (method === 'DELETE' && action === '') {
    checkPresence(exchange);
    npm.staged.delete(id);
    return await exchange.respond({ status: 204 });
  }
  throw new Refusal(npmError(405, 'method not allowed'), `${method} of a staged package`);
}

/** A person proves to be there by a second factor, which a pipeline does not have. */
function checkPresence(exchange: Exchange): void {
  const password = exchange.request.headers['npm-otp'];
  if (password === '123456') return;
  const refusal = npmError(401, 'You must provide a one-time pass.');
  throw new Refusal({ ...refusal, headers: { ...refusal.headers, 'www-authenticate': 'OTP' } });
}

async function stage(exchange: Exchange, npm: NpmContext, name: string): Promise<void> {
  const isStaged = (version: string): boolean =>
    [...npm.staged.values()].some((each) => each.name === name && each.version === version);
  const { version, tag, published } = await receiveDocument(exchange, npm, name, (each) =>
    isStaged(each) ? `${name}@${each} is already staged` : undefined,
  );
  const id = randomUUID();
  const createdAt = new Date().toISOString();
  npm.staged.set(id, { id, name, version, tag, createdAt, published, staleReads: npm.options.staleReads ?? 0 });
  await exchange.respond(json(201, { stageId: id }));
}

async function list(exchange: Exchange, npm: NpmContext, query: URLSearchParams): Promise<void> {
  const [name, page, perPage] = ['package', 'page', 'perPage'].map((key) => query.get(key));
  const [pageIndex, pageSize] = [Number(page ?? 0), Number(perPage ?? maxPerPage)];
  if (!Number.isSafeInteger(pageIndex) || pageIndex < 0 || !(pageSize >= 1 && pageSize <= maxPerPage))
    throw new Refusal(npmError(400, 'bad page'), `page ${page} of ${perPage}`);
  const all = [...npm.staged.values()].filter((each) => name === null || each.name === name);
  const shown = all.filter((each) => each.staleReads === 0);
  for (const each of all) each.staleReads = Math.max(0, each.staleReads - 1);
  const size = Math.min(pageSize, npm.options.stagePageSize ?? pageSize);
  const items = shown.slice(pageIndex * size, (pageIndex + 1) * size).map((each) => describe(each, npm));
  await exchange.respond(json(200, { items, total: shown.length, page: pageIndex, perPage: size }));
}

function describe(
  { id, name: packageName, version, tag, createdAt, published }: StagedVersion,
  { options }: NpmContext,
): unknown {
  const { integrity, shasum } = published.manifest['dist'] as Readonly<Record<string, unknown>>;
  const { digests = 'both' } = options;
  return {
    id,
    packageName,
    version,
    tag,
    createdAt,
    actor: 'ci',
    actorType: 'token',
    status: 'pending',
    ...(digests !== 'none' && { shasum }),
    ...(digests === 'both' && { integrity }),
  };
}
