/** Receives a package: whole or as a delta, as the one file of a form. */
import { createHash } from 'node:crypto';
import { json, Refusal } from './answers.ts';
import type { ContentWriter, StoredContent } from './content-store.ts';
import type { Exchange } from './exchange.ts';
import { multipartBoundary, MultipartError, MultipartParser } from './multipart-parser.ts';
import { applyDelta, DeltaError } from './octopus-delta.ts';
import {
  describePackage,
  keyOf,
  type OctopusSpace,
  type PackageName,
  parseName,
  storedPackage,
} from './octopus-packages.ts';
import type { OctopusContext } from './octopus-server.ts';
import { octopusError } from './octopus-sign-in.ts';

interface Received {
  readonly name: PackageName;
  readonly content: StoredContent;
  readonly sha1: string;
}

/** @param base the package that the file is a delta to; undefined if it is a package */
export async function receivePackage(
  exchange: Exchange,
  space: OctopusSpace,
  query: URLSearchParams,
  context: OctopusContext,
  base: { readonly id: string; readonly version: string } | undefined,
): Promise<void> {
  const { options, signIn, contents } = context;
  signIn.require(exchange, 'BuiltInFeedPush');
  const mode = query.get('overwriteMode') ?? 'FailIfExists';
  if (!['FailIfExists', 'OverwriteExisting', 'IgnoreIfExists'].includes(mode))
    throw new Refusal(octopusError(400, `overwriteMode ${mode}`), `overwriteMode ${mode}`);
  const received = await receiveFile(exchange, context);
  const { name } = received;
  const key = keyOf(name.id, name.version);
  const present = space.packages.get(key);
  if (base !== undefined && options.deltaStatus !== undefined)
    throw new Refusal(octopusError(options.deltaStatus, 'The delta could not be applied.'));
  if (present !== undefined && mode === 'FailIfExists')
    throw new Refusal(
      octopusError(
        409,
        `The package ${name.id}.${name.version} already exists. To replace it, use the overwrite mode.`,
      ),
    );
  const describe = (it = present): unknown => (it === undefined ? {} : describePackage(space, it, options.hides));
  if (present !== undefined && mode === 'IgnoreIfExists') return await exchange.respond(json(200, describe()));
  if (present !== undefined) signIn.require(exchange, 'BuiltInFeedAdminister');
  let { content } = received;
  const receivedBytes = content.size;
  if (base !== undefined) content = await patched(space, base, content, contents.keep.bind(contents));
  const { storageLimitBytes: limit = Infinity } = options;
  if (content.size > limit) content = contents.keep((await content.read()).subarray(0, limit));
  const stored = await storedPackage(name, content, receivedBytes, received.sha1);
  space.packages.delete(key);
  space.packages.set(key, { ...stored, replaces: present !== undefined });
  await exchange.respond(json(201, describe(stored)));
}

async function patched(
  space: OctopusSpace,
  { id, version }: { readonly id: string; readonly version: string },
  delta: StoredContent,
  keep: (content: Buffer) => StoredContent,
): Promise<StoredContent> {
  const base = space.packages.get(keyOf(id, version));
  if (base === undefined) throw new Refusal(octopusError(404, `no ${id} ${version}`), 'a delta to what is not there');
  try {
    return keep(applyDelta(await base.content.read(), await delta.read()));
  } catch (error) {
    if (error instanceof DeltaError)
      throw new Refusal(octopusError(400, error.message), base.replaces === true ? undefined : error.message);
    throw error;
  }
}

async function receiveFile(exchange: Exchange, { contents }: OctopusContext): Promise<Received> {
  const malformed = (reason: string, violation = reason): Refusal => new Refusal(octopusError(400, reason), violation);
  const hash = createHash('sha1');
  let writer: ContentWriter | undefined;
  let name: PackageName | undefined;
  try {
    const boundary = multipartBoundary(exchange.request.headers['content-type']);
    if (boundary === undefined) throw malformed('no form');
    const parser = new MultipartParser(boundary, {
      onPart: ({ filename }) => {
        if (filename === undefined || writer !== undefined) throw malformed('not exactly one file');
        name = parseName(filename);
        if (name === undefined) throw malformed(`The file name ${filename} is not that of a package`);
        exchange.takeFault(filename);
        writer = contents.writer(exchange.storesCorruptly);
      },
      onData: (chunk) => {
        hash.update(chunk);
        writer?.write(chunk);
      },
      onPartEnd: () => undefined,
    });
    await exchange.receive((chunk) => {
      parser.write(chunk);
      return writer?.pending;
    });
    parser.end();
    if (writer === undefined || name === undefined) throw malformed('no file');
    if (writer.size === 0) throw malformed('A package must not be empty');
    return { name, content: await writer.finish(), sha1: hash.digest('hex') };
  } catch (error) {
    await writer?.discard();
    throw error instanceof MultipartError ? malformed(error.message) : error;
  }
}
