/**
 * The part of an Octopus server's REST API that its clients use to publish packages: strict about paths, names and documents.
 *
 * @see https://octopus.com/docs/octopus-rest-api
 */
import { json, Refusal } from './answers.ts';
import { isRecord } from './check-fields.ts';
import type { ContentStore } from './content-store.ts';
import type { Exchange } from './exchange.ts';
import { signatureOf } from './octopus-delta.ts';
import type { OctopusOptions } from './octopus-options.ts';
import { describePackage, keyOf, type OctopusSpace, parseName } from './octopus-packages.ts';
import { octopusError, type OctopusSignIn } from './octopus-sign-in.ts';
import { receivePackage } from './octopus-upload.ts';
import { decodeSegment, splitPath } from './request-path.ts';

export interface OctopusContext {
  readonly options: OctopusOptions;
  readonly spaces: readonly OctopusSpace[];
  readonly signIn: OctopusSignIn;
  readonly contents: ContentStore;
}

export async function serveOctopus(exchange: Exchange, context: OctopusContext): Promise<void> {
  const { pathname, query } = splitPath(exchange.path);
  const { method } = exchange;
  const segments = pathname.slice(1).split('/').map(decodeSegment);
  if (method === 'GET' && pathname === '/.well-known/openid-configuration')
    return await exchange.respond(json(200, { issuer: '/', token_endpoint: '/token/v1' }));
  if (method === 'POST' && pathname === '/token/v1') return await context.signIn.exchange(exchange);
  if (segments[0] !== 'api') throw new Refusal(octopusError(404, 'Not found'), 'outside of the API');
  if (method === 'GET' && pathname === '/api') return await exchange.respond(root());
  if (method === 'GET' && pathname === '/api/spaces') return await sendSpaces(exchange, context, query);
  const isInSpace = /^Spaces-/i.test(segments[1] ?? '');
  const space = isInSpace ? context.spaces.find(({ id }) => id === segments[1]) : context.spaces[0];
  if (space === undefined) throw new Refusal(octopusError(404, 'The resource you requested was not found.'), undefined);
  const [resource, ...rest] = segments.slice(isInSpace ? 2 : 1);
  const path = rest.join('/');
  if (resource === 'packages' && method === 'POST' && path === 'raw')
    return await receivePackage(exchange, space, query, context, undefined);
  const [id = '', version = '', last] = rest;
  if (resource === 'packages' && method === 'POST' && last === 'delta' && rest.length === 3)
    return await receivePackage(exchange, space, query, context, { id, version });
  if (resource === 'packages' && method === 'GET' && last === 'delta-signature' && rest.length === 3)
    return await sendSignature(exchange, space, { id, version }, context);
  if (resource === 'packages' && method === 'GET' && rest.length === 1)
    return await sendPackage(exchange, space, id, context);
  if (resource === 'packages' && method === 'GET' && version === 'raw' && rest.length === 2)
    return await sendContent(exchange, space, id, context);
  if (resource === 'build-information' && method === 'POST' && rest.length === 0)
    return await receiveBuildInformation(exchange, space, query, context);
  throw new Refusal(octopusError(404, 'The resource you requested was not found.'), 'no such resource');
}

/** What Octopus's own clients read first. */
function root(): ReturnType<typeof json> {
  return json(200, {
    Application: 'Octopus Deploy',
    Version: '2026.4.1',
    ApiVersion: '3.0.0',
    Links: { Spaces: '/api/spaces' },
  });
}

async function sendSpaces(
  exchange: Exchange,
  { spaces, signIn }: OctopusContext,
  query: URLSearchParams,
): Promise<void> {
  signIn.require(exchange, 'FeedView');
  const partial = (query.get('partialName') ?? '').toLowerCase();
  const skip = Number(query.get('skip') ?? 0);
  const take = Number(query.get('take') ?? 30);
  const found = spaces.filter(({ name }) => name.toLowerCase().includes(partial));
  await exchange.respond(
    json(200, {
      ItemType: 'Space',
      TotalResults: found.length,
      ItemsPerPage: take,
      NumberOfPages: 1,
      LastPageNumber: 0,
      Items: found.slice(skip, skip + take).map(({ id, name }) => ({
        Id: id,
        Name: name,
        IsDefault: id === 'Spaces-1',
        TaskQueueStopped: false,
        Links: {},
      })),
    }),
  );
}

async function sendPackage(
  exchange: Exchange,
  space: OctopusSpace,
  name: string,
  { signIn, options }: OctopusContext,
): Promise<void> {
  signIn.require(exchange, 'FeedView');
  const found = space.packages.get(name.toLowerCase().replace(/^packages-/, ''));
  if (found === undefined) throw new Refusal(octopusError(404, `The resource '${name}' was not found.`));
  await exchange.respond(json(200, describePackage(space, found, options.hides)));
}

async function sendContent(
  exchange: Exchange,
  space: OctopusSpace,
  name: string,
  { signIn }: OctopusContext,
): Promise<void> {
  signIn.require(exchange, 'FeedView');
  const found = space.packages.get(name.toLowerCase());
  if (found === undefined || !found.content.kept) throw new Refusal(octopusError(404, 'not found'));
  await exchange.respond({ status: 200, headers: { 'content-type': 'application/octet-stream' }, body: found.content });
}

async function sendSignature(
  exchange: Exchange,
  space: OctopusSpace,
  { id, version }: { readonly id: string; readonly version: string },
  { signIn, options }: OctopusContext,
): Promise<void> {
  signIn.require(exchange, 'BuiltInFeedPush');
  const { knowsDeltas = true, rollingChecksum = 'Adler32', chunkBytes = 2048 } = options;
  if (parseName(`${id}.${version}.zip`) === undefined) exchange.violate(`a signature for ${id} ${version}`);
  const base = [...space.packages.values()].findLast(
    (each) => each.id.toLowerCase() === id.toLowerCase() && each.version !== version && each.content.kept,
  );
  if (!knowsDeltas || base === undefined)
    throw new Refusal(octopusError(404, `No earlier version of ${id} is in the built-in feed.`));
  const signature = signatureOf(await base.content.read(), { rollingChecksum, chunkBytes });
  await exchange.respond(json(200, { Signature: signature.toString('base64'), BaseVersion: base.version }));
}

const maxDocumentBytes = 1024 * 1024;
const modes = ['FailIfExists', 'OverwriteExisting', 'IgnoreIfExists'];

async function receiveBuildInformation(
  exchange: Exchange,
  space: OctopusSpace,
  query: URLSearchParams,
  { signIn }: OctopusContext,
): Promise<void> {
  signIn.require(exchange, 'BuildInformationPush');
  const malformed = (reason: string): Refusal => new Refusal(octopusError(400, reason), reason);
  const body = await exchange.receiveAll(maxDocumentBytes, malformed('too large'));
  const document: unknown = JSON.parse(body.toString());
  if (!isRecord(document)) throw malformed('not an object');
  const { PackageId: id, Version: version, OctopusBuildInformation: information, SpaceId: spaceId } = document;
  const mode = query.get('overwriteMode') ?? document['OverwriteMode'] ?? 'FailIfExists';
  if (!modes.some((known) => known === mode)) throw malformed(`overwriteMode ${JSON.stringify(mode)}`);
  if (typeof id !== 'string' || typeof version !== 'string' || parseName(`${id}.${version}.zip`) === undefined)
    throw malformed(`the package ${String(id)} ${String(version)}`);
  if (spaceId !== undefined && spaceId !== space.id) throw malformed(`SpaceId ${JSON.stringify(spaceId)}`);
  checkInformation(information, malformed);
  const key = keyOf(id, version);
  const isThere = space.buildInformation.has(key);
  if (isThere && mode === 'FailIfExists')
    throw new Refusal(octopusError(409, `Build information for ${id} version ${version} already exists.`));
  if (isThere && mode === 'OverwriteExisting') signIn.require(exchange, 'BuildInformationAdminister');
  if (!isThere || mode === 'OverwriteExisting') space.buildInformation.set(key, information);
  await exchange.respond(
    json(isThere ? 200 : 201, {
      Id: `BuildInformation-1`,
      PackageId: id,
      Version: version,
      ...(information as object),
    }),
  );
}

const strings = ['BuildEnvironment', 'BuildNumber', 'BuildUrl', 'Branch', 'VcsType', 'VcsRoot', 'VcsCommitNumber'];

function checkInformation(information: unknown, malformed: (reason: string) => Refusal): void {
  if (!isRecord(information)) throw malformed('no OctopusBuildInformation');
  for (const [name, value] of Object.entries(information)) {
    if (name === 'Commits') continue;
    if (!strings.includes(name) || typeof value !== 'string') throw malformed(`build information with ${name}`);
  }
  const { Commits: commits } = information;
  const isCommit = (each: unknown): boolean =>
    isRecord(each) && Object.keys(each).sort().join() === 'Comment,Id' && typeof each['Id'] === 'string';
  if (!Array.isArray(commits) || !commits.every(isCommit)) throw malformed('build information without commits');
}
