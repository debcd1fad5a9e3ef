/** A strict Maven repository: checks the layout, the order of requests and every checksum, and never replaces a release. */
import { type Answer, Refusal, text } from './answers.ts';
import { checkFields, isBoolean, arrayOf, oneOf, optional } from './check-fields.ts';
import type { Exchange } from './exchange.ts';
import { checkFileName, type MavenPath, parseMavenPath } from './maven-layout.ts';
import { metadataProblem } from './maven-metadata-check.ts';
import { type ChecksumKind, checksumKinds, MavenStore, type StoredFile } from './maven-store.ts';
import { decodeSegment } from './request-path.ts';
import type { Handler } from './sandbox-server.ts';
import { authenticateForPackages, packageScopes, tokens } from './tokens.ts';

export interface MavenOptions {
  /** Default `basic`. */
  readonly authentication?: 'basic' | 'bearer' | 'none' | undefined;
  /** Default true; false: 405. */
  readonly knowsHead?: boolean | undefined;
  /** Status of a successful PUT. Default 201. */
  readonly putStatus?: 200 | 201 | 202 | 204 | undefined;
  /** A successful PUT is answered with a web page, as by Apache's WebDAV. */
  readonly putPage?: boolean | undefined;
  /** Checksum files that are rejected with 400. Default: none. */
  readonly refusedChecksums?: readonly ChecksumKind[] | undefined;
  /** Creates all checksum files itself, and accepts none. Default false. */
  readonly makesChecksums?: boolean | undefined;
}

export interface MavenRepository {
  /** By path below the repository, such as `com/acme/app/1.0/app-1.0.jar`. */
  readonly files: ReadonlyMap<string, StoredFile>;
  /** Stores a file without checks, with checksum files by default. */
  put(path: string, content: Buffer | string, options?: { readonly withChecksums?: boolean }): void;
  /** Deletes a file. */
  remove(path: string): void;
  clear(): void;
}

export interface MavenParts {
  readonly basePath: string;
  readonly repository: MavenRepository;
  readonly serve: Handler;
  close(): void;
}

const fields = {
  authentication: optional(oneOf('basic', 'bearer', 'none')),
  knowsHead: optional(isBoolean),
  putStatus: optional(oneOf(200, 201, 202, 204)),
  putPage: optional(isBoolean),
  refusedChecksums: optional(arrayOf(oneOf(...checksumKinds))),
  makesChecksums: optional(isBoolean),
} satisfies Record<keyof MavenOptions, unknown>;

/** Checks options from JSON. @throws TypeError that names the problem */
export function parseMavenOptions(value: unknown): MavenOptions {
  checkFields('maven', value, fields);
  return value;
}

const basePath = '/repository/';

export function createMavenRepository(options: MavenOptions, discardContent: boolean): MavenParts {
  const behaviour = parseMavenOptions(options);
  const store = new MavenStore(discardContent);
  const put = (path: string, content: Buffer): void => store.put(path, content);
  const putAll = (path: string, content: Buffer): void => {
    put(path, content);
    for (const kind of checksumKinds) put(`${path}.${kind}`, Buffer.from(store.files.get(path)?.checksums[kind] ?? ''));
  };
  return {
    basePath,
    repository: {
      files: store.files,
      put: (path, content, { withChecksums = true } = {}) => (withChecksums ? putAll : put)(path, Buffer.from(content)),
      remove: (path) => {
        store.files.get(path)?.stored.remove();
        store.files.delete(path);
      },
      clear: () => store.clear(),
    },
    serve: async (exchange) => {
      authorize(exchange, behaviour);
      if (!exchange.path.startsWith(basePath)) throw new Refusal(text(404, 'Not found'), 'outside of the repository');
      const segments = exchange.path.slice(basePath.length).split('/').map(decodeSegment);
      if (segments.some((segment) => segment.includes('/')))
        throw new Refusal(text(400, 'bad path'), 'an encoded slash');
      const path = parseMavenPath(segments.join('/'));
      if (exchange.method === 'PUT') return await receive(exchange, path, store, behaviour);
      if (exchange.method === 'HEAD' && behaviour.knowsHead === false)
        throw new Refusal(text(405, 'Method Not Allowed'));
      if (exchange.method !== 'GET' && exchange.method !== 'HEAD')
        throw new Refusal(text(405, 'Method Not Allowed'), 'method not allowed');
      const found = store.files.get(segments.join('/'));
      if (found === undefined) throw new Refusal(text(404, 'Not found'));
      return await exchange.respond({ status: 200, body: found.stored });
    },
    close: () => store.close(),
  };
}

function authorize(exchange: Exchange, { authentication = 'basic' }: MavenOptions): void {
  if (authentication === 'none') return;
  const { authorization } = exchange.request.headers;
  const challenge = (violation?: string): Refusal =>
    new Refusal(
      {
        ...text(401, 'Unauthorized'),
        headers: { 'www-authenticate': `${authentication === 'basic' ? 'Basic' : 'Bearer'} realm="Sandbox packages"` },
      },
      violation,
    );
  if (authentication === 'bearer') {
    if (authorization !== `Bearer ${tokens.plainToken}`) throw challenge();
    return;
  }
  const identity = authenticateForPackages(authorization);
  if (identity === 'malformed') throw challenge('malformed Authorization');
  if (identity === 'invalid' || identity === 'anonymous') throw challenge();
  const scope = exchange.method === 'PUT' ? packageScopes.write : packageScopes.read;
  if (!identity.scopes.includes(scope)) throw new Refusal(text(403, `Forbidden: ${scope} is missing`));
}

function putAnswer({ putStatus: status = 201, putPage }: MavenOptions): Answer {
  if (putPage !== true) return { status };
  const body =
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head><title>201 Created</title></head></html>';
  return { status, headers: { 'content-type': 'text/html; charset=ISO-8859-1' }, body };
}

async function receive(exchange: Exchange, path: MavenPath, store: MavenStore, options: MavenOptions): Promise<void> {
  if (exchange.contentLength === undefined) throw new Refusal(text(411, 'Length Required'), 'no Content-Length');
  const { kind, checksum } = path;
  if (kind === 'file') checkFileName(path);
  if (checksum !== undefined) return await receiveChecksum(exchange, path, checksum, store, options);
  const isRelease = kind === 'file' && path.directory.at(-1)?.endsWith('SNAPSHOT') !== true;
  if (isRelease && store.files.has(path.path))
    throw new Refusal(text(409, `${path.name} exists, and this repository does not allow to update it`));
  const file = await store.receive(exchange);
  if (kind === 'metadata') {
    const problem = metadataProblem((await file.content()).toString(), path, store);
    if (problem !== undefined) throw new Refusal(text(400, problem), `metadata that ${problem}`);
  }
  store.set(path.path, file);
  if (options.makesChecksums === true)
    for (const each of checksumKinds) store.put(`${path.path}.${each}`, Buffer.from(file.checksums[each]));
  await exchange.respond(putAnswer(options));
}

async function receiveChecksum(
  exchange: Exchange,
  { path, name }: MavenPath,
  kind: ChecksumKind,
  store: MavenStore,
  options: MavenOptions,
): Promise<void> {
  if (options.refusedChecksums?.includes(kind) === true || options.makesChecksums === true)
    throw new Refusal(text(400, `${kind} is not for clients to write`));
  const file = store.files.get(path);
  if (file === undefined) throw new Refusal(text(409, 'no such file'), `a checksum of ${name}, which is not there`);
  const checksum = await store.receive(exchange);
  if ((await checksum.content()).toString() !== file.checksums[kind])
    throw new Refusal(text(409, 'checksum mismatch'), `a wrong ${kind} of ${name}`);
  store.set(`${path}.${kind}`, checksum);
  await exchange.respond(putAnswer(options));
}
