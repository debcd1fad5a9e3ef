/** A strict Maven repository: checks the layout, the order of requests and every checksum, and never replaces a release. */
import { type Answer, type AnswerHeaders, Refusal, text } from './answers.ts';
import { checkFields, isBoolean, arrayOf, oneOf, optional } from './check-fields.ts';
import type { Exchange } from './exchange.ts';
import { checkConditions, type Conditions, conditionKinds, type EtagKind, etagOf } from './maven-conditions.ts';
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
  /** The ETags of files. Default: none. */
  readonly etags?: EtagKind | undefined;
  /** How it treats `If-Match` and `If-None-Match` of a PUT. Default `ignored`. */
  readonly conditions?: Conditions | undefined;
  /** Replaces files of releases and answers 204, as nginx's DAV module does. Default false. */
  readonly replaces?: boolean | undefined;
  /** The status that refuses to replace a file of a release. Default 409. */
  readonly existsStatus?: 400 | 403 | 409 | undefined;
  /** HEAD and GET name the digest, as Artifactory does. Default false. */
  readonly namesDigests?: boolean | undefined;
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
  etags: optional(oneOf('strong', 'weak')),
  conditions: optional(oneOf(...conditionKinds)),
  replaces: optional(isBoolean),
  existsStatus: optional(oneOf(400, 403, 409)),
  namesDigests: optional(isBoolean),
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
      return await exchange.respond({ status: 200, headers: headersOf(found, behaviour), body: found.stored });
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

function headersOf(file: StoredFile, { etags, namesDigests }: MavenOptions): AnswerHeaders {
  return {
    ...(etags !== undefined && { etag: etagOf(file, etags) }),
    ...(namesDigests === true && { 'x-checksum-sha256': file.checksums.sha256 }),
  };
}

function putAnswer({ putStatus: status = 201, putPage, replaces }: MavenOptions, wasThere: boolean): Answer {
  if (replaces === true && wasThere) return { status: 204 };
  if (putPage !== true) return { status };
  const body =
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head><title>201 Created</title></head></html>';
  return { status, headers: { 'content-type': 'text/html; charset=ISO-8859-1' }, body };
}

/** @throws Refusal if the file cannot be stored beside what is there now */
function checkPresent(exchange: Exchange, path: MavenPath, store: MavenStore, options: MavenOptions): void {
  const { kind, checksum, name } = path;
  const own = checksum === undefined ? path.path : `${path.path}.${checksum}`;
  const present = store.files.get(own);
  checkConditions(exchange.request.headers, present, options);
  const isRelease = kind === 'file' && path.directory.at(-1)?.endsWith('SNAPSHOT') !== true;
  const isProtected = isRelease && checksum === undefined && options.replaces !== true;
  if (isProtected && present !== undefined)
    throw new Refusal(
      text(options.existsStatus ?? 409, `${name} exists, and this repository does not allow to update it`),
    );
}

async function receive(exchange: Exchange, path: MavenPath, store: MavenStore, options: MavenOptions): Promise<void> {
  if (exchange.contentLength === undefined) throw new Refusal(text(411, 'Length Required'), 'no Content-Length');
  const { kind, checksum } = path;
  if (kind === 'file') checkFileName(path);
  checkPresent(exchange, path, store, options);
  if (checksum !== undefined) return await receiveChecksum(exchange, path, checksum, store, options);
  const file = await store.receive(exchange);
  if (kind === 'metadata') {
    const problem = metadataProblem((await file.content()).toString(), path, store);
    if (problem !== undefined) throw new Refusal(text(400, problem), `metadata that ${problem}`);
  }
  // Another one may have been stored while this one arrived.
  checkPresent(exchange, path, store, options);
  const wasThere = store.files.has(path.path);
  store.set(path.path, file);
  if (options.makesChecksums === true)
    for (const each of checksumKinds) store.put(`${path.path}.${each}`, Buffer.from(file.checksums[each]));
  await exchange.respond(putAnswer(options, wasThere));
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
  // A client may be late with the checksum of what another one has replaced since.
  if (!store.everHad(path, (await checksum.content()).toString()))
    throw new Refusal(text(409, 'checksum mismatch'), `a wrong ${kind} of ${name}`);
  const wasThere = store.files.has(`${path}.${kind}`);
  store.set(`${path}.${kind}`, checksum);
  await exchange.respond(putAnswer(options, wasThere));
}
