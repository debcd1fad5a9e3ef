/**
 * An npm registry as documented by Bitbucket, below the workspace's path: reads packages and tarballs, and publishes.
 *
 * @see https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
 */
import { json, missingScopes, Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { npmError, unknownPackage } from './npm-answers.ts';
import { receiveDocument } from './npm-document.ts';
import { serveStaging } from './npm-staging.ts';
import { type NpmContext, type NpmPackage, type NpmVersion, publishVersion, tarballAddress } from './npm-store.ts';
import { decodeSegment, splitPath } from './request-path.ts';
import { authenticateForPackages, packageScopes, tokens } from './tokens.ts';

export async function serveNpm(exchange: Exchange, npm: NpmContext): Promise<void> {
  const { pathname, query } = splitPath(exchange.path);
  const start = `/${npm.workspace}/`;
  if (!pathname.startsWith(start)) throw new Refusal(npmError(404, 'not found'), 'outside of the workspace');
  const rest = pathname.slice(start.length);
  authorize(exchange, npm, exchange.method === 'GET' ? 'read' : 'write');
  const [, staging] = /^-\/stage(\/.*)?$/.exec(rest) ?? [];
  if (staging !== undefined || rest === '-/stage') return await serveStaging(exchange, npm, staging ?? '', query);
  const [, tagged, tag] = /^-\/package\/([^/]+)\/dist-tags\/([^/]+)$/.exec(rest) ?? [];
  if (tagged !== undefined && tag !== undefined && exchange.method === 'PUT')
    return setTag(exchange, npm, decodeSegment(tagged), decodeSegment(tag));
  const [, tarballName, file] = /^((?:@[^/]+\/)?[^/]+)\/-\/([^/]+)$/.exec(rest) ?? [];
  if (tarballName !== undefined && file !== undefined && exchange.method === 'GET')
    return sendTarball(exchange, npm, tarballName, decodeSegment(file));
  const [, ofName, version] = /^((?:@[^/]+%2f)?[^@/][^/]*)\/([^/]+)$/i.exec(rest) ?? [];
  if (ofName !== undefined && version !== undefined && exchange.method === 'GET')
    return sendVersion(exchange, npm, decodeSegment(ofName), decodeSegment(version));
  const name = decodeSegment(rest);
  // A scope's slash is encoded, because it does not separate path segments.
  if (rest.includes('/') || !/^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name))
    throw new Refusal(npmError(404, 'not found'), `no package's address: ${rest}`);
  if (exchange.method === 'GET') return sendPackage(exchange, npm, name);
  if (exchange.method === 'PUT') return publish(exchange, npm, name);
  throw new Refusal(npmError(405, 'method not allowed'), 'method not allowed');
}

function authorize(exchange: Exchange, { options }: NpmContext, access: 'read' | 'write'): void {
  const { authentication = 'basic' } = options;
  const { authorization } = exchange.request.headers;
  const challenge = { 'www-authenticate': authentication === 'bearer' ? 'Bearer' : 'Basic realm="packages"' };
  const refusal = npmError(401, 'Unauthorized: authentication required');
  const refused = { ...refusal, headers: { ...refusal.headers, ...challenge } };
  if (authentication === 'none') {
    if (authorization !== undefined) exchange.violate('credentials for nobody');
    return;
  }
  if (authentication === 'bearer') {
    if (authorization !== `Bearer ${tokens.plainToken}`) throw new Refusal(refused);
    return;
  }
  const identity = authenticateForPackages(authorization);
  if (identity === 'malformed') throw new Refusal(refused, 'malformed Authorization');
  if (identity === 'anonymous' || identity === 'invalid') throw new Refusal(refused);
  if (!identity.scopes.includes(packageScopes[access]))
    throw new Refusal(missingScopes(packageScopes[access], identity.scopes));
}

async function sendPackage(exchange: Exchange, npm: NpmContext, name: string): Promise<void> {
  const found = npm.packages.get(name);
  if (npm.created?.has(name) === false) throw new Refusal(unknownPackage(name));
  if (found === undefined) throw new Refusal(npmError(404, 'Not found'));
  const isShort =
    npm.options.onlyLongForm !== true &&
    exchange.request.headers.accept?.startsWith('application/vnd.npm.install-v1+json') === true;
  await exchange.respond(
    json(200, describePackage(found, npm, isShort), {
      'content-type': isShort ? 'application/vnd.npm.install-v1+json' : 'application/json',
    }),
  );
}

async function sendVersion(exchange: Exchange, npm: NpmContext, name: string, version: string): Promise<void> {
  const found = npm.packages.get(name);
  const published = found?.versions.get(version);
  if (found === undefined || published === undefined) throw new Refusal(npmError(404, `no such version: ${version}`));
  await exchange.respond(json(200, { ...published.manifest, dist: describeDist(found.name, version, published, npm) }));
}

function describePackage(found: NpmPackage, npm: NpmContext, isShort: boolean): unknown {
  const isStale = found.staleReads > 0;
  if (isStale) found.staleReads--;
  const shown = [...found.versions].slice(0, isStale ? -1 : undefined);
  const isTagStale = found.staleTagReads > 0;
  if (isTagStale) found.staleTagReads--;
  const tags = isTagStale ? found.previousTags : found.tags;
  const versions = shown.map(([version, published]) => {
    const { manifest } = published;
    const dist = describeDist(found.name, version, published, npm);
    const { name, dependencies, bin, deprecated } = manifest;
    return [version, isShort ? { name, version, dependencies, bin, deprecated, dist } : { ...manifest, dist }];
  });
  const known = new Set(shown.map(([version]) => version));
  return {
    name: found.name,
    ...(!isShort && { _id: found.name }),
    'dist-tags': Object.fromEntries([...tags].filter(([, version]) => known.has(version))),
    versions: Object.fromEntries(versions) as unknown,
  };
}

function describeDist(
  name: string,
  version: string,
  { manifest }: NpmVersion,
  { options, registryUrl }: NpmContext,
): unknown {
  const { integrity, shasum } = manifest['dist'] as Readonly<Record<string, unknown>>;
  const { digests = 'both' } = options;
  return {
    ...(digests !== 'none' && { shasum }),
    ...(digests === 'both' && { integrity }),
    tarball: tarballAddress(registryUrl(), name, version),
  };
}

async function sendTarball(exchange: Exchange, { packages }: NpmContext, name: string, file: string): Promise<void> {
  const found = packages.get(decodeSegment(name));
  const base = `${(found?.name ?? '').replace(/^@[^/]*\//, '')}-`;
  const version = file.startsWith(base) ? file.slice(base.length).replace(/\.tgz$/, '') : '';
  const tarball = found?.versions.get(version)?.tarball;
  if (tarball === undefined || !tarball.kept) throw new Refusal(npmError(404, 'Not found'));
  await exchange.respond({ status: 200, headers: { 'content-type': 'application/octet-stream' }, body: tarball });
}

async function setTag(exchange: Exchange, { packages }: NpmContext, name: string, tag: string): Promise<void> {
  const chunks: Buffer[] = [];
  await exchange.receive((chunk) => {
    chunks.push(chunk);
  });
  const version: unknown = JSON.parse(Buffer.concat(chunks).toString());
  const found = packages.get(name);
  if (typeof version !== 'string' || found?.versions.has(version) !== true)
    throw new Refusal(npmError(400, 'no such version'), `dist-tag ${tag} of a version that is not there`);
  found.tags.set(tag, version);
  await exchange.respond(json(201, { ok: 'dist-tags updated' }));
}

async function publish(exchange: Exchange, npm: NpmContext, name: string): Promise<void> {
  const { version, tag, published } = await receiveDocument(exchange, npm, name, () => undefined);
  publishVersion(npm, name, version, tag, published);
  await exchange.respond(json(201, { ok: 'created new package', success: true }));
}
