/** Receives the document that publishes or stages a version, and checks it. */
import { createHash } from 'node:crypto';
import { Refusal } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { npmError, unknownPackage } from './npm-answers.ts';
import { checkDocument } from './npm-document-check.ts';
import { NpmDocumentReader } from './npm-document-reader.ts';
import { digestsOf, type NpmContext, type NpmVersion } from './npm-store.ts';

const defaultMaxDocumentBytes = 200_000_000;

export interface ReceivedVersion {
  readonly version: string;
  readonly tag: string;
  readonly published: NpmVersion;
}

/** @param conflict the reason why a version cannot be stored, besides that it is published @throws Refusal */
export async function receiveDocument(
  exchange: Exchange,
  npm: NpmContext,
  name: string,
  conflict: (version: string) => string | undefined,
): Promise<ReceivedVersion> {
  const { options, contents, registryUrl } = npm;
  const { 'content-type': contentType = '', host = '' } = exchange.request.headers;
  if (contentType !== 'application/json') throw new Refusal(npmError(415, 'not JSON'), `Content-Type ${contentType}`);
  const length = exchange.contentLength;
  if (length === undefined) throw new Refusal(npmError(411, 'Length Required'), 'no Content-Length');
  if (length > (options.maxDocumentBytes ?? defaultMaxDocumentBytes))
    throw new Refusal(npmError(413, 'request entity too large'));
  if (options.scope !== undefined && !name.startsWith(`${options.scope}/`))
    throw new Refusal(npmError(403, `The scope of ${name} does not match this workspace: ${options.scope}`));
  if (npm.created?.has(name) === false) throw new Refusal(unknownPackage(name));
  const hashes = { sha512: createHash('sha512'), sha1: createHash('sha1') };
  const writer = contents.writer(exchange.storesCorruptly);
  let size = 0;
  const reader = new NpmDocumentReader((decoded) => {
    size += decoded.length;
    for (const hash of Object.values(hashes)) hash.update(decoded);
    writer.write(decoded);
    return writer.pending;
  });
  try {
    await exchange.receive((chunk) => reader.read(chunk));
    const document = reader.finish();
    const received = {
      size,
      integrity: `sha512-${hashes.sha512.digest('base64')}`,
      shasum: hashes.sha1.digest('hex'),
    };
    // By the host name of the request, which a proxy or a gateway may map to this server.
    const asked = `http://${host}${new URL(registryUrl()).pathname}`;
    const checked = checkDocument(document, name, received, asked);
    if (typeof checked === 'string') throw new Refusal(npmError(400, checked), checked);
    const { version, tag, manifest } = checked;
    const isPublished = npm.packages.get(name)?.versions.has(version) === true;
    const message = isPublished
      ? `You cannot publish over the previously published versions: ${version}.`
      : conflict(version);
    if (message !== undefined) throw new Refusal(npmError(options.conflictStatus ?? 403, message));
    const tarball = await writer.finish();
    const dist = exchange.storesCorruptly ? digestsOf(Buffer.from('something else')) : received;
    const stored = {
      ...manifest,
      dist: { ...(manifest['dist'] as object), integrity: dist.integrity, shasum: dist.shasum },
    };
    return { version, tag, published: { manifest: stored, tarball, document } };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
