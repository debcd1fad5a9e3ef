/**
 * A container registry as documented by Bitbucket: OCI distribution-spec 1.1 without deletion and tag lists,
 * for packages that already exist. Its second server, `blobs`, receives uploads and serves blobs for the URLs issued.
 */
import { json, Refusal, type Answer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { registryError, registryStandardAnswer } from './registry-answers.ts';
import { authorize, challenge, type Grant, type Wanted } from './registry-authorization.ts';
import type { RegistryContext } from './registry-context.ts';
import { putManifest, readManifest } from './registry-manifests.ts';
import type { KeptRepository } from './registry-store.ts';
import { checkDigest, continueUpload, startUpload } from './registry-upload.ts';
import { decodeSegment, splitPath } from './request-path.ts';

interface Route {
  readonly name: string;
  readonly kind: 'upload-start' | 'upload' | 'blob' | 'manifest' | 'tags' | 'referrers';
  /** The last segment. */
  readonly reference: string;
}

const methods: Readonly<Record<Route['kind'], readonly string[]>> = {
  'upload-start': ['POST'],
  upload: ['PATCH', 'PUT', 'GET'],
  blob: ['HEAD', 'GET'],
  manifest: ['HEAD', 'GET', 'PUT'],
  tags: [],
  referrers: [],
};

export async function serveRegistry(exchange: Exchange, registry: RegistryContext): Promise<void> {
  const { pathname } = splitPath(exchange.path);
  if (pathname === '/v2/' || pathname === '/v2') return ping(exchange, registry);
  const { name, kind, reference } = parseRoute(pathname);
  const { method } = exchange;
  checkName(name, registry.behaviour.nestedNames);
  const isRead = method === 'HEAD' || method === 'GET';
  const wanted: Wanted = { name, actions: isRead ? ['pull'] : ['pull', 'push'] };
  const grant = await admit(exchange, registry, wanted);
  if (kind === 'tags' || kind === 'referrers') throw new Refusal(registryStandardAnswer(kind === 'tags' ? 405 : 404));
  if (!methods[kind].includes(method)) {
    const answer = registryStandardAnswer(405);
    const headers = { ...answer.headers, allow: methods[kind].join(', ') };
    // A client may try to cancel an upload.
    const isCancel = method === 'DELETE' && kind === 'upload';
    throw new Refusal({ ...answer, headers }, isCancel ? undefined : 'method not allowed');
  }
  const repository = findRepository(registry, name, kind === 'upload-start');
  switch (kind) {
    case 'upload-start':
      return startUpload(exchange, registry, repository, grant);
    case 'upload':
      return continueUpload(exchange, registry, name);
    case 'blob':
      return readBlob(exchange, registry, repository, reference);
    case 'manifest':
      return method === 'PUT'
        ? putManifest(exchange, registry, repository, reference)
        : readManifest(exchange, registry, repository, reference);
  }
}

/** Serves any client with the URL, and rejects credentials. */
export async function serveBlobs(exchange: Exchange, registry: RegistryContext): Promise<void> {
  const { pathname, query } = splitPath(exchange.path);
  const { authorization, cookie } = exchange.request.headers;
  if (authorization !== undefined) throw new Refusal(registryStandardAnswer(400), 'credentials for another origin');
  if (cookie !== undefined) throw new Refusal(registryStandardAnswer(400), 'cookies of another origin');
  const { name, kind, reference } = parseRoute(pathname);
  exchange.takeFaultOnceAuthorized();
  if (kind === 'upload' && methods.upload.includes(exchange.method)) return continueUpload(exchange, registry, name);
  if (kind !== 'blob' || exchange.method !== 'GET') throw noSuchResource();
  if (!registry.urls.verify(pathname, query)) throw new Refusal(registryStandardAnswer(403), 'a wrong signature');
  const blob = registry.store.repositories.get(name)?.blobs.get(reference);
  if (blob === undefined || !blob.stored.kept) throw new Refusal(registryStandardAnswer(404));
  return exchange.respond({
    status: 200,
    headers: { 'content-type': 'application/octet-stream' },
    body: blob.stored,
  });
}

async function ping(exchange: Exchange, registry: RegistryContext): Promise<void> {
  await admit(exchange, registry, undefined);
  if (!['GET', 'HEAD'].includes(exchange.method)) throw new Refusal(registryStandardAnswer(405), 'method not allowed');
  await exchange.respond(json(200, {}, { 'docker-distribution-api-version': 'registry/2.0' }));
}

/** Authorizes the request, and then takes the faults for authorized requests. */
async function admit(exchange: Exchange, registry: RegistryContext, wanted: Wanted | undefined): Promise<Grant> {
  const grant = authorize(exchange, registry, wanted);
  exchange.takeFaultOnceAuthorized();
  const expiry = exchange.fault('expire-token');
  if (expiry === undefined) return grant;
  registry.tokens.expireAll();
  if (expiry.when === 'late') await exchange.drain();
  throw challenge(registry, wanted, { error: 'invalid_token' });
}

async function readBlob(
  exchange: Exchange,
  registry: RegistryContext,
  repository: KeptRepository,
  digest: string,
): Promise<void> {
  checkDigest(digest);
  const blob = repository.blobs.get(digest);
  if (blob === undefined) {
    throw new Refusal(registryError(404, 'BLOB_UNKNOWN', 'blob unknown to registry', { digest }));
  }
  if (exchange.method === 'GET' && registry.behaviour.blobRedirects) {
    const location = registry.origins().blobs + registry.urls.sign(`/v2/${repository.name}/blobs/${digest}`);
    return exchange.respond({ status: 307, headers: { location } });
  }
  if (exchange.method === 'GET' && !blob.stored.kept) throw new Refusal(registryStandardAnswer(404));
  const answer: Answer = {
    status: 200,
    headers: { 'content-type': 'application/octet-stream', 'docker-content-digest': digest },
    body: blob.stored,
  };
  return exchange.respond(answer);
}

/** The longest name matches, since `blobs` may be one of its segments. */
function parseRoute(pathname: string): Route {
  const [, name, collection, encoded = ''] =
    /^\/v2\/(.+)\/(blobs|manifests|tags|referrers)\/(.*)$/.exec(pathname) ?? [];
  if (name === undefined) throw noSuchResource();
  const reference = decodeSegment(encoded);
  if (collection === 'blobs' && encoded === 'uploads/') return { name, kind: 'upload-start', reference };
  if (collection === 'blobs' && /^uploads\/[^/]+$/.test(encoded)) return { name, kind: 'upload', reference };
  if (encoded === '' || (encoded.includes('/') && collection !== 'tags')) throw noSuchResource();
  if (collection === 'blobs') return { name, kind: 'blob', reference };
  return {
    name,
    kind: collection === 'manifests' ? 'manifest' : collection === 'tags' ? 'tags' : 'referrers',
    reference,
  };
}

const segment = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

function checkName(name: string, isNestedAllowed: boolean): void {
  const segments = name.split('/');
  const fine = segments.every((part) => segment.test(part)) && name.length <= 255;
  if (!fine) throw new Refusal(registryError(400, 'NAME_INVALID', 'invalid repository name', { name }), `name ${name}`);
  if (segments.length !== 2 && !isNestedAllowed) {
    throw new Refusal(registryError(400, 'NAME_INVALID', 'the name must be <workspace>/<image>', { name }));
  }
}

function findRepository({ store, behaviour }: RegistryContext, name: string, isPush: boolean): KeptRepository {
  const repository = store.repositories.get(name);
  if (repository !== undefined) return repository;
  if (isPush && behaviour.createsPackages) return store.create(name);
  const message = `The package ${name.replace(/^[^/]*\//, '')} does not exist in this workspace`;
  throw new Refusal(registryError(404, 'NAME_UNKNOWN', message, { name }));
}

function noSuchResource(): Refusal {
  return new Refusal(registryStandardAnswer(404), 'no such resource');
}
